package dev.heddle.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Commands that a device carries out in the order they were given. For one thread at a time.
 *
 * <p>A command has ended when {@link #finish()}, or a later blocking command, returns; what it uses
 * must live until then.
 *
 * @see KernelDevice#openQueue()
 */
public interface KernelQueue extends AutoCloseable {
  /**
   * Runs a kernel.
   *
   * @param arguments in the kernel's order; may be filled anew once this returns
   * @param groups work-groups along each axis, each 1 or more
   * @param size work-items of a group along each axis
   * @throws KernelLaunchException if the device refuses it
   */
  void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size);

  /** Copies {@code from}, whole, to the device. {@code from} may change once this returns. */
  void write(MemorySegment from, DeviceMemory to, long offset);

  /** Fills {@code to}, whole, from the device, and waits for it. */
  void read(DeviceMemory from, long offset, MemorySegment to);

  /** Copies on the device; the ranges do not overlap. */
  void copy(DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes);

  /** Sets bytes to 0; {@code offset} and {@code bytes} are multiples of 4. */
  void zero(DeviceMemory to, long offset, long bytes);

  /**
   * Waits for all commands.
   *
   * @throws KernelLaunchException if one of them failed
   */
  void finish();

  @Override
  void close();
}
