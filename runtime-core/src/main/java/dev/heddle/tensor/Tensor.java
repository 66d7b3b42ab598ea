package dev.heddle.tensor;

import java.lang.foreign.MemorySegment;

/**
 * Elements of one type and shape, stored on one device, row-major.
 *
 * <p>Its owner closes it; the garbage collector never does. Using a closed tensor throws {@link
 * IllegalStateException}. Closing twice is harmless.
 */
public interface Tensor extends AutoCloseable {
  /** Type of the elements. */
  DType dtype();

  /** Extents of the axes. */
  Shape shape();

  /** The elements on the host: this tensor if it is there already, else a copy to be closed. */
  HostTensor toHost();

  /**
   * Copies the elements to the begin of {@code target}, without a tensor in between where that can
   * be.
   *
   * @throws IllegalArgumentException if they do not fit
   */
  default void copyTo(MemorySegment target) {
    checkRoom(this, target);
    HostTensor host = toHost();
    try {
      MemorySegment.copy(host.memory(), 0, target, 0, bytes());
    } finally {
      if (host != this) {
        host.close();
      }
    }
  }

  /** Refuses a target that {@code tensor} does not fit into. */
  static void checkRoom(Tensor tensor, MemorySegment target) {
    if (target.byteSize() < tensor.bytes()) {
      throw new IllegalArgumentException(
          "%s %s has %d bytes; the memory given has %d"
              .formatted(tensor.dtype(), tensor.shape(), tensor.bytes(), target.byteSize()));
    }
  }

  /** Size of the elements in bytes. */
  default long bytes() {
    return dtype().bytes(shape().elements());
  }

  @Override
  void close();
}
