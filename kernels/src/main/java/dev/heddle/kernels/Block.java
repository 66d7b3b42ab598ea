package dev.heddle.kernels;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Device memory that tensors lie in, freed when nobody holds it any more. Its first bytes may have
 * come to the host with the run that wrote them.
 */
final class Block {
  private final DeviceMemory memory;
  private final AtomicInteger holders = new AtomicInteger(1);
  private HostMemory mirror;
  private long mirrored;

  /** Held by the caller. */
  Block(DeviceMemory memory) {
    this.memory = memory;
  }

  DeviceMemory memory() {
    return memory;
  }

  /** Host memory for the first bytes; null if there is none. */
  HostMemory mirror() {
    return mirror;
  }

  /** Takes host memory for the first {@code bytes}, unless there is enough. */
  void growMirror(KernelDevice device, long bytes) {
    if (mirror == null || mirror.bytes().byteSize() < bytes) {
      // With a quarter more, if the block has that: then a little more wants no other.
      long roomy = Math.min(memory.bytes(), bytes + bytes / 4);
      HostMemory more = device.allocateHost(roomy, "what runs give back");
      if (mirror != null) {
        mirror.close();
      }
      mirror = more;
    }
  }

  /** Says how many of the first bytes the mirror holds as they are. */
  void mirrored(long bytes) {
    mirrored = bytes;
  }

  /** How many of the first bytes the mirror holds as they are. */
  long mirrored() {
    return mirrored;
  }

  /** Another holder. */
  void retain() {
    holders.incrementAndGet();
  }

  /** One less. */
  void release() {
    if (holders.decrementAndGet() == 0) {
      memory.close();
      if (mirror != null) {
        mirror.close();
      }
    }
  }
}
