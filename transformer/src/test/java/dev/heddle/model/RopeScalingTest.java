package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.weights.JsonFields;
import dev.heddle.weights.WeightFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What configurations say of rotary embeddings, by the formulas of the papers. */
class RopeScalingTest {
  private static final int POSITIONS = 64;

  private static Rope read(Map<String, ?> parameters) {
    JsonFields config =
        JsonFields.of(Map.of("rope_theta", 100.0, "rope_scaling", parameters), Path.of("config"));
    return RopeScaling.read(config, 8, 1, POSITIONS);
  }

  private static float[] frequencies(Rope rope, int length) {
    float[] frequencies = new float[rope.frequencies().length];
    rope.frequencies(length, frequencies);
    return frequencies;
  }

  private static float[] divided(double... divisors) {
    float[] frequencies = new float[divisors.length];
    for (int i = 0; i < divisors.length; i++) {
      frequencies[i] = (float) (Math.pow(100, -2.0 * i / 8) / divisors[i]);
    }
    return frequencies;
  }

  @Test
  void longRopeHasOtherFrequenciesForSequencesLongerThanTheFirstTraining() {
    Map<String, Object> scaling =
        Map.of(
            "type",
            "su",
            "short_factor",
            List.of(1, 1.5, 2, 3),
            "long_factor",
            List.of(1, 4, 8, 16),
            "original_max_position_embeddings",
            16);
    Rope rope = read(scaling);
    assertArrayEquals(divided(1, 1.5, 2, 3), frequencies(rope, 16), 1e-7f);
    assertArrayEquals(divided(1, 4, 8, 16), frequencies(rope, 17), 1e-7f);
    // The context is four times as long: sqrt(1 + ln 4 / ln 16).
    assertEquals(Math.sqrt(1.5), rope.magnitude(), 1e-12);
    assertTrue(rope.sameAngles(3, 16));
    assertFalse(rope.sameAngles(16, 17));
    assertTrue(rope.sameAngles(17, 64));
  }

  @Test
  void longRopeNeedsANumberForEachPair() {
    Map<String, Object> scaling =
        Map.of(
            "rope_type", "longrope",
            "short_factor", List.of(1, 1, 1, 1),
            "long_factor", List.of(1, 2, 3));
    WeightFileException e = assertThrows(WeightFileException.class, () -> read(scaling));
    assertTrue(
        e.getMessage().contains("long_factor\": is a list of 3; expected 4"), e.getMessage());
  }

  @Test
  void proportionalLeavesTheLastPairsAsTheyAre() {
    Rope rope =
        read(Map.of("rope_type", "proportional", "partial_rotary_factor", 0.5, "factor", 2));
    float[] expected = divided(2, 2, 2, 2);
    Arrays.fill(expected, 2, 4, 0);
    assertArrayEquals(expected, rope.frequencies(), 1e-7f);
    assertEquals(8, rope.dim());
  }

  @Test
  void aPartOfTheHeadHasExponentsOfItsOwn() {
    Rope rope = read(Map.of("rope_type", "default", "partial_rotary_factor", 0.5));
    assertArrayEquals(new float[] {1, 0.1f}, rope.frequencies(), 1e-7f);
  }

  @Test
  void anUnknownTypeIsRefusedWithTheListOfThoseKnown() {
    UnsupportedModelException e =
        assertThrows(UnsupportedModelException.class, () -> read(Map.of("rope_type", "spiral")));
    assertTrue(e.getMessage().contains("longrope"), e.getMessage());
  }
}
