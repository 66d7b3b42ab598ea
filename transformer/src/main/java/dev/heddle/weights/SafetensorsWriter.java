package dev.heddle.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.heddle.tensor.HostTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Writes safetensors files. */
public final class SafetensorsWriter {
  private static final int CHUNK = 1 << 20;
  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  /** Writes {@code tensors} under their names, without metadata. */
  public static void write(Path file, Map<String, HostTensor> tensors) {
    write(file, tensors, Map.of());
  }

  /**
   * Writes {@code tensors} under their names. The file appears whole or not at all; one that was
   * there is replaced.
   *
   * <p>Wide elements come first and the data begins at a multiple of 8, as the reference
   * implementation does it: every element lies aligned in a mapping of the file. Within one width
   * the map's order is kept.
   *
   * @param metadata text for the header's {@code __metadata__}
   * @throws IllegalArgumentException if a name is {@code __metadata__}
   * @throws WeightFileException if the file cannot be written
   */
  public static void write(
      Path file, Map<String, HostTensor> tensors, Map<String, String> metadata) {
    List<TensorSource> sources = new ArrayList<>();
    tensors.forEach((name, tensor) -> sources.add(TensorSource.of(name, tensor)));
    write(file, sources, metadata);
  }

  /** The same with tensors whose bytes are made while they are written. */
  public static void write(Path file, List<TensorSource> tensors, Map<String, String> metadata) {
    if (tensors.stream().anyMatch(tensor -> tensor.name().equals(SafetensorsHeader.METADATA))) {
      throw new IllegalArgumentException(
          "no tensor can have the name " + SafetensorsHeader.METADATA + " in a safetensors file");
    }
    List<TensorSource> ordered =
        tensors.stream()
            .sorted(Comparator.comparingInt(tensor -> -tensor.dtype().bytes()))
            .toList();
    try {
      byte[] header = header(ordered, metadata);
      AtomicFile.write(
          file,
          channel -> {
            ByteBuffer length = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES);
            length.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).flip();
            writeFully(channel, length);
            writeFully(channel, ByteBuffer.wrap(header));
            byte[] chunk = new byte[CHUNK];
            for (TensorSource tensor : ordered) {
              tensor.content().writeTo(part -> writeElements(channel, part, chunk));
            }
          });
    } catch (IOException e) {
      throw WeightFileException.of(file, "cannot be written: " + e, e);
    }
  }

  private static byte[] header(List<TensorSource> tensors, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(SafetensorsHeader.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      long offset = 0;
      for (TensorSource tensor : tensors) {
        long end = offset + tensor.bytes();
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", SafetensorsType.of(tensor.dtype()).label());
        json.writeFieldName("shape");
        long[] extents = tensor.shape().toArray();
        json.writeArray(extents, 0, extents.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {offset, end}, 0, 2);
        json.writeEndObject();
        offset = end;
      }
      json.writeEndObject();
    }
    while (bytes.size() % ALIGNMENT != 0) {
      bytes.write(' ');
    }
    return bytes.toByteArray();
  }

  private static void writeElements(FileChannel channel, MemorySegment memory, byte[] chunk)
      throws IOException {
    for (long done = 0; done < memory.byteSize(); ) {
      int bytes = (int) Math.min(CHUNK, memory.byteSize() - done);
      MemorySegment.copy(memory, done, MemorySegment.ofArray(chunk), 0, bytes);
      writeFully(channel, ByteBuffer.wrap(chunk, 0, bytes));
      done += bytes;
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
