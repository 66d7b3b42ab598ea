package dev.heddle.generate;

import dev.heddle.backend.HeddleException;

/** A {@link KvCache} has no pages left; the message says who holds how many tokens. */
public class KvCacheFullException extends HeddleException {
  private static final long serialVersionUID = 1L;

  /** What was asked for, and who holds what. */
  public KvCacheFullException(String message) {
    super(message);
  }
}
