package dev.heddle.backend;

/**
 * The backend or device that was asked for is not there, or none is, or it fails; says why and what
 * to do.
 */
public class BackendUnavailableException extends HeddleException {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public BackendUnavailableException(String message) {
    super(message);
  }
}
