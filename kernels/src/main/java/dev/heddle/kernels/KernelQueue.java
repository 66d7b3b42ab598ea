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

  /**
   * Copies the first {@code bytes} of {@code from} to the begin of {@code to}, as they are when the
   * command is carried out: they must not change until it has ended.
   */
  default void upload(HostMemory from, DeviceMemory to, long bytes) {
    write(from.bytes().asSlice(0, bytes), to, 0);
  }

  /**
   * Copies the first {@code bytes} of {@code from} to the begin of {@code to}, which has them when
   * the command has ended.
   */
  default void download(DeviceMemory from, HostMemory to, long bytes) {
    read(from, 0, to.bytes().asSlice(0, bytes));
  }

  /**
   * Multiplies by the device's {@link KernelDevice#products library}.
   *
   * @param operands a tensor for each {@link Product.Operand}, in their order; may be filled anew
   *     once this returns
   * @throws KernelLaunchException if it refuses
   */
  default void multiply(Product product, Arguments operands) {
    throw new IllegalArgumentException("this device has no library that multiplies");
  }

  /** Sets bytes to 0; {@code offset} and {@code bytes} are multiples of 4. */
  void zero(DeviceMemory to, long offset, long bytes);

  /**
   * Waits for all commands.
   *
   * @throws KernelLaunchException if one of them failed
   */
  void finish();

  /**
   * Makes one command of many, where the device can: a CUDA graph. Nothing is carried out now. The
   * caller closes it. Whatever the commands use lives whenever it is launched, and may be closed
   * before it.
   *
   * @return null where the device cannot, or it would not pay
   * @throws KernelLaunchException if the device refuses the commands; then nothing is left of it
   */
  default Recording record(Commands commands) {
    return null;
  }

  /**
   * Carries out what was recorded, as one command; {@link HostMemory} gives and takes anew.
   *
   * @param recording made by {@link #record} of this queue
   * @throws KernelLaunchException if the device refuses it
   */
  default void launch(Recording recording) {
    throw new IllegalArgumentException("this queue recorded nothing");
  }

  @Override
  void close();
}
