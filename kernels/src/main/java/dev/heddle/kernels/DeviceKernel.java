package dev.heddle.kernels;

/** A compiled kernel. Safe for many threads. */
public interface DeviceKernel extends AutoCloseable {
  /** What it was made from. */
  KernelSource source();

  /** Whether it came from an earlier process's compilation. */
  boolean cached();

  @Override
  void close();
}
