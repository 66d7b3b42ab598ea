package dev.heddle.opencl;

import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Handle;
import org.jocl.cl_mem;

/**
 * Memory on an OpenCL device.
 *
 * @param device whose it is
 */
record OpenClMemory(OpenClDevice device, long bytes, Handle<cl_mem> handle)
    implements DeviceMemory {
  @Override
  public void close() {
    handle.close();
  }

  /** Refuses a range that does not lie within. */
  void check(long offset, long length) {
    if (offset < 0 || length < 0 || offset > bytes - length) {
      throw new IndexOutOfBoundsException(
          "%,d bytes at %,d of memory of %,d".formatted(length, offset, bytes));
    }
  }
}
