package dev.heddle.weights;

import java.util.List;

/**
 * One metadata value of a GGUF file.
 *
 * @param type what the file says it is
 * @param value a {@link Long} ({@link java.math.BigInteger} for a UINT64 beyond 2^63 - 1), {@link
 *     Float}, {@link Double}, {@link Boolean}, {@link String} or {@link GgufArray}
 * @param offset bytes from the beginning of the file to the key
 */
public record GgufValue(GgufValueType type, Object value, long offset) {
  /**
   * A value to be written: text, a truth value, a {@link Float}, an {@link Integer} of 0 or more (a
   * UINT32), or a list of one of these.
   */
  public static GgufValue of(Object value) {
    return switch (value) {
      case String text -> new GgufValue(GgufValueType.STRING, text, 0);
      case Boolean truth -> new GgufValue(GgufValueType.BOOL, truth, 0);
      case Float number -> new GgufValue(GgufValueType.FLOAT32, number, 0);
      case Integer whole when whole >= 0 -> new GgufValue(GgufValueType.UINT32, (long) whole, 0);
      case List<?> list -> new GgufValue(GgufValueType.ARRAY, GgufArray.of(list), 0);
      default -> throw new IllegalArgumentException("no value of GGUF: " + value);
    };
  }

  /** Whole numbers as a list of INT32: ggml's type for the kinds of tokens. */
  public static GgufValue ofInts(List<Integer> numbers) {
    List<Object> elements = List.copyOf(numbers.stream().map(Integer::longValue).toList());
    GgufArray array = GgufArray.of(GgufValueType.INT32, elements);
    return new GgufValue(GgufValueType.ARRAY, array, 0);
  }
}
