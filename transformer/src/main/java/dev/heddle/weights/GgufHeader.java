package dev.heddle.weights;

import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The checked header of one GGUF file: version, metadata, and where the tensors lie.
 *
 * @param version 2 or 3, which differ in nothing a little-endian reader sees
 * @param metadata in the file's order
 * @param tensors in the file's order, which is that of their bytes
 */
record GgufHeader(int version, Map<String, GgufValue> metadata, List<TensorInfo> tensors) {
  static final int MAGIC = 0x46554747; // "GGUF"

  /** The newest version, which is the one that is written. */
  static final int NEWEST = 3;

  static final String ALIGNMENT = "general.alignment";
  static final int DEFAULT_ALIGNMENT = 32;
  private static final int LONGEST_KEY = 65_535;

  /** ggml keeps a name in 64 bytes, the last one zero. */
  static final int LONGEST_TENSOR_NAME = 63;

  static final int MOST_AXES = 4;

  /** A length, a character, a type and a byte. */
  private static final int LEAST_METADATA_BYTES = 8 + 1 + 4 + 1;

  /** Length of the name, number of axes, type and offset. */
  private static final int LEAST_TENSOR_BYTES = 8 + 4 + 4 + 8;

  static GgufHeader read(Path path, MemorySegment file) {
    return new Reader(path, file).read();
  }

  private static final class Reader {
    private final Path path;
    private final long fileBytes;
    private final GgufCursor cursor;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();

    Reader(Path path, MemorySegment file) {
      this.path = path;
      this.fileBytes = file.byteSize();
      this.cursor = new GgufCursor(path, file);
    }

    GgufHeader read() {
      int magic = cursor.u32("magic");
      if (magic != MAGIC) {
        throw cursor.wrong(
            0,
            "magic",
            "is 0x%08x; a GGUF file begins with 0x%08x, \"GGUF\""
                .formatted(Integer.reverseBytes(magic), Integer.reverseBytes(MAGIC)));
      }
      int version = readVersion();
      // The number of tensors stands before the metadata, the tensors after: both must fit.
      long tensorCount = cursor.count("tensor count", LEAST_TENSOR_BYTES);
      long metadataCount = cursor.count("metadata count", LEAST_METADATA_BYTES);
      for (long i = 0; i < metadataCount; i++) {
        readMetadata(i);
      }
      int alignment = alignment();
      List<Entry> entries = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (long i = 0; i < tensorCount; i++) {
        entries.add(readTensor(i, names));
      }
      return new GgufHeader(version, metadata, place(entries, alignment));
    }

    private int readVersion() {
      long at = cursor.position();
      int version = cursor.u32("version");
      if (version == 2 || version == 3) {
        return version;
      }
      int swapped = Integer.reverseBytes(version);
      String reason =
          swapped > 0 && swapped <= 0xffff
              ? "is %d in big-endian order; only little-endian files are read".formatted(swapped)
              : "is %s; versions 2 and 3 are read".formatted(Integer.toUnsignedString(version));
      throw cursor.wrong(at, "version", reason);
    }

    private void readMetadata(long index) {
      long at = cursor.position();
      String key = cursor.string("metadata key %d".formatted(index));
      String field = "metadata " + WeightFileException.quote(key);
      checkName(at, field, key, LONGEST_KEY);
      if (key.isEmpty()) {
        throw cursor.wrong(at, field, "has an empty key");
      }
      GgufValueType type = cursor.valueType(field);
      GgufValue value = new GgufValue(type, cursor.value(type, field), at);
      if (metadata.putIfAbsent(key, value) != null) {
        throw cursor.wrong(at, field, "is there twice");
      }
    }

    /** A name is one thing to every reader: no NUL, at which a reader in C stops. */
    private void checkName(long at, String field, String name, int longest) {
      int bytes = name.getBytes(StandardCharsets.UTF_8).length;
      if (bytes > longest) {
        throw cursor.wrong(
            at, field, "has a name of %d bytes; at most %d are allowed".formatted(bytes, longest));
      }
      if (name.indexOf('\0') >= 0) {
        throw cursor.wrong(at, field, "has a NUL in its name");
      }
    }

    private int alignment() {
      GgufValue value = metadata.get(ALIGNMENT);
      if (value == null) {
        return DEFAULT_ALIGNMENT;
      }
      String field = "metadata " + WeightFileException.quote(ALIGNMENT);
      if (value.type() != GgufValueType.UINT32) {
        throw WeightFileException.at(
            path, value.offset(), field, "is a %s; expected a UINT32".formatted(value.type()));
      }
      long alignment = (Long) value.value();
      if (Long.bitCount(alignment) != 1 || alignment > Integer.MAX_VALUE) {
        throw WeightFileException.at(
            path,
            value.offset(),
            field,
            "is %d; expected a power of two below 2^31".formatted(alignment));
      }
      return (int) alignment;
    }

    private Entry readTensor(long index, Set<String> names) {
      long at = cursor.position();
      String name = cursor.string("tensor name %d".formatted(index));
      String field = "tensor " + WeightFileException.quote(name);
      checkName(at, field, name, LONGEST_TENSOR_NAME);
      if (!names.add(name)) {
        throw cursor.wrong(at, field, "is there twice");
      }
      Shape shape = readShape(field);
      GgmlType type = readType(field);
      long bytes = bytes(at, field, shape, type);
      long offsetAt = cursor.position();
      long offset = cursor.u64(field + ": offset");
      return new Entry(name, field, type, shape, bytes, offset, offsetAt);
    }

    /** Extents stand in the file innermost first. */
    private Shape readShape(String field) {
      long at = cursor.position();
      int axes = cursor.u32(field + ": number of axes");
      if (Integer.compareUnsigned(axes, MOST_AXES) > 0) {
        throw cursor.wrong(
            at,
            field,
            "has %s axes; at most %d are allowed"
                .formatted(Integer.toUnsignedString(axes), MOST_AXES));
      }
      long[] extents = new long[axes];
      for (int axis = axes - 1; axis >= 0; axis--) {
        long extentAt = cursor.position();
        extents[axis] = cursor.u64(field + ": extents");
        if (extents[axis] < 0) {
          throw cursor.wrong(
              extentAt,
              field,
              "has an extent of %s; at most 2^63 - 1 are allowed"
                  .formatted(Long.toUnsignedString(extents[axis])));
        }
      }
      try {
        return Shape.of(extents);
      } catch (IllegalArgumentException e) {
        throw WeightFileException.at(path, at, field, e.getMessage(), e);
      }
    }

    private GgmlType readType(String field) {
      long at = cursor.position();
      int id = cursor.u32(field + ": type");
      return GgmlType.of(id).orElseThrow(() -> cursor.wrong(at, field, unknownType(id)));
    }

    private static String unknownType(int id) {
      return GgmlType.removed(id)
          .map(name ->
              "has the type %d, %s, which ggml has removed; quantise the model anew"
                  .formatted(id, name))
          .orElseGet(
              () -> "has the type %s, which is unknown".formatted(Integer.toUnsignedString(id)));
    }

    private long bytes(long at, String field, Shape shape, GgmlType type) {
      long row = shape.rank() == 0 ? 1 : shape.dim(-1);
      if (row % type.blockElements() != 0) {
        throw cursor.wrong(
            at,
            field,
            "has rows of %d elements; %s needs a multiple of %d"
                .formatted(row, type, type.blockElements()));
      }
      try {
        return Math.multiplyExact(shape.elements() / type.blockElements(), type.blockBytes());
      } catch (ArithmeticException e) {
        String reason = "%s %s has more than 2^63 bytes".formatted(type, shape);
        throw WeightFileException.at(path, at, field, reason, e);
      }
    }

    /** As ggml asks for it: tensors follow each other, each at the next aligned offset. */
    private List<TensorInfo> place(List<Entry> entries, int alignment) {
      long start = align(cursor.position(), alignment);
      long expected = 0;
      List<TensorInfo> tensors = new ArrayList<>(entries.size());
      for (Entry entry : entries) {
        if (entry.offset != expected) {
          throw cursor.wrong(
              entry.offsetAt,
              entry.field,
              "has the offset %s; expected %d, the next multiple of %d after the tensor before"
                  .formatted(Long.toUnsignedString(entry.offset), expected, alignment));
        }
        long available = fileBytes - start - entry.offset;
        if (entry.bytes > available) {
          throw cursor.wrong(
              entry.offsetAt,
              entry.field,
              "%s %s at offset %d needs %d bytes; the file has %d"
                  .formatted(
                      entry.type, entry.shape, entry.offset, entry.bytes, Math.max(0, available)));
        }
        tensors.add(
            new TensorInfo(
                entry.name, entry.type, entry.shape, path, start + entry.offset, entry.bytes));
        expected = align(entry.offset + entry.bytes, alignment);
      }
      return tensors;
    }

    private static long align(long offset, int alignment) {
      return (offset + alignment - 1) & -(long) alignment;
    }
  }

  /** A tensor before it is known where the data begins. */
  private record Entry(
      String name,
      String field,
      GgmlType type,
      Shape shape,
      long bytes,
      long offset,
      long offsetAt) {}
}
