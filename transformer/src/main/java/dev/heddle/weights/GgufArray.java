package dev.heddle.weights;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * An array among the metadata of a GGUF file: a list, and the type the file gives its elements.
 *
 * <p>Elements are {@link Long} ({@link BigInteger} for a UINT64 beyond 2^63 - 1), {@link Float},
 * {@link Double}, {@link Boolean}, {@link String} or {@link GgufArray}. Numbers stay packed as in
 * the file.
 */
public final class GgufArray extends AbstractList<Object> implements RandomAccess {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final GgufValueType elementType;
  private final int size;
  private final MemorySegment packed;
  private final List<Object> objects;

  private GgufArray(
      GgufValueType elementType, int size, MemorySegment packed, List<Object> objects) {
    this.elementType = elementType;
    this.size = size;
    this.packed = packed;
    this.objects = objects;
  }

  /** An array of numbers or truth values, {@code packed} as in a file. */
  static GgufArray packed(GgufValueType elementType, byte[] packed) {
    int size = packed.length / elementType.leastBytes();
    return new GgufArray(elementType, size, MemorySegment.ofArray(packed), List.of());
  }

  /** An array to be written, of values that {@link GgufValue#of} takes, all of one type. */
  static GgufArray of(List<?> values) {
    List<GgufValue> elements = values.stream().map(GgufValue::of).toList();
    GgufValueType type = elements.isEmpty() ? GgufValueType.STRING : elements.getFirst().type();
    return of(type, List.copyOf(elements.stream().map(GgufValue::value).toList()));
  }

  /** An array whose elements are objects: strings, arrays, and all that is to be written. */
  static GgufArray of(GgufValueType elementType, List<Object> elements) {
    return new GgufArray(elementType, elements.size(), MemorySegment.NULL, elements);
  }

  /** What the file says the elements are. */
  public GgufValueType elementType() {
    return elementType;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public Object get(int index) {
    Objects.checkIndex(index, size);
    if (!objects.isEmpty()) {
      return objects.get(index);
    }
    return switch (elementType) {
      case STRING, ARRAY -> throw new IndexOutOfBoundsException(index);
      default -> element(elementType, packed, (long) index * elementType.leastBytes());
    };
  }

  /** The number or truth value at {@code offset} of {@code bytes}. */
  static Object element(GgufValueType type, MemorySegment bytes, long offset) {
    return switch (type) {
      case UINT8 -> (long) Byte.toUnsignedInt(bytes.get(JAVA_BYTE, offset));
      case INT8 -> (long) bytes.get(JAVA_BYTE, offset);
      case UINT16 -> (long) Short.toUnsignedInt(bytes.get(SHORT, offset));
      case INT16 -> (long) bytes.get(SHORT, offset);
      case UINT32 -> Integer.toUnsignedLong(bytes.get(INT, offset));
      case INT32 -> (long) bytes.get(INT, offset);
      case INT64 -> bytes.get(LONG, offset);
      case UINT64 -> {
        long bits = bytes.get(LONG, offset);
        yield bits >= 0 ? (Object) bits : new BigInteger(Long.toUnsignedString(bits));
      }
      case FLOAT32 -> Float.intBitsToFloat(bytes.get(INT, offset));
      case FLOAT64 -> Double.longBitsToDouble(bytes.get(LONG, offset));
      case BOOL -> bytes.get(JAVA_BYTE, offset) != 0;
      case STRING, ARRAY -> throw new IllegalArgumentException(type + " has no fixed size");
    };
  }
}
