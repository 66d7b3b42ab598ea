package dev.heddle.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What quantising loses, and what it does not. */
class QuantizerTest {
  private static final int COLUMNS = 1024;

  /** Of normal numbers, what ggml's reference quantiser loses, and MXFP4's in gguf-py. */
  private static final Map<DType, Double> LOST =
      Map.ofEntries(
          Map.entry(DType.Q8_0, 2.81e-5),
          Map.entry(DType.Q4_0, 0.00753),
          Map.entry(DType.Q4_1, 0.00610),
          Map.entry(DType.Q5_0, 0.00184),
          Map.entry(DType.Q5_1, 0.00143),
          Map.entry(DType.Q2_K, 0.0913),
          Map.entry(DType.Q3_K, 0.0226),
          Map.entry(DType.Q4_K, 0.00510),
          Map.entry(DType.Q5_K, 0.00131),
          Map.entry(DType.Q6_K, 0.000311),
          Map.entry(DType.IQ4_NL, 0.00579),
          Map.entry(DType.IQ4_XS, 0.00582),
          Map.entry(DType.MXFP4, 0.01315));

  private static HostTensor quantized(DType type, float[] x) {
    HostTensor tensor = HostTensor.heap(type, Shape.of(x.length / COLUMNS, COLUMNS));
    new Quantizer(type).quantize(x, 0, x.length, tensor.memory(), 0);
    return tensor;
  }

  private static float[] normal(int count) {
    Random random = new Random(7);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.MATCH_ANY, names = "(I?Q|MXFP).*")
  void normalNumbersLoseWhatTheyLoseInGgml(DType type) {
    float[] x = normal(64 * COLUMNS);
    float[] y = quantized(type, x).toFloats();
    double error = 0;
    double energy = 0;
    for (int i = 0; i < x.length; i++) {
      error += Math.pow(x[i] - y[i], 2);
      energy += x[i] * x[i];
    }
    assertTrue(
        error <= 1.05 * LOST.get(type) * energy, () -> "lost: " + type + " " + LOST.get(type));
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "MXFP4"})
  void whatCameFromBlocksGoesBackToTheSameBytes(DType type) {
    HostTensor first = quantized(type, normal(8 * COLUMNS));
    HostTensor second = quantized(type, first.toFloats());
    assertEquals(-1, first.memory().mismatch(second.memory()));
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.MATCH_ANY, names = "(I?Q|MXFP).*")
  void zerosStayZeros(DType type) {
    assertArrayEquals(new float[COLUMNS], positive(quantized(type, new float[COLUMNS])));
  }

  /** -0 is a zero too. */
  private static float[] positive(HostTensor zeros) {
    float[] values = zeros.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] += 0f;
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.MATCH_ANY, names = "(I?Q|MXFP).*")
  void elementsReadOneByOneAreThoseReadTogether(DType type) {
    HostTensor tensor = HostTensor.heap(type, Shape.of(3, COLUMNS));
    byte[] bytes = new byte[(int) tensor.bytes()];
    new Random(3).nextBytes(bytes);
    MemorySegment.copy(bytes, 0, tensor.memory(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    float[] together = tensor.toFloats();
    for (int i = 0; i < together.length; i++) {
      assertEquals(together[i], (float) tensor.getDouble(i));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q6_K"})
  void whatIsNotFiniteIsRefused(DType type) {
    float[] x = normal(COLUMNS);
    x[77] = Float.NaN;
    var e = assertThrows(IllegalArgumentException.class, () -> quantized(type, x));
    assertTrue(e.getMessage().contains("element 77 is NaN"), e.getMessage());
  }
}
