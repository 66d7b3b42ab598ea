package dev.heddle.kernels;

/**
 * {@link Commands} that a device carries out as one.
 *
 * @see KernelQueue#record
 */
public interface Recording extends AutoCloseable {
  /** Frees it; launches of it must have ended. Throws nothing. */
  @Override
  void close();
}
