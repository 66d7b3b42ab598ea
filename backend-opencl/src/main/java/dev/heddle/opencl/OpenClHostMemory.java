package dev.heddle.opencl;

import dev.heddle.kernels.HostMemory;
import java.lang.foreign.MemorySegment;
import org.jocl.Pointer;

/** Native memory, and how JOCL is told of it: a copy allocates nothing. */
record OpenClHostMemory(HostMemory memory, Pointer pointer) implements HostMemory {
  static OpenClHostMemory of(long bytes) {
    HostMemory memory = HostMemory.plain(bytes);
    return new OpenClHostMemory(memory, Pointer.to(memory.bytes().asByteBuffer()));
  }

  /** Where {@code memory} lies, which has {@code bytes} or more. */
  static Pointer own(HostMemory memory, long bytes) {
    if (!(memory instanceof OpenClHostMemory own)) {
      throw new IllegalArgumentException("this memory was not allocated by an OpenCL device");
    }
    if (bytes > own.bytes().byteSize()) {
      throw new IndexOutOfBoundsException(
          "%,d bytes of memory of %,d".formatted(bytes, own.bytes().byteSize()));
    }
    if (!own.bytes().scope().isAlive()) {
      throw new IllegalStateException("this host memory was closed");
    }
    return own.pointer;
  }

  @Override
  public MemorySegment bytes() {
    return memory.bytes();
  }

  @Override
  public void close() {
    memory.close();
  }
}
