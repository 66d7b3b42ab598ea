package dev.heddle.kernels;

/** Told how long each launch took on the device. */
@FunctionalInterface
public interface LaunchTimes {
  /**
   * A launch has ended.
   *
   * @param nanos from its begin to its end, by the device's clock
   */
  void ran(KernelSource kernel, Extent groups, Extent size, long nanos);
}
