package dev.heddle.model;

import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A size that a configuration states, and by which words: errors about shapes say both.
 *
 * @param label what it is, in the words of this project: {@code hidden}
 * @param field what the configuration calls it: {@code hidden_size}
 * @param value the size
 */
record Size(String label, String field, int value) {
  /**
   * Reads a size that must be there.
   *
   * @param names spellings of the field; the first that is there counts
   */
  static Size read(JsonFields config, String label, String... names) {
    String field = names[0];
    for (int i = names.length - 1; i >= 0; i--) {
      field = config.has(names[i]) ? names[i] : field;
    }
    return new Size(label, field, field(config, names).positiveInt());
  }

  /** Reads a size that may be absent. */
  static Size read(JsonFields config, int otherwise, String label, String name) {
    return new Size(label, name, config.field(name).positiveInt(otherwise));
  }

  private static JsonField field(JsonFields config, String... names) {
    return config.field(names[0], Arrays.copyOfRange(names, 1, names.length));
  }

  /**
   * How many labels there are: as many as have names, else as many as the first of these matrices
   * that the checkpoint has tells apart.
   */
  static Size labels(HeadSettings settings, Weights weights, String... matrices) {
    if (!settings.labels().isEmpty()) {
      return new Size("labels", "id2label", settings.labels().size());
    }
    for (String matrix : matrices) {
      String name = matrix + ".weight";
      if (weights.has(name) && weights.info(name).shape().rank() == 2) {
        return new Size("labels", name, (int) weights.info(name).shape().dim(0));
      }
    }
    return new Size("labels", "num_labels", 2);
  }

  /** Refuses {@code whole} if this does not divide it. */
  void divides(Size whole, Path config) {
    if (whole.value % value != 0) {
      throw new ModelException(
          "%s: %s=%d is no multiple of %s=%d"
              .formatted(config, whole.field, whole.value, field, value));
    }
  }

  /** The product, for shapes that join two sizes. */
  Size times(Size other) {
    return new Size(label + " * " + other.label, field, value * other.value);
  }

  Size times(int factor) {
    return new Size(factor + " * " + label, field, value * factor);
  }

  /** {@code hidden=384}. */
  @Override
  public String toString() {
    return label + "=" + value;
  }
}
