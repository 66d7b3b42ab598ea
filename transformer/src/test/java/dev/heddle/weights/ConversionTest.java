package dev.heddle.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Quantizer;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights from one file format into another, of an architecture that nobody knows. */
class ConversionTest {
  private static final Shape WIDE = Shape.of(5, 512);
  private static final Shape ODD = Shape.of(3, 96);
  private static final Shape TINY = Shape.of(4, 30);

  @TempDir private Path folder;
  private final float[] wide = normal(5 * 512, 1);
  private final float[] odd = normal(3 * 96, 2);
  private final float[] tiny = normal(4 * 30, 3);
  private final float[] norm = normal(512, 4);
  private Path floats;

  private static float[] normal(int count, int seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  @BeforeEach
  void write() {
    floats = folder.resolve("floats.safetensors");
    SafetensorsWriter.write(
        floats,
        List.of(
            TensorSource.of("blk.0.wide", HostTensor.of(wide, 5, 512)),
            TensorSource.of("blk.0.odd", HostTensor.of(odd, 3, 96)),
            TensorSource.of("blk.0.tiny", HostTensor.of(tiny, 4, 30)),
            TensorSource.of("blk.0.norm", HostTensor.of(norm, 512)),
            TensorSource.of("blk.0.ids", HostTensor.of(new int[] {7, -7, 1 << 30}, 3))),
        Map.of("made by", "nobody"));
  }

  private Path quantised(Quantization quantization) {
    Path to = folder.resolve(quantization + ".gguf");
    try (WeightFile file = WeightFile.open(floats)) {
      Conversion.toGguf(file, to, quantization);
    }
    return to;
  }

  /** What {@code values} are when they have gone through {@code type}. */
  private static HostTensor stored(DType type, Shape shape, float[] values) {
    HostTensor tensor = HostTensor.heap(type, shape);
    if (type.isQuantized()) {
      new Quantizer(type).quantize(values, 0, values.length, tensor.memory(), 0);
    } else {
      for (int i = 0; i < values.length; i++) {
        tensor.setDouble(i, values[i]);
      }
    }
    return tensor;
  }

  private static void assertStored(HostTensor expected, HostTensor actual) {
    assertEquals(expected.dtype(), actual.dtype());
    assertEquals(expected.shape(), actual.shape());
    assertEquals(-1, expected.memory().mismatch(actual.memory()), actual.toString());
  }

  @ParameterizedTest
  @EnumSource
  void floatsAreStoredInEveryTypeAndWhatItsRowsDoNotFitInTheNext(Quantization quantization) {
    try (WeightFile file = WeightFile.open(quantised(quantization))) {
      Weights weights = file.weights();
      DType type = quantization.type("blk.0.wide", WIDE, 1);
      assertStored(stored(type, WIDE, wide), weights.tensor("blk.0.wide"));
      DType next = quantization.type("blk.0.odd", ODD, 1);
      assertEquals(0, ODD.dim(1) % next.blockElements());
      assertStored(stored(next, ODD, odd), weights.tensor("blk.0.odd"));
      DType last = type.isQuantized() ? DType.F16 : type;
      assertStored(stored(last, TINY, tiny), weights.tensor("blk.0.tiny"));
      assertArrayEquals(norm, weights.tensor("blk.0.norm").toFloats());
      assertArrayEquals(new int[] {7, -7, 1 << 30}, weights.tensor("blk.0.ids").toInts());
      assertEquals("nobody", file.metadata().get("made by"));
      assertEquals((long) quantization.fileType(), file.metadata().get("general.file_type"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatBlocksMeanComesOutOfASafetensorsFileToTheBit(Quantization quantization) {
    Path gguf = quantised(quantization);
    Path back = folder.resolve("back.safetensors");
    try (WeightFile file = WeightFile.open(gguf)) {
      Conversion.toSafetensors(file, back);
      try (WeightFile values = WeightFile.open(back)) {
        assertEquals(file.weights().names(), values.weights().names());
        for (String name : List.of("blk.0.wide", "blk.0.odd", "blk.0.tiny", "blk.0.norm")) {
          HostTensor tensor = values.weights().tensor(name);
          assertEquals(DType.F32, tensor.dtype());
          assertArrayEquals(file.weights().tensor(name).toFloats(), tensor.toFloats(), name);
        }
        assertEquals(DType.I32, values.weights().tensor("blk.0.ids").dtype());
      }
    }
  }

  @Test
  void whatIsReadIsNotOverwritten() throws IOException {
    Path gguf = quantised(Quantization.Q8_0);
    Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), gguf);
    byte[] before = Files.readAllBytes(gguf);
    try (WeightFile file = WeightFile.open(gguf)) {
      for (Path out : List.of(gguf, link)) {
        assertThrows(
            WeightFileException.class, () -> Conversion.toGguf(file, out, Quantization.Q4_0));
        assertThrows(WeightFileException.class, () -> Conversion.toSafetensors(file, out));
      }
    }
    assertArrayEquals(before, Files.readAllBytes(gguf));
  }

  @Test
  void aGgufFileIsWrittenAsItIsWhereNothingElseIsAsked() {
    Path first = quantised(Quantization.Q4_K_M);
    Path second = folder.resolve("second.gguf");
    try (WeightFile file = WeightFile.open(first)) {
      Conversion.toGguf(file, second, null);
      try (WeightFile copy = WeightFile.open(second)) {
        assertEquals(file.metadata(), copy.metadata());
        for (String name : file.weights().names()) {
          MemorySegment bytes = file.weights().tensor(name).memory();
          assertEquals(-1, bytes.mismatch(copy.weights().tensor(name).memory()), name);
        }
      }
    }
  }
}
