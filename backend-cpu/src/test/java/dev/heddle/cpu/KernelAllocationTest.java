package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.op.Binary;
import dev.heddle.op.Unary;
import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Compiled kernels allocate nothing. Each would with a vector that is left on the heap, which makes
 * it many times slower and breaks no other test.
 */
@Tag("allocation")
class KernelAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** How long the compiler may take, on a machine that does other things too. */
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private static final int CALLS = 500;

  private static final Unary.Kind[] UNARY =
      EnumSet.range(Unary.Kind.IDENTITY, Unary.Kind.SOFTPLUS).toArray(Unary.Kind[]::new);

  private static final Binary.Kind[] BINARY =
      EnumSet.range(Binary.Kind.ADD, Binary.Kind.MAX).toArray(Binary.Kind[]::new);

  static void assertAllocatesNothingOnceWarm(String what, Runnable kernel) {
    long start = System.nanoTime();
    long each = Long.MAX_VALUE;
    while (each > 0 && System.nanoTime() - start < PATIENCE_NANOS) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < CALLS; i++) {
        kernel.run();
      }
      each = (THREADS.getCurrentThreadAllocatedBytes() - before) / CALLS;
    }
    assertEquals(0, each, what + " allocates so many bytes a call");
  }

  @Test
  void rowKernels() {
    int columns = 77;
    SoftmaxKernels softmax = new VectorSoftmax();
    NormKernels norm = new VectorNorm();
    QuantizeKernels quantize = new VectorQuantize();
    try (Native memory = new Native()) {
      long x = memory.of(Native.random(1, 4 * columns));
      long y = memory.floats(4 * columns);
      assertAllocatesNothingOnceWarm(
          "softmax",
          () -> {
            softmax.rows(x, y, columns, 0, 4, false);
            softmax.rows(x, y, columns, 0, 4, true);
            softmax.columns(x, y, 4, columns, 0, softmax.groups(columns), false);
          });
      assertAllocatesNothingOnceWarm(
          "quantisation",
          () -> {
            float low = quantize.low(x, 4 * columns);
            float high = quantize.high(x, 4 * columns);
            quantize.codes(x, y, 4 * columns, (high - low) / 255, 128, 1);
          });
      assertAllocatesNothingOnceWarm(
          "rotation",
          () -> {
            VectorRotary.turn(true, x, y, x, x, columns);
            VectorRotary.turn(false, x, y, x, x, columns);
          });
      assertAllocatesNothingOnceWarm(
          "norms",
          () -> {
            norm.layerNorm(x, x, x, x, y, 0, columns, 1e-5, 0, 4);
            norm.layerNorm(x, 0, x, 0, y, 0, columns, 1e-5, 0, 4);
            norm.rmsNorm(x, 0, x, y, 0, columns, 1e-5, 0, 4);
          });
    }
  }

  /** All together, for what is inlined with one function may spoil another. */
  @Test
  void elementKernels() {
    int count = 77;
    ElementKernels kernels = new VectorElements();
    try (Native memory = new Native()) {
      long x = memory.of(Native.random(1, count));
      long y = memory.floats(count);
      long scratch = memory.floats(ElementKernels.SCRATCH / Float.BYTES);
      assertAllocatesNothingOnceWarm(
          "unary functions",
          () -> {
            for (Unary.Kind kind : UNARY) {
              kernels.unary(kind, x, y, count, scratch);
            }
          });
      assertAllocatesNothingOnceWarm(
          "casts",
          () -> {
            kernels.narrowToBfloats(x, y, count);
            kernels.widenBfloats(x, y, count / 2);
          });
      assertAllocatesNothingOnceWarm(
          "binary functions",
          () -> {
            for (Binary.Kind kind : BINARY) {
              kernels.binary(kind, x, 1, x, 0, y, count, scratch);
            }
          });
    }
  }

  @Test
  void attention() {
    Attention plain = AttentionCase.op(2, 2, Layout.TOKENS, Causal.NONE, 0, 0, Map.NONE);
    Attention full = AttentionCase.op(2, 1, Layout.TOKENS, Causal.TOP_LEFT, 9, 2, Map.WEIGHTS);
    int length = Vectors.LANES + 3;
    try (Native memory = new Native();
        NativePool pool = new NativePool(0)) {
      long y = memory.floats(length * 2 * 37);
      long map = memory.floats(length * 2 * length);
      AttentionTask first =
          AttentionCase.dense(plain, 32, 37, 1, length, length).task(memory, y, map, length);
      AttentionTask second =
          AttentionCase.dense(full, 32, 37, 1, length, length)
              .alibi()
              .relative(5)
              .floatMask(length, length)
              .task(memory, y, map, length);
      Scratch scratch = new Scratch(pool);
      assertAllocatesNothingOnceWarm(
          "attention",
          () -> {
            first.pieces(1);
            first.run(0, scratch);
            second.pieces(1);
            second.run(0, scratch);
          });
      scratch.release();
    }
  }
}
