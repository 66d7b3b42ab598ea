package dev.heddle.model;

import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonFields;
import java.util.List;

/**
 * The angles of a rotary position embedding (Su et al., "RoFormer", 2021): pair i of a head turns
 * by {@code frequency[i]} radians a position, and what is turned is scaled by {@code magnitude}.
 *
 * <p>Configurations stretch the range of positions in four ways: {@code linear} (Chen et al.,
 * "Position Interpolation", 2023), {@code dynamic} (the base grows with the sequence), {@code yarn}
 * (Peng et al., 2023) and {@code llama3} (the Llama 3.1 model card): low frequencies are divided by
 * a factor, high ones stay. Arithmetic is that of transformers, which the checkpoints were trained
 * and are run with: frequencies in float32.
 *
 * @param frequencies radians a position, by pair
 * @param magnitude factor of cosines and sines
 * @param dynamic how the frequencies depend on the sequence's length, or null
 */
public record Rope(float[] frequencies, double magnitude, Dynamic dynamic) {
  /** Angles of all positions: 4 Mi positions of heads of 256 elements. */
  private static final int LONGEST_TABLE = 1 << 29;

  /** Positions from which on the base grows, and how fast. */
  public record Dynamic(double base, double factor, int trained) {}

  /**
   * Reads what a configuration says: {@code rope_theta} and {@code rope_scaling}, or {@code
   * rope_parameters}, which holds both.
   *
   * @param dim elements of a head that are rotated
   * @param trained the positions that the configuration states
   */
  static Rope read(JsonFields config, int dim, int trained) {
    JsonFields parameters =
        config.has("rope_parameters")
            ? config.field("rope_parameters").object()
            : config.has("rope_scaling") ? config.field("rope_scaling").object() : null;
    return read(config, parameters, dim, trained);
  }

  /**
   * The same where {@code parameters}, which may be null, were found already; what they lack is
   * looked for in {@code config}.
   */
  static Rope read(JsonFields config, JsonFields parameters, int dim, int trained) {
    double base =
        parameters != null && parameters.has("rope_theta")
            ? parameters.field("rope_theta").positiveDouble()
            : config.field("rope_theta", "rotary_emb_base").positiveDouble(10_000);
    String type =
        parameters == null ? "default" : parameters.field("rope_type", "type").string("default");
    return switch (type) {
      case "default" -> plain(base, dim);
      case "linear" -> linear(base, dim, parameters.field("factor").positiveDouble());
      case "dynamic" ->
          new Rope(
              frequencies(base, dim),
              1,
              new Dynamic(base, parameters.field("factor").positiveDouble(), trained));
      case "yarn" -> yarn(config, parameters, base, dim, trained);
      case "llama3" -> llama3(parameters, base, dim);
      default ->
          throw new UnsupportedModelException(
              parameters
                  .field("rope_type", "type")
                  .wrong("one of default, linear, dynamic, yarn, llama3")
                  .getMessage());
    };
  }

  static Rope plain(double base, int dim) {
    return new Rope(frequencies(base, dim), 1, null);
  }

  private static Rope linear(double base, int dim, double factor) {
    float[] frequencies = frequencies(base, dim);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] /= (float) factor;
    }
    return new Rope(frequencies, 1, null);
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
    return new Rope(slower, magnitude, dynamic);
  }

  private static float[] frequencies(double base, int dim) {
    float[] frequencies = new float[dim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1 / (float) Math.pow(base, (double) (2 * i) / dim);
    }
    return frequencies;
  }

  private static Rope llama3(JsonFields parameters, double base, int dim) {
    double factor = parameters.field("factor").positiveDouble();
    double low = parameters.field("low_freq_factor").positiveDouble();
    double high = parameters.field("high_freq_factor").positiveDouble();
    double original = parameters.field("original_max_position_embeddings").positiveInt();
    float[] frequencies = frequencies(base, dim);
    for (int i = 0; i < frequencies.length; i++) {
      double wavelength = 2 * Math.PI / frequencies[i];
      double smooth = (original / wavelength - low) / (high - low);
      if (wavelength > original / low) {
        frequencies[i] = (float) (frequencies[i] / factor);
      } else if (wavelength >= original / high) {
        frequencies[i] = (float) ((1 - smooth) * frequencies[i] / factor + smooth * frequencies[i]);
      }
    }
    return new Rope(frequencies, 1, null);
  }

  /** Section 3.4 of the paper: a ramp between interpolated and kept frequencies. */
  private static Rope yarn(
      JsonFields config, JsonFields parameters, double base, int dim, int trained) {
    double original =
        parameters
            .field("original_max_position_embeddings")
            .positiveInt(config.field("original_max_position_embeddings").positiveInt(trained));
    double factor =
        parameters.has("factor") ? parameters.field("factor").positiveDouble() : trained / original;
    double fast = parameters.field("beta_fast").positiveDouble(32);
    double slow = parameters.field("beta_slow").positiveDouble(1);
    double first = correction(fast, dim, base, original);
    double last = correction(slow, dim, base, original);
    if (parameters.field("truncate").bool(true)) {
      first = Math.floor(first);
      last = Math.ceil(last);
    }
    first = Math.max(first, 0);
    last = Math.min(last, dim - 1);
    if (first == last) {
      last += 0.001;
    }
    float[] frequencies = frequencies(base, dim);
    for (int i = 0; i < frequencies.length; i++) {
      double kept = 1 - Math.clamp((i - first) / (last - first), 0.0, 1.0);
      frequencies[i] = (float) (frequencies[i] / factor * (1 - kept) + frequencies[i] * kept);
    }
    return new Rope(frequencies, yarnMagnitude(parameters, factor), null);
  }

  /** The pair that turns {@code rotations} times within the trained positions. */
  private static double correction(double rotations, int dim, double base, double positions) {
    return dim * Math.log(positions / (rotations * 2 * Math.PI)) / (2 * Math.log(base));
  }

  private static double yarnMagnitude(JsonFields parameters, double factor) {
    if (parameters.has("attention_factor")) {
      return parameters.field("attention_factor").positiveDouble();
    }
    if (parameters.has("mscale") && parameters.has("mscale_all_dim")) {
      return magnitude(factor, parameters.field("mscale").positiveDouble())
          / magnitude(factor, parameters.field("mscale_all_dim").positiveDouble());
    }
    return magnitude(factor, 1);
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }

  /** Elements of a head that are rotated. */
  int dim() {
    return 2 * frequencies.length;
  }

  /** The frequencies for a sequence of {@code length} tokens. */
  private float[] frequencies(int length) {
    if (dynamic == null || length <= dynamic.trained) {
      return frequencies;
    }
    double grown = dynamic.factor * length / dynamic.trained - (dynamic.factor - 1);
    double base = dynamic.base * Math.pow(grown, dim() / (dim() - 2.0));
    return frequencies(base, dim());
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
      row(frequencies, p, cos, sin, p);
    }
    return List.of(
        HostTensor.of(cos, positions, frequencies.length),
        HostTensor.of(sin, positions, frequencies.length));
  }

  private void row(float[] by, int position, float[] cos, float[] sin, int row) {
    for (int i = 0; i < by.length; i++) {
      float angle = position * by[i];
      cos[row * by.length + i] = (float) (Math.cos(angle) * magnitude);
      sin[row * by.length + i] = (float) (Math.sin(angle) * magnitude);
    }
  }

  /**
   * The same for the tokens of a batch, {@code [tokens, dim / 2]}: token i is at {@code
   * positions[i]} of a sequence of {@code lengths[i]} tokens.
   */
  public List<HostTensor> perToken(int[] positions, int[] lengths) {
    float[] cos = new float[positions.length * frequencies.length];
    float[] sin = new float[cos.length];
    for (int i = 0; i < positions.length; i++) {
      row(frequencies(lengths[i]), positions[i], cos, sin, i);
    }
    return List.of(
        HostTensor.of(cos, positions.length, frequencies.length),
        HostTensor.of(sin, positions.length, frequencies.length));
  }
}
