package dev.heddle.fuzz;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Changes a few bytes of a valid file, as a fault or a foe might. */
final class Mutation {
  /** Numbers that lie at an edge of what a field can hold, or of what readers multiply. */
  private static final long[] EDGES = {
    0,
    1,
    -1,
    2,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fffffff,
    0x80000000L,
    0xffffffffL,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MAX_VALUE / 4 + 1,
    -8
  };

  private Mutation() {}

  /** {@code valid} with some changes, among them pieces of {@code other}. */
  static byte[] of(byte[] valid, byte[] other, RandomGenerator random) {
    byte[] mutant = valid.clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      // Headers matter most and stand in front.
      int limit = random.nextBoolean() ? Math.min(mutant.length, 512) : mutant.length;
      int at = random.nextInt(Math.max(1, limit));
      mutant =
          switch (random.nextInt(9)) {
            case 0 -> flipped(mutant, at, random.nextInt(8));
            case 1 -> overwritten(mutant, at, random.nextLong(), 1);
            case 2 -> {
              int bytes = 1 << random.nextInt(4);
              yield overwritten(mutant, at, EDGES[random.nextInt(EDGES.length)], bytes);
            }
            case 3 -> Arrays.copyOf(mutant, at);
            case 4 -> spliced(mutant, at, random.nextInt(24), new byte[0], 0, 0);
            case 5 -> {
              int from = random.nextInt(Math.max(1, other.length));
              int length = Math.min(random.nextInt(64), other.length - from);
              yield spliced(mutant, at, random.nextInt(length + 1), other, from, length);
            }
            case 6 -> {
              byte[] number = Long.toString(EDGES[random.nextInt(EDGES.length)]).getBytes(US_ASCII);
              yield spliced(mutant, at, random.nextInt(4), number, 0, number.length);
            }
            case 7 -> reworded(mutant, at, other, random.nextInt(Math.max(1, other.length)));
            default -> moved(mutant, at, random.nextInt(Math.max(1, limit)), random.nextInt(16));
          };
    }
    return mutant;
  }

  private static byte[] flipped(byte[] bytes, int at, int bit) {
    if (at < bytes.length) {
      bytes[at] ^= (byte) (1 << bit);
    }
    return bytes;
  }

  private static byte[] overwritten(byte[] bytes, int at, long value, int count) {
    for (int i = 0; i < count && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >>> (8 * i));
    }
    return bytes;
  }

  /** Takes {@code gone} bytes out at {@code at} and puts a piece of {@code other} there. */
  private static byte[] spliced(
      byte[] bytes, int at, int gone, byte[] other, int from, int length) {
    int start = Math.min(at, bytes.length);
    int end = Math.min(start + gone, bytes.length);
    byte[] result = new byte[bytes.length - (end - start) + length];
    System.arraycopy(bytes, 0, result, 0, start);
    System.arraycopy(other, from, result, start, length);
    System.arraycopy(bytes, end, result, start + length, bytes.length - end);
    return result;
  }

  /** Puts a word of {@code other} for one: what leaves text in the form it has. */
  private static byte[] reworded(byte[] bytes, int at, byte[] other, int from) {
    int start = wordStart(bytes, Math.min(at, bytes.length));
    int otherStart = wordStart(other, from);
    int length = wordEnd(other, otherStart) - otherStart;
    return spliced(bytes, start, wordEnd(bytes, start) - start, other, otherStart, length);
  }

  private static int wordStart(byte[] bytes, int at) {
    int start = at;
    while (start > 0 && isOfWord(bytes[start - 1])) {
      start--;
    }
    return start;
  }

  private static int wordEnd(byte[] bytes, int start) {
    int end = start;
    while (end < bytes.length && isOfWord(bytes[end])) {
      end++;
    }
    return end;
  }

  private static boolean isOfWord(byte b) {
    return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b == '_';
  }

  private static byte[] moved(byte[] bytes, int from, int to, int count) {
    int length = Math.min(count, bytes.length - Math.max(from, to));
    if (length > 0) {
      System.arraycopy(bytes, from, bytes, to, length);
    }
    return bytes;
  }
}
