package dev.heddle.model;

import dev.heddle.weights.Weights;
import java.util.List;

/** What a checkpoint computes behind its network, as the names of transformers' classes end. */
public enum Head {
  /** A number for each label of a whole text, {@code [sequences, labels]}. */
  SEQUENCE_CLASSIFICATION(
      "ForSequenceClassification",
      "sequence classification",
      "classifier.weight",
      "classifier.out_proj.weight",
      "score.weight"),
  /** A number for each label of every token, {@code [tokens, labels]}. */
  TOKEN_CLASSIFICATION(
      "ForTokenClassification", "token classification", "classifier.weight", "score.weight"),
  /** How well an answer begins, and ends, at each token, {@code [tokens, 2]}. */
  QUESTION_ANSWERING("ForQuestionAnswering", "question answering", "qa_outputs.weight"),
  /** The word that stands, or stood, at each place, {@code [tokens, vocabulary]}. */
  MASKED_LM(
      "ForMaskedLM",
      "masked words",
      "cls.predictions.transform.dense.weight",
      "lm_head.dense.weight",
      "vocab_transform.weight",
      "generator_predictions.dense.weight");

  private final String suffix;
  private final String words;
  private final List<String> witnesses;

  Head(String suffix, String words, String... witnesses) {
    this.suffix = suffix;
    this.words = words;
    this.witnesses = List.of(witnesses);
  }

  /** Whether a checkpoint has tensors of this head. */
  public boolean isIn(Weights weights) {
    return witnesses.stream().anyMatch(weights::has);
  }

  /** The head of transformers' class {@code className}; null if that has none of these. */
  static Head of(String className) {
    for (Head head : values()) {
      if (className.endsWith(head.suffix)) {
        return head;
      }
    }
    return null;
  }

  /** {@code sequence classification}. */
  @Override
  public String toString() {
    return words;
  }
}
