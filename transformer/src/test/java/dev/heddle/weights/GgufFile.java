package dev.heddle.weights;

import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes GGUF files as ggml's own writer does, in one part or several. */
public final class GgufFile {
  private static final int ALIGNMENT = 32;

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final List<Tensor> tensors = new ArrayList<>();

  private record Tensor(String name, GgmlType type, Shape shape, byte[] bytes) {}

  /** Nothing yet. */
  public GgufFile() {}

  /** A value: text, a number, a truth value, or a list of one of these. */
  public GgufFile put(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  /** A tensor of {@code type} F32, F16 or BF16; of others zeros. */
  public GgufFile tensor(String name, GgmlType type, float[] values, long... extents) {
    Shape shape = Shape.of(extents);
    int size = Math.toIntExact(shape.elements() / type.blockElements() * type.blockBytes());
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> bytes.asFloatBuffer().put(values);
      case F16 -> {
        for (float value : values) {
          bytes.putShort(Float.floatToFloat16(value));
        }
      }
      case BF16 -> {
        for (float value : values) {
          bytes.putShort((short) (Float.floatToIntBits(value) >>> 16));
        }
      }
      default -> {}
    }
    tensors.add(new Tensor(name, type, shape, bytes.array()));
    return this;
  }

  /** Without a tensor. */
  public GgufFile remove(String name) {
    tensors.removeIf(tensor -> tensor.name.equals(name));
    return this;
  }

  /** Everything in {@code path}. */
  public Path write(Path path) throws IOException {
    Files.write(path, part(metadata, tensors));
    return path;
  }

  /** In so many files in {@code folder}, the metadata in the first; gives the first. */
  public Path write(Path folder, String name, int parts) throws IOException {
    Path first = null;
    for (int i = 0; i < parts; i++) {
      Map<String, Object> own = i == 0 ? new LinkedHashMap<>(metadata) : new LinkedHashMap<>();
      own.put("split.no", i);
      own.put("split.count", parts);
      own.put("split.tensors.count", tensors.size());
      int from = tensors.size() * i / parts;
      int to = tensors.size() * (i + 1) / parts;
      Path path = folder.resolve("%s-%05d-of-%05d.gguf".formatted(name, i + 1, parts));
      Files.write(path, part(own, tensors.subList(from, to)));
      first = first == null ? path : first;
    }
    return first;
  }

  private static byte[] part(Map<String, Object> metadata, List<Tensor> tensors) {
    GgufBytes bytes = GgufBytes.header(tensors.size(), metadata.size());
    metadata.forEach((key, value) -> {
      bytes.string(key).u32(type(value));
      value(bytes, value);
    });
    long offset = 0;
    for (Tensor tensor : tensors) {
      long[] extents = tensor.shape.toArray();
      long[] inner = new long[extents.length];
      for (int i = 0; i < extents.length; i++) {
        inner[i] = extents[extents.length - 1 - i];
      }
      bytes.tensor(tensor.name, tensor.type.id(), offset, inner);
      offset += (tensor.bytes.length + ALIGNMENT - 1L) / ALIGNMENT * ALIGNMENT;
    }
    bytes.data(0);
    for (Tensor tensor : tensors) {
      bytes.raw(tensor.bytes);
      bytes.data(0);
    }
    return bytes.end();
  }

  private static int type(Object value) {
    return switch (value) {
      case Integer i -> GgufValueType.UINT32.id();
      case Float f -> GgufValueType.FLOAT32.id();
      case Boolean b -> GgufValueType.BOOL.id();
      case String s -> GgufValueType.STRING.id();
      case List<?> l -> GgufValueType.ARRAY.id();
      default -> throw new IllegalArgumentException(value.toString());
    };
  }

  private static void value(GgufBytes bytes, Object value) {
    switch (value) {
      case Integer i -> bytes.u32(i);
      case Float f -> bytes.u32(Float.floatToIntBits(f));
      case Boolean b -> bytes.u8(b ? 1 : 0);
      case String s -> bytes.string(s);
      case List<?> list -> {
        bytes.u32(type(list.getFirst())).u64(list.size());
        list.forEach(each -> value(bytes, each));
      }
      default -> throw new IllegalArgumentException(value.toString());
    }
  }
}
