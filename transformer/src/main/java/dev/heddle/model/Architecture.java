package dev.heddle.model;

/**
 * A model's configuration, read and checked: it makes graphs of weights. One record a family of
 * papers; see {@link Architectures} for which {@code model_type} is which.
 */
public sealed interface Architecture permits Decoder, Encoder {
  /** The {@code model_type} that the configuration states. */
  String family();

  /** What {@link #contextLength} is where nothing bounds a sequence. */
  int UNBOUNDED = Integer.MAX_VALUE;

  /** The most tokens a sequence may have. */
  int contextLength();

  /** How many tokens it knows; ids are below. */
  int vocabularySize();

  /** Elements of a hidden state. */
  int hiddenSize();
}
