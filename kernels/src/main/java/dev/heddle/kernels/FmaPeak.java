package dev.heddle.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A device's ceiling in float32: {@value #MULTIPLY_ADDS} multiply-adds that stay in registers, as
 * many as the product of two matrices of 1024 x 1024 takes.
 */
public final class FmaPeak implements AutoCloseable {
  /** Multiply-adds of a run. */
  public static final long MULTIPLY_ADDS = 1L << 30;

  private static final int RUNS = 8;
  private static final float FACTOR = 0.5f;
  private static final float TERM = 1;

  private final DeviceKernel kernel;
  private final KernelQueue queue;
  private final DeviceMemory result;
  private final Arguments arguments = new Arguments();
  private final int items;
  private final int lanes;
  private final int chains;
  private final long groups;

  FmaPeak(KernelDevice device) {
    DeviceLimits limits = device.limits();
    boolean cpu = limits.cpu();
    items = cpu ? 1 : 256;
    // A CPU's chains must outnumber the multiply-adds that are under way; a GPU has other items.
    lanes = cpu ? Math.clamp(Integer.highestOneBit(limits.vectorFloats()), 4, 8) : 4;
    chains = cpu ? 16 : 4;
    groups = cpu ? 64 : 1024;
    kernel =
        device.compile(
            new KernelSource("peak.cl", "peak", List.of("VEC_LANES " + lanes, "CHAINS " + chains)));
    queue = device.openQueue();
    result = device.allocate(groups * items * Float.BYTES, "the ceiling's sums");
  }

  /** Computes them once, and waits. */
  public void run() {
    long steps = MULTIPLY_ADDS / (groups * items * lanes * chains);
    arguments.clear().tensor(result, 0).put(steps).put(FACTOR).put(TERM);
    queue.launch(kernel, arguments, Extent.of(groups), Extent.of(items));
    queue.finish();
  }

  /**
   * Floating-point operations a second, the best of several runs.
   *
   * @throws IllegalStateException if the device computes something else
   */
  public double flops() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < RUNS; i++) {
      long begin = System.nanoTime();
      run();
      least = Math.min(least, System.nanoTime() - begin);
    }
    check();
    return 2.0 * MULTIPLY_ADDS / (least * 1e-9);
  }

  /** All chains end where x = x / 2 + 1 does. */
  private void check() {
    float[] sums = new float[Math.toIntExact(result.bytes() / Float.BYTES)];
    MemorySegment segment = MemorySegment.ofArray(new byte[Math.toIntExact(result.bytes())]);
    queue.read(result, 0, segment);
    MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, sums, 0, sums.length);
    for (float sum : sums) {
      if (sum != chains * TERM / (1 - FACTOR)) {
        throw new IllegalStateException("the device sums to " + sum);
      }
    }
  }

  @Override
  public void close() {
    queue.close();
    result.close();
    kernel.close();
  }
}
