package dev.heddle.kernels;

import dev.heddle.backend.HeddleException;

/** A device refused a command, or was lost while it ran. */
public class KernelLaunchException extends HeddleException {
  private static final long serialVersionUID = 1L;

  /** What failed, why, and what to do. */
  public KernelLaunchException(String message) {
    super(message);
  }
}
