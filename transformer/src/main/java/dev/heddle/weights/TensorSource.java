package dev.heddle.weights;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A tensor to be written, whose bytes are made while they are written: a file is converted without
 * ever being in memory whole.
 *
 * @param content writes {@code dtype.bytes(shape.elements())} bytes
 */
public record TensorSource(String name, DType dtype, Shape shape, Content content) {
  /** Where bytes go, one part after the other. */
  @FunctionalInterface
  public interface Sink {
    /** Takes bytes, which are the caller's again when it returns. */
    void write(MemorySegment bytes) throws IOException;
  }

  /** Gives a tensor's bytes. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of them. */
    void writeTo(Sink sink) throws IOException;
  }

  /** A tensor as it is. */
  public static TensorSource of(String name, HostTensor tensor) {
    return new TensorSource(
        name, tensor.dtype(), tensor.shape(), sink -> sink.write(tensor.memory()));
  }

  /** Size in the file. */
  public long bytes() {
    return dtype.bytes(shape.elements());
  }
}
