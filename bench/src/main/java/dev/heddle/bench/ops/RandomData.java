package dev.heddle.bench.ops;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Quantizer;
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
public final class RandomData implements AutoCloseable {
  /**
   * Primes, so that no two rows of a tensor are alike: elements, and blocks of a quantised type.
   */
  private static final int DRAWN = 1_048_573;

  private static final int DRAWN_BLOCKS = 16_381;

  private final Map<DType, HostTensor> drawn = new EnumMap<>(DType.class);
  private SplittableRandom random;

  /** Data that are the same in every process. */
  public RandomData() {
    restart();
  }

  /** What is drawn from here on is what a new one gives. */
  public void restart() {
    random = new SplittableRandom(7);
  }

  /** A tensor in native memory, which the caller closes. */
  public HostTensor normal(DType dtype, long... extents) {
    MemorySegment pool = drawn.computeIfAbsent(dtype, RandomData::draw).memory();
    HostTensor tensor = HostTensor.allocate(dtype, Shape.of(extents));
    long block = dtype.blockBytes();
    long at = random.nextLong(pool.byteSize() / block) * block;
    for (long done = 0; done < tensor.bytes(); ) {
      long bytes = Math.min(pool.byteSize() - at, tensor.bytes() - done);
      MemorySegment.copy(pool, at, tensor.memory(), done, bytes);
      done += bytes;
      at = 0;
    }
    return tensor;
  }

  private static HostTensor draw(DType dtype) {
    SplittableRandom random = new SplittableRandom(dtype.ordinal());
    if (!dtype.isQuantized()) {
      HostTensor pool = HostTensor.allocate(dtype, Shape.of(DRAWN));
      for (int i = 0; i < DRAWN; i++) {
        pool.setDouble(i, random.nextGaussian());
      }
      return pool;
    }
    float[] numbers = new float[DRAWN_BLOCKS * dtype.blockElements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    HostTensor pool = HostTensor.allocate(dtype, Shape.of(numbers.length));
    new Quantizer(dtype).quantize(numbers, 0, numbers.length, pool.memory(), 0);
    return pool;
  }

  /** The numbers from 0 to {@code count - 1} in any order. */
  public int[] permutation(int count) {
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
