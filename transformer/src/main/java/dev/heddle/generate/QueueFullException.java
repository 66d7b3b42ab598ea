package dev.heddle.generate;

import dev.heddle.backend.HeddleException;

/** An {@link Engine} has as many requests waiting as it takes; ask again later, or elsewhere. */
public class QueueFullException extends HeddleException {
  private static final long serialVersionUID = 1L;

  private final int length;

  /**
   * A refusal.
   *
   * @param length requests that wait
   */
  public QueueFullException(int length) {
    super(
        "%d requests wait, as many as the queue holds; ask again later, or make the queue longer"
            .formatted(length));
    this.length = length;
  }

  /** Requests that waited when this one was refused. */
  public int length() {
    return length;
  }
}
