package dev.heddle.kernels;

import dev.heddle.backend.BackendUnavailableException;

/**
 * A device refused a kernel, for want of local memory for example, or was lost while it ran. While
 * something is loaded, {@code auto} takes the next device.
 */
public class KernelLaunchException extends BackendUnavailableException {
  private static final long serialVersionUID = 1L;

  /** What failed, why, and what to do. */
  public KernelLaunchException(String message) {
    super(message);
  }
}
