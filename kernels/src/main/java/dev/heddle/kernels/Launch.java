package dev.heddle.kernels;

/**
 * One node in one {@link KernelRun}: made once, bound whenever extents change, run by one caller at
 * a time.
 */
interface Launch {
  /**
   * Learns new extents and checks what only they can tell.
   *
   * @return bytes of workspace that {@link #run} needs
   * @throws dev.heddle.backend.InvalidInputException if the operands' extents do not fit
   */
  long bind();

  /** Gives the queue what computes the outputs from the inputs. */
  void run();

  /** Makes a run's {@link Launch} of a node. Immutable, safe for many threads. */
  @FunctionalInterface
  interface Kernel {
    Launch open(LaunchSite site);
  }

  /** Readies a kernel when a program is compiled: compiles it, lays out weights. */
  @FunctionalInterface
  interface Preparation {
    Kernel prepare(Workshop workshop);
  }
}
