package dev.heddle.kernels;

/** Memory on a {@link KernelDevice}. */
public interface DeviceMemory extends AutoCloseable {
  /** Its size. */
  long bytes();

  /** Frees it; commands that use it must have ended. */
  @Override
  void close();
}
