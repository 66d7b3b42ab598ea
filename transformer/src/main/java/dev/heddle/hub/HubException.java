package dev.heddle.hub;

import dev.heddle.backend.HeddleException;

/** A model cannot be had from the hub: says which, why, and what to do. */
public final class HubException extends HeddleException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** What was in the way. */
  public enum Reason {
    /** A name, an address or a token that cannot be one. */
    MALFORMED(false),
    /** The hub has no such model, revision or file, or no weights that can be read. */
    NOT_FOUND(false),
    /** The hub wants a token, or another one, or that the model's terms are accepted. */
    REFUSED(false),
    /** It is not in the cache, and the network is not to be used. */
    OFFLINE(false),
    /** No connection, or one that breaks again and again; a server that fails. */
    UNREACHABLE(true),
    /** Bytes came that are not the file's. */
    CHECKSUM(true),
    /** The cache folder cannot be written, or has no room. */
    DISK(true),
    /** The thread was interrupted. */
    INTERRUPTED(true);

    private final boolean passing;

    Reason(boolean passing) {
      this.passing = passing;
    }

    /** Whether the same call may succeed another time. */
    public boolean passing() {
      return passing;
    }
  }

  /** An error with its reason and message. */
  public HubException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** An error with its reason, message and cause. */
  public HubException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** What was in the way. */
  public Reason reason() {
    return reason;
  }
}
