package dev.heddle.model;

import dev.heddle.op.Unary;
import dev.heddle.weights.JsonField;

/** The functions that configurations name, as transformers' {@code ACT2FN} spells them. */
final class Activations {
  private Activations() {}

  /**
   * The function that {@code field} names.
   *
   * @throws UnsupportedModelException if it is none of those here
   */
  static Unary.Kind read(JsonField field, String otherwise) {
    return named(field, field.string(otherwise));
  }

  /** The function of that name, of which {@code field} tells in its own way. */
  static Unary.Kind named(JsonField field, String name) {
    return switch (name) {
      case "gelu", "gelu_python" -> Unary.Kind.GELU;
      // One formula, in four ways of computing it.
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate" -> Unary.Kind.GELU_TANH;
      case "quick_gelu" -> Unary.Kind.QUICK_GELU;
      case "relu" -> Unary.Kind.RELU;
      case "silu", "swish" -> Unary.Kind.SILU;
      case "tanh" -> Unary.Kind.TANH;
      case "sigmoid" -> Unary.Kind.SIGMOID;
      case "linear" -> Unary.Kind.IDENTITY;
      default ->
          throw new UnsupportedModelException(
              field
                  .wrong(
                      "one of gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, relu,"
                          + " silu, tanh, sigmoid, linear")
                  .getMessage());
    };
  }
}
