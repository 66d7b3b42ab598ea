package dev.heddle.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes GGUF files: version 3, little-endian, in one part. */
public final class GgufWriter {
  private static final int CHUNK = 1 << 20;

  private final ByteArrayOutputStream header = new ByteArrayOutputStream();
  private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

  private GgufWriter() {}

  /**
   * Writes a file, which appears whole or not at all; one that was there is replaced.
   *
   * @param metadata in order; tensors are aligned to its {@code general.alignment}, or to 32 bytes
   * @throws WeightFileException if the format has no place for something, or the file cannot be
   *     written
   */
  public static void write(Path file, Map<String, GgufValue> metadata, List<TensorSource> tensors) {
    check(file, tensors);
    int alignment = alignment(metadata);
    GgufWriter writer = new GgufWriter();
    writer.header(metadata, tensors, alignment);
    try {
      AtomicFile.write(
          file,
          channel -> {
            byte[] bytes = writer.header.toByteArray();
            long written = bytes.length;
            writeFully(channel, ByteBuffer.wrap(bytes));
            byte[] chunk = new byte[CHUNK];
            for (TensorSource tensor : tensors) {
              writeFully(channel, padding(written, alignment));
              written = align(written, alignment) + tensor.bytes();
              tensor.content().writeTo(part -> copy(part, channel, chunk));
            }
            writeFully(channel, padding(written, alignment));
          });
    } catch (IOException e) {
      throw WeightFileException.of(file, "cannot be written: " + e, e);
    }
  }

  private static void check(Path file, List<TensorSource> tensors) {
    Set<String> names = new HashSet<>();
    for (TensorSource tensor : tensors) {
      String what = "tensor " + WeightFileException.quote(tensor.name());
      int bytes = tensor.name().getBytes(StandardCharsets.UTF_8).length;
      if (bytes > GgufHeader.LONGEST_TENSOR_NAME) {
        throw WeightFileException.of(
            file,
            what,
            "has a name of %d bytes; GGUF allows %d"
                .formatted(bytes, GgufHeader.LONGEST_TENSOR_NAME));
      }
      if (!names.add(tensor.name())) {
        throw WeightFileException.of(file, what, "is there twice");
      }
      if (tensor.shape().rank() > GgufHeader.MOST_AXES) {
        throw WeightFileException.of(
            file,
            what,
            "has %d axes; GGUF allows %d".formatted(tensor.shape().rank(), GgufHeader.MOST_AXES));
      }
      if (GgmlType.of(tensor.dtype()).isEmpty()) {
        throw WeightFileException.of(
            file, what, "is of %s, for which GGUF has no type".formatted(tensor.dtype()));
      }
    }
  }

  private static int alignment(Map<String, GgufValue> metadata) {
    GgufValue value = metadata.get(GgufHeader.ALIGNMENT);
    return value != null && value.value() instanceof Long whole
        ? Math.toIntExact(whole)
        : GgufHeader.DEFAULT_ALIGNMENT;
  }

  private static long align(long offset, int alignment) {
    return (offset + alignment - 1) & -(long) alignment;
  }

  private static ByteBuffer padding(long written, int alignment) {
    return ByteBuffer.allocate((int) (align(written, alignment) - written));
  }

  private static void copy(MemorySegment part, FileChannel channel, byte[] chunk)
      throws IOException {
    for (long done = 0; done < part.byteSize(); done += CHUNK) {
      int bytes = (int) Math.min(CHUNK, part.byteSize() - done);
      MemorySegment.copy(part, done, MemorySegment.ofArray(chunk), 0, bytes);
      writeFully(channel, ByteBuffer.wrap(chunk, 0, bytes));
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  // The header.

  private void header(Map<String, GgufValue> metadata, List<TensorSource> tensors, int alignment) {
    whole(GgufHeader.MAGIC, 4);
    whole(GgufHeader.NEWEST, 4);
    whole(tensors.size(), 8);
    whole(metadata.size(), 8);
    metadata.forEach((key, value) -> {
      text(key);
      whole(value.type().id(), 4);
      value(value.type(), value.value());
    });
    long offset = 0;
    for (TensorSource tensor : tensors) {
      text(tensor.name());
      int rank = tensor.shape().rank();
      whole(rank, 4);
      for (int axis = rank - 1; axis >= 0; axis--) {
        whole(tensor.shape().dim(axis), 8);
      }
      whole(GgmlType.of(tensor.dtype()).orElseThrow().id(), 4);
      whole(offset, 8);
      offset = align(offset + tensor.bytes(), alignment);
    }
  }

  private void whole(long value, int bytes) {
    number.putLong(0, value);
    header.write(number.array(), 0, bytes);
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    whole(bytes.length, 8);
    header.writeBytes(bytes);
  }

  private void value(GgufValueType type, Object value) {
    switch (type) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, INT64 ->
          whole((Long) value, type.leastBytes());
      case UINT64 -> whole(value instanceof BigInteger big ? big.longValue() : (Long) value, 8);
      case FLOAT32 -> whole(Float.floatToRawIntBits((Float) value), 4);
      case FLOAT64 -> whole(Double.doubleToRawLongBits((Double) value), 8);
      case BOOL -> whole((Boolean) value ? 1 : 0, 1);
      case STRING -> text((String) value);
      case ARRAY -> {
        GgufArray array = (GgufArray) value;
        whole(array.elementType().id(), 4);
        whole(array.size(), 8);
        array.forEach(element -> value(array.elementType(), element));
      }
    }
  }
}
