package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.text.Tokenizer;
import dev.heddle.text.Tokenizers;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of every verb that takes a tokenizer, alone or with its model. */
final class TokenizerSelection {
  @Mixin private ModelSelection model;

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      description = "The tokenizer, if it does not lie with the model.")
  private Path tokenizer;

  /** The model with its tokenizer; its owner closes it. */
  Model openModel() {
    return model.open(tokenizer);
  }

  /** The tokenizer; its owner closes it. */
  Tokenizer open() {
    return tokenizer == null ? model.openTokenizer() : Tokenizers.openNamed(tokenizer);
  }
}
