package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Quantizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights in blocks: laid out in panels they are what they were, to the bit. */
class BlockKernelsTest {
  private static final int K = 1280;
  private static final Kernels[] ALL = {Kernels.withVectors(), Kernels.scalar()};

  static List<DType> types() {
    return DType.quantized();
  }

  /** A matrix, as a file has it and in panels. */
  private static final class Weights {
    final float[] values;
    final BlockLayout layout;
    final long panels;

    Weights(Native memory, DType type, int rows, int width) {
      float[] x = Native.random(5, rows * K);
      int bytes = (int) type.bytes(x.length);
      long file = memory.floats((bytes + 3) / 4);
      new Quantizer(type).quantize(x, 0, x.length, Memory.ALL, file);
      values = new float[x.length];
      new Blocks(type).dequantize(Memory.ALL, file, x.length, MemorySegment.ofArray(values), 0);
      layout = BlockLayout.of(type, K, width);
      panels = memory.floats((int) (BlockPacking.bytes(layout, rows) / 4));
      try (NativePool pieces = new NativePool(0);
          WorkerPool pool = new WorkerPool(2, pieces)) {
        BlockPacking.pack(layout, file, rows, panels, pool);
      }
    }
  }

  private static float[] read(long address, int count) {
    float[] values = new float[count];
    MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, address, values, 0, count);
    return values;
  }

  @ParameterizedTest
  @MethodSource("types")
  void panelsDecodeToWhatTheFileHolds(DType type) {
    for (Kernels kernels : ALL) {
      int width = kernels.matMul().width();
      int rows = width + 3;
      try (Native memory = new Native()) {
        Weights weights = new Weights(memory, type, rows, width);
        long scratch = memory.floats(BlockKernels.SCRATCH_ROWS * width);
        long out = memory.floats(K * width);
        for (int panel = 0; panel < 2; panel++) {
          long from = weights.panels + panel * weights.layout.panelBytes();
          // In two parts, of which the second begins within a large block.
          int first = 13;
          kernels.blocks().decode(weights.layout, from, 0, first, out, scratch);
          long rest = out + first * BlockLayout.CHUNK * weights.layout.rowBytes();
          int chunks = K / BlockLayout.CHUNK - first;
          kernels.blocks().decode(weights.layout, from, first, chunks, rest, scratch);
          float[] decoded = read(out, K * width);
          for (int column = 0; column < width && panel * width + column < rows; column++) {
            for (int k = 0; k < K; k++) {
              float expected = weights.values[(panel * width + column) * K + k];
              assertEquals(expected, decoded[k * width + column], type + " " + kernels.name());
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void aRowByItselfGivesWhatItGivesAmongOthers(DType type) {
    Kernels kernels = Kernels.withVectors();
    int width = kernels.matMul().width();
    try (Native memory = new Native()) {
      Weights weights = new Weights(memory, type, width, width);
      if (!kernels.blocks().multiplies(weights.layout)) {
        return;
      }
      int count = MatMulTask.K_BLOCK;
      int chunks = count / BlockLayout.CHUNK;
      long a = memory.of(Native.random(9, count));
      long scratch = memory.floats(BlockKernels.SCRATCH_ROWS * width);
      long decoded = memory.floats(count * width);
      long expected = memory.floats(width);
      long actual = memory.floats(width);
      kernels.blocks().decode(weights.layout, weights.panels, 3, chunks, decoded, scratch);
      kernels.matMul().multiply(1, a, 0, decoded, expected, count);
      kernels.blocks().multiply(weights.layout, weights.panels, 3, chunks, a, actual, scratch);
      assertArrayEquals(read(expected, width), read(actual, width));
    }
  }

  @Test
  void numbersAreRoundedToMultiplesOfTheGreatest() {
    for (Kernels kernels : ALL) {
      try (Native memory = new Native()) {
        float[] x = new float[64];
        for (int i = 0; i < 32; i++) {
          x[i] = i - 127 + 0.25f * (i % 3);
        }
        long address = memory.of(x);
        kernels.blocks().round(address, 64);
        float[] y = read(address, 64);
        for (int i = 0; i < 32; i++) {
          assertEquals(x[i], y[i], 0.5001f);
          assertEquals(Math.rint(y[i]), y[i], 1e-4f);
        }
        assertArrayEquals(new float[32], Arrays.copyOfRange(y, 32, 64));
      }
    }
  }

  @Test
  @Tag("allocation")
  void compiledKernelsAllocateNothing() {
    BlockKernels kernels = Kernels.withVectors().blocks();
    int width = Kernels.withVectors().matMul().width();
    try (Native memory = new Native()) {
      long a = memory.of(Native.random(9, MatMulTask.K_BLOCK));
      long scratch = memory.floats(BlockKernels.SCRATCH_ROWS * width);
      long out = memory.floats(MatMulTask.K_BLOCK * width);
      for (DType type : new DType[] {DType.Q4_1, DType.Q8_0, DType.Q6_K, DType.IQ4_NL}) {
        Weights weights = new Weights(memory, type, width, width);
        BlockLayout layout = weights.layout;
        KernelAllocationTest.assertAllocatesNothingOnceWarm(
            "blocks of " + type,
            () -> {
              kernels.decode(layout, weights.panels, 0, 12, out, scratch);
              kernels.round(a, MatMulTask.K_BLOCK);
              if (kernels.multiplies(layout)) {
                kernels.multiply(layout, weights.panels, 0, 12, a, out, scratch);
              }
            });
      }
    }
  }
}
