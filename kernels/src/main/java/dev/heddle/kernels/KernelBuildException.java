package dev.heddle.kernels;

import dev.heddle.backend.BackendUnavailableException;

/**
 * A device's compiler refused a kernel; the message ends with its log. {@code auto} takes the next
 * device.
 */
public class KernelBuildException extends BackendUnavailableException {
  private static final long serialVersionUID = 1L;

  private final String log;

  /**
   * {@code kernel} was refused.
   *
   * @param device the device
   * @param log what the compiler said
   */
  public KernelBuildException(String kernel, String device, String log) {
    super(
        "%s does not compile for %s; use --backend cpu. The compiler's log:\n%s"
            .formatted(kernel, device, log.strip()));
    this.log = log;
  }

  /** What the compiler said. */
  public String log() {
    return log;
  }
}
