package dev.heddle.bench.gpu;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Tensors of normally distributed numbers, as {@code torch.randn} makes them: what a chip draws,
 * and so its clocks, depends on the data. Drawn once for a type and repeated, from another place in
 * each tensor: gigabytes take no longer than their copy.
 */
final class RandomData implements AutoCloseable {
  /** A prime, so that no two rows of a tensor are alike. */
  private static final int DRAWN = 1_048_573;

  private final SplittableRandom random = new SplittableRandom(7);
  private final Map<DType, HostTensor> drawn = new EnumMap<>(DType.class);

  /** A tensor in native memory, which the caller closes. */
  HostTensor normal(DType dtype, long... extents) {
    MemorySegment pool = drawn.computeIfAbsent(dtype, this::draw).memory();
    HostTensor tensor = HostTensor.allocate(dtype, Shape.of(extents));
    long at = random.nextLong(DRAWN) * dtype.bytes();
    for (long done = 0; done < tensor.bytes(); ) {
      long bytes = Math.min(pool.byteSize() - at, tensor.bytes() - done);
      MemorySegment.copy(pool, at, tensor.memory(), done, bytes);
      done += bytes;
      at = 0;
    }
    return tensor;
  }

  private HostTensor draw(DType dtype) {
    HostTensor pool = HostTensor.allocate(dtype, Shape.of(DRAWN));
    for (int i = 0; i < DRAWN; i++) {
      pool.setDouble(i, random.nextGaussian());
    }
    return pool;
  }

  /** The numbers from 0 to {@code count - 1} in any order. */
  int[] permutation(int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  @Override
  public void close() {
    drawn.values().forEach(HostTensor::close);
  }
}
