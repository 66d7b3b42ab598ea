package dev.heddle.weights;

import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The table of a CTranslate2 file: {@code version u32}, from version 2 on {@code specification} and
 * {@code revision u32}; {@code variables u32}, and of each {@code name}, {@code rank u8}, {@code
 * extents u32}, {@code bytes of an element u8}, {@code elements u32}, and the elements. A text is a
 * {@code length u16}, its final zero counted, and that many bytes.
 *
 * @param specification what it is a model of, or null
 */
record Ctranslate2Header(int version, String specification, Map<String, TensorInfo> tensors) {
  /** The latest version that there is; later than the second nothing is read. */
  static final int LATEST = 6;

  private static final int READ = 2;
  private static final int LONGEST_NAME = 512;
  private static final int MOST_AXES = 8;

  /** Elements that one array holds. */
  private static final long LARGEST = Integer.MAX_VALUE - 8;

  /** How the first version, which took OpenNMT-tf's names, calls what the second does. */
  private static final Map<Pattern, String> NAMES = new LinkedHashMap<>();

  static {
    NAMES.put(Pattern.compile("^transformer/"), "");
    NAMES.put(Pattern.compile(":0"), "");
    NAMES.put(Pattern.compile("w_embs"), "embeddings/weight");
    NAMES.put(Pattern.compile("LayerNorm"), "layer_norm");
    NAMES.put(Pattern.compile("masked_multi_head"), "self_attention");
    NAMES.put(Pattern.compile("^(encoder/.*)multi_head"), "$1self_attention");
    NAMES.put(Pattern.compile("^(decoder/.*)multi_head"), "$1attention");
    NAMES.put(Pattern.compile("conv1d_"), "linear_");
    NAMES.put(Pattern.compile("conv1d"), "linear_0");
    NAMES.put(Pattern.compile("dense"), "projection");
    NAMES.put(Pattern.compile("kernel"), "weight");
  }

  static Ctranslate2Header read(Path path, MemorySegment file) {
    Cursor cursor = new Cursor(path, file);
    long version = cursor.u32("version");
    if (version < 1 || version > READ) {
      throw WeightFileException.at(
          path,
          0,
          "version",
          "is %d; 1 and 2 of CTranslate2's format are read. Convert the model again, from its"
                  .formatted(version)
              + " checkpoint to safetensors");
    }
    String specification = null;
    if (version > 1) {
      specification = cursor.text("specification");
      cursor.u32("revision");
    }
    long count = cursor.u32("number of variables");
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      TensorInfo tensor = cursor.tensor(version == 1);
      if (tensors.put(tensor.name(), tensor) != null) {
        throw WeightFileException.of(
            path, "tensor " + WeightFileException.quote(tensor.name()), "is there twice");
      }
    }
    if (cursor.at != file.byteSize()) {
      throw WeightFileException.at(
          path,
          cursor.at,
          "end",
          "%d bytes follow the last variable".formatted(file.byteSize() - cursor.at));
    }
    return new Ctranslate2Header((int) version, specification, tensors);
  }

  private static String today(String name) {
    String renamed = name;
    for (Map.Entry<Pattern, String> each : NAMES.entrySet()) {
      renamed = each.getKey().matcher(renamed).replaceAll(each.getValue());
    }
    return renamed;
  }

  /** A place in the file. */
  private static final class Cursor {
    private static final ValueLayout.OfInt U32 =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final MemorySegment file;
    private long at;

    Cursor(Path path, MemorySegment file) {
      this.path = path;
      this.file = file;
    }

    /** Where the next {@code bytes} bytes begin, which are passed over. */
    private long take(String what, long bytes) {
      if (bytes > file.byteSize() - at) {
        throw WeightFileException.at(
            path,
            at,
            what,
            "needs %d bytes; the file has %d more".formatted(bytes, file.byteSize() - at));
      }
      long start = at;
      at += bytes;
      return start;
    }

    long u32(String what) {
      return Integer.toUnsignedLong(file.get(U32, take(what, Integer.BYTES)));
    }

    private int u8(String what) {
      return Byte.toUnsignedInt(file.get(ValueLayout.JAVA_BYTE, take(what, 1)));
    }

    String text(String what) {
      int length = Short.toUnsignedInt(file.get(U16, take(what, Short.BYTES)));
      long start = take(what, length);
      boolean ends = length > 0 && file.get(ValueLayout.JAVA_BYTE, start + length - 1) == 0;
      if (!ends || length > LONGEST_NAME) {
        throw WeightFileException.at(
            path,
            start,
            what,
            "is a text of %d bytes%s; expected up to %d, the last one zero"
                .formatted(length, ends ? "" : " without a zero behind it", LONGEST_NAME));
      }
      byte[] bytes = file.asSlice(start, length - 1).toArray(ValueLayout.JAVA_BYTE);
      return new String(bytes, StandardCharsets.UTF_8);
    }

    TensorInfo tensor(boolean old) {
      String name = text("name of a variable");
      String field = "tensor " + WeightFileException.quote(name);
      int rank = u8(field);
      if (rank > MOST_AXES) {
        throw WeightFileException.at(
            path, at - 1, field, "has %d axes; expected up to %d".formatted(rank, MOST_AXES));
      }
      long[] extents = new long[rank];
      long elements = 1;
      for (int axis = 0; axis < rank; axis++) {
        extents[axis] = u32(field);
        elements = elements > LARGEST / Math.max(1, extents[axis]) ? -1 : elements * extents[axis];
        if (elements < 0) {
          throw WeightFileException.at(
              path, at, field, "has more than %d elements".formatted(LARGEST));
        }
      }
      long typeAt = at;
      int size = u8(field);
      SafetensorsType type =
          switch (size) {
            case 1 -> SafetensorsType.I8;
            case 2 -> SafetensorsType.I16;
            case 4 -> SafetensorsType.F32;
            default ->
                throw WeightFileException.at(
                    path,
                    typeAt,
                    field,
                    "has elements of %d bytes; expected 1, 2 or 4".formatted(size));
          };
      long count = u32(field);
      if (count != elements) {
        throw WeightFileException.at(
            path, typeAt, field, "has %d elements; its extents make %d".formatted(count, elements));
      }
      long bytes = count * size;
      long offset = take(field, bytes);
      return new TensorInfo(old ? today(name) : name, type, Shape.of(extents), path, offset, bytes);
    }
  }
}
