package dev.heddle.model;

import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.util.List;

/**
 * Reads the angles of rotary position embeddings from configurations, which stretch the range of
 * positions in six ways: {@code linear} (Chen et al., "Position Interpolation", 2023), {@code
 * dynamic} (the base grows with the sequence), {@code yarn} (Peng et al., 2023), {@code longrope}
 * (Ding et al., 2024: each frequency is divided by a number that was searched for, another one for
 * long sequences), {@code llama3} (the Llama 3.1 model card: low frequencies are divided by a
 * factor, high ones stay) and {@code proportional} (the last pairs of a head are not turned).
 * Arithmetic is that of transformers, which the checkpoints were trained and are run with:
 * frequencies in float32.
 */
final class RopeScaling {
  private static final String ORIGINAL = "original_max_position_embeddings";

  private final JsonFields config;
  private final JsonFields parameters;
  private final double base;
  private final int dim;
  private final int positions;

  private RopeScaling(JsonFields config, JsonFields parameters, int dim, int positions) {
    this.config = config;
    this.parameters = parameters;
    this.base =
        parameters != null && parameters.has("rope_theta")
            ? parameters.field("rope_theta").positiveDouble()
            : config.field("rope_theta", "rotary_emb_base").positiveDouble(10_000);
    this.dim = dim;
    this.positions = positions;
  }

  /**
   * Reads what a configuration says: {@code rope_theta} and {@code rope_scaling}, or {@code
   * rope_parameters}, which holds both.
   *
   * @param headDim elements of a head
   * @param part how much of a head is rotated where the configuration does not say
   * @param positions the positions that the configuration states
   */
  static Rope read(JsonFields config, int headDim, double part, int positions) {
    return read(config, parameters(config), headDim, part, positions);
  }

  private static JsonFields parameters(JsonFields config) {
    if (config.has("rope_parameters")) {
      return config.field("rope_parameters").object();
    }
    return config.has("rope_scaling") ? config.field("rope_scaling").object() : null;
  }

  /**
   * The same where {@code parameters}, which may be null, were found already; what they lack is
   * looked for in {@code config}.
   */
  static Rope read(
      JsonFields config, JsonFields parameters, int headDim, double part, int positions) {
    JsonField stated =
        parameters != null && parameters.has("partial_rotary_factor")
            ? parameters.field("partial_rotary_factor")
            : config.field("partial_rotary_factor", "rotary_pct");
    double share = stated.positiveDouble(part);
    if (share > 1) {
      throw stated.wrong("a number in (0, 1]");
    }
    String type =
        parameters == null ? "default" : parameters.field("rope_type", "type").string("default");
    if (type.equals("proportional")) {
      return new RopeScaling(config, parameters, headDim, positions).proportional(share);
    }
    int dim = (int) (headDim * share);
    return new RopeScaling(config, parameters, dim, positions).read(type);
  }

  private Rope read(String type) {
    return switch (type) {
      case "default" -> Rope.plain(base, dim);
      case "linear" -> linear(factor());
      case "dynamic" ->
          new Rope(Rope.frequencies(base, dim), 1, new Rope.Dynamic(base, factor(), positions));
      // Phi-3's first checkpoints say "su", and a Phi-3 that says "yarn" means this as well.
      case "longrope", "su" -> longRope();
      case "yarn" -> parameters.has("long_factor") ? longRope() : yarn();
      case "llama3" -> llama3();
      default ->
          throw new UnsupportedModelException(
              parameters
                  .field("rope_type", "type")
                  .wrong("one of default, linear, dynamic, yarn, longrope, llama3, proportional")
                  .getMessage());
    };
  }

  private double factor() {
    return parameters.field("factor").positiveDouble();
  }

  private Rope linear(double factor) {
    float[] frequencies = Rope.frequencies(base, dim);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] /= (float) factor;
    }
    return new Rope(frequencies, 1, null);
  }

  /** The first pairs of the head turn, with exponents over the whole of it. */
  private Rope proportional(double share) {
    float[] frequencies = linear(parameters.field("factor").positiveDouble(1)).frequencies();
    for (int i = (int) (share * dim / 2); i < frequencies.length; i++) {
      frequencies[i] = 0;
    }
    return new Rope(frequencies, 1, null);
  }

  private Rope llama3() {
    double factor = factor();
    double low = parameters.field("low_freq_factor").positiveDouble();
    double high = parameters.field("high_freq_factor").positiveDouble();
    double original = parameters.field(ORIGINAL).positiveInt();
    float[] frequencies = Rope.frequencies(base, dim);
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

  /** The positions of the first training; {@code positions} where nothing is said. */
  private int original() {
    return parameters.field(ORIGINAL).positiveInt(config.field(ORIGINAL).positiveInt(positions));
  }

  /** Section 3 of the paper, and what it calls lambda' in {@code short_factor, long_factor}. */
  private Rope longRope() {
    int original = original();
    Rope plain = Rope.plain(base, dim);
    double factor = parameters.field("factor").positiveDouble((double) positions / original);
    double usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
    return new Rope(
        plain.divided(divisors("short_factor")).frequencies(),
        parameters.field("attention_factor").positiveDouble(usual),
        new Rope.Switched(plain.divided(divisors("long_factor")).frequencies(), original));
  }

  private float[] divisors(String name) {
    JsonField field = parameters.field(name);
    List<Double> each = field.doubles();
    if (each.size() != dim / 2 || each.stream().anyMatch(divisor -> !(divisor > 0))) {
      throw field.wrong("%d numbers above 0, one for each pair that is rotated".formatted(dim / 2));
    }
    float[] divisors = new float[each.size()];
    for (int i = 0; i < divisors.length; i++) {
      divisors[i] = each.get(i).floatValue();
    }
    return divisors;
  }

  /** Section 3.4 of the paper: a ramp between interpolated and kept frequencies. */
  private Rope yarn() {
    double original = original();
    double factor = parameters.has("factor") ? factor() : positions / original;
    double fast = parameters.field("beta_fast").positiveDouble(32);
    double slow = parameters.field("beta_slow").positiveDouble(1);
    double first = correction(fast, original);
    double last = correction(slow, original);
    if (parameters.field("truncate").bool(true)) {
      first = Math.floor(first);
      last = Math.ceil(last);
    }
    first = Math.max(first, 0);
    last = Math.min(last, dim - 1);
    if (first == last) {
      last += 0.001;
    }
    float[] frequencies = Rope.frequencies(base, dim);
    for (int i = 0; i < frequencies.length; i++) {
      double kept = 1 - Math.clamp((i - first) / (last - first), 0.0, 1.0);
      frequencies[i] = (float) (frequencies[i] / factor * (1 - kept) + frequencies[i] * kept);
    }
    return new Rope(frequencies, yarnMagnitude(factor), null);
  }

  /** The pair that turns {@code rotations} times within the trained positions. */
  private double correction(double rotations, double trained) {
    return dim * Math.log(trained / (rotations * 2 * Math.PI)) / (2 * Math.log(base));
  }

  private double yarnMagnitude(double factor) {
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
}
