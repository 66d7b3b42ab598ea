package dev.heddle.generate;

/** When beam search ends before the longest length: transformers' {@code early_stopping}. */
public enum EarlyStopping {
  /** {@code false}: when the best running beam, at its present length, is worse than all done. */
  HEURISTIC,
  /** {@code true}: as soon as there are as many finished sequences as beams. */
  WHEN_ENOUGH,
  /** {@code "never"}: when no running beam can still become better, at whatever length. */
  NEVER
}
