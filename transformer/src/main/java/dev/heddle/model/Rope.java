package dev.heddle.model;

import dev.heddle.tensor.HostTensor;
import java.util.List;

/**
 * The angles of a rotary position embedding (Su et al., "RoFormer", 2021): pair i of a head turns
 * by {@code frequency[i]} radians a position, and what is turned is scaled by {@code magnitude}.
 * {@link RopeScaling} reads them from a configuration.
 *
 * @param frequencies radians a position, by pair
 * @param magnitude factor of cosines and sines
 * @param byLength how the frequencies of long sequences differ from those, or null
 */
public record Rope(float[] frequencies, double magnitude, ByLength byLength) {
  /** Angles of all positions: 4 Mi positions of heads of 256 elements. */
  private static final int LONGEST_TABLE = 1 << 29;

  /** Other frequencies where the whole sequence is longer than what was trained. */
  public sealed interface ByLength {
    /** Tokens of the longest sequence that has the frequencies of all short ones. */
    int trained();
  }

  /** The base grows with the sequence: each length has its own frequencies. */
  public record Dynamic(double base, double factor, int trained) implements ByLength {}

  /** One other set for all longer sequences. */
  public record Switched(float[] frequencies, int trained) implements ByLength {}

  static Rope plain(double base, int dim) {
    return new Rope(frequencies(base, dim), 1, null);
  }

  /**
   * The same with each pair's frequency divided by its own number.
   *
   * @throws ModelException if there is not one for each pair
   */
  Rope divided(float[] divisors) {
    if (divisors.length != frequencies.length) {
      throw new ModelException(
          "%d divisors of the rotation's frequencies; expected one for each of %d pairs"
              .formatted(divisors.length, frequencies.length));
    }
    float[] slower = frequencies.clone();
    for (int i = 0; i < slower.length; i++) {
      slower[i] /= divisors[i];
    }
    return new Rope(slower, magnitude, byLength);
  }

  /** Pair i of {@code dim / 2} has {@code base^(-2i / dim)}, in float32. */
  static float[] frequencies(double base, int dim) {
    float[] frequencies = new float[dim / 2];
    fill(base, frequencies);
    return frequencies;
  }

  private static void fill(double base, float[] frequencies) {
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1 / (float) Math.pow(base, (double) i / frequencies.length);
    }
  }

  /** Elements of a head that are rotated. */
  int dim() {
    return 2 * frequencies.length;
  }

  /** The frequencies for a sequence of {@code length} tokens, copied to {@code to}. */
  void frequencies(int length, float[] to) {
    boolean trained = byLength == null || length <= byLength.trained();
    switch (trained ? null : byLength) {
      case null -> System.arraycopy(frequencies, 0, to, 0, to.length);
      case Switched longer -> System.arraycopy(longer.frequencies, 0, to, 0, to.length);
      case Dynamic grows -> {
        double grown = grows.factor * length / grows.trained - (grows.factor - 1);
        fill(grows.base * Math.pow(grown, dim() / (dim() - 2.0)), to);
      }
    }
  }

  /**
   * Whether keys that were rotated in a sequence of up to {@code length} tokens are those of one of
   * {@code other} tokens.
   */
  public boolean sameAngles(int length, int other) {
    return switch (byLength) {
      case null -> true;
      case Switched(float[] _, int trained) -> length <= trained == other <= trained;
      case Dynamic(double _, double _, int trained) -> length <= trained && other <= trained;
    };
  }

  /** Cosines and sines of positions 0 to {@code positions - 1}: {@code [positions, dim / 2]}. */
  List<HostTensor> tables(int positions) {
    long size = (long) positions * frequencies.length;
    if (size > LONGEST_TABLE) {
      throw new ModelException(
          "a context of %d positions makes tables of %d angles; at most %d are supported"
              .formatted(positions, size, LONGEST_TABLE));
    }
    float[] cos = new float[(int) size];
    float[] sin = new float[cos.length];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < frequencies.length; i++) {
        float angle = p * frequencies[i];
        cos[p * frequencies.length + i] = (float) (Math.cos(angle) * magnitude);
        sin[p * frequencies.length + i] = (float) (Math.sin(angle) * magnitude);
      }
    }
    return List.of(
        HostTensor.of(cos, positions, frequencies.length),
        HostTensor.of(sin, positions, frequencies.length));
  }
}
