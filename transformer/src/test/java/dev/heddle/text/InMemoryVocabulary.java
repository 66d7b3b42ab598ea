package dev.heddle.text;

import java.util.Map;

/** Tokenizers of vocabularies without their files: fuzzing asks for them by the million. */
public final class InMemoryVocabulary {
  private static final String SOURCE = "memory";

  private InMemoryVocabulary() {}

  /** The tokenizer that the metadata of a GGUF file describe. */
  public static Tokenizer gguf(Map<String, Object> metadata) {
    return GgufVocabulary.of(SOURCE, metadata).tokenizer();
  }

  /** The tokenizer of a vocabulary of llama2.c. */
  public static Tokenizer llama2c(byte[] file) {
    return Llama2cVocabulary.of(file, SOURCE).tokenizer();
  }
}
