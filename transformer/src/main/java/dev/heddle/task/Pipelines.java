package dev.heddle.task;

import dev.heddle.generate.Generator;

/**
 * Tasks by name, each of the model that {@code reference} names, on the backend in force; closing
 * the task closes the model. Each class has ways to say more.
 */
public final class Pipelines {
  private Pipelines() {}

  /** Texts to vectors. */
  public static Embedder embed(String reference) {
    return Embedder.load(reference);
  }

  /** Labels of texts. */
  public static Classifier classify(String reference) {
    return Classifier.open(reference);
  }

  /** What texts name, and where. */
  public static Entities entities(String reference) {
    return Entities.open(reference);
  }

  /** Answers that stand in texts. */
  public static Answerer answer(String reference) {
    return Answerer.open(reference);
  }

  /** Words that are masked. */
  public static FillMask fillMask(String reference) {
    return FillMask.open(reference);
  }

  /** Texts by how well they answer a query. */
  public static Reranker rerank(String reference) {
    return Reranker.open(reference);
  }

  /** Texts in few words. */
  public static Summarizer summarize(String reference) {
    return Summarizer.open(reference);
  }

  /** Texts in other words. */
  public static Translator translate(String reference) {
    return Translator.open(reference);
  }

  /** Texts continued. */
  public static Generator generate(String reference) {
    return Generator.open(reference);
  }

  /**
   * Conversations: write them by the {@linkplain dev.heddle.model.Model#chatTemplate template} of
   * the generator's model. What one turn has in common with the next is not taken in again.
   */
  public static Generator chat(String reference) {
    return Generator.builder(reference).keepPrefix(true).build();
  }
}
