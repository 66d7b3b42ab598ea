package dev.heddle.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.BitSet;

/**
 * SentencePiece's compiled normalisation: four bytes that tell the size of a trie, the trie, and
 * the texts that its values point into, each ended by a zero. The trie is a double array of
 * darts-clone's: a unit of 32 bits has a label in bits 0 to 7, whether a value follows in bit 8,
 * and where its children are in bits 10 to 31, times 256 if bit 9 is set.
 *
 * <p>The native library (spm_precompiled 0.1) believes every index in it; one that leads outside
 * ends the process. So each that a text could lead to is followed here first.
 */
final class CharsMap {
  /** Real ones have 240 kB to 1 MB. */
  private static final int LONGEST = 1 << 24;

  private static final int ALL_LABELS = 0xff;

  private final int[] units;
  private final ByteBuffer texts;

  private CharsMap(int[] units, ByteBuffer texts) {
    this.units = units;
    this.texts = texts;
  }

  /** What is wrong with {@code bytes}, or null if nothing is. */
  static String wrong(byte[] bytes) {
    if (bytes.length > LONGEST) {
      return "has %d bytes; at most %d are read".formatted(bytes.length, LONGEST);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (buffer.remaining() < 2 * Integer.BYTES) {
      return "has %d bytes, too few for a trie".formatted(bytes.length);
    }
    int size = buffer.getInt();
    if (size < Integer.BYTES || size > buffer.remaining() || size % Integer.BYTES != 0) {
      return "has a trie of %s bytes; %d follow"
          .formatted(Integer.toUnsignedString(size), buffer.remaining());
    }
    int[] units = new int[size / Integer.BYTES];
    buffer.asIntBuffer().get(units);
    ByteBuffer texts = buffer.position(buffer.position() + size).slice();
    try {
      StandardCharsets.UTF_8.newDecoder().decode(texts.duplicate());
    } catch (CharacterCodingException e) {
      return "has texts that are not UTF-8";
    }
    return new CharsMap(units, texts).wrongUnit();
  }

  /** Follows every way from the root: each begins where the children of a unit are. */
  private String wrongUnit() {
    BitSet seen = new BitSet(units.length);
    ArrayDeque<Integer> open = new ArrayDeque<>();
    open.add(children(0, 0));
    while (!open.isEmpty()) {
      int start = open.pop();
      if ((start | ALL_LABELS) >= units.length) {
        return "has a trie of %d units that leads to unit %s"
            .formatted(units.length, start | ALL_LABELS);
      }
      for (int label = 1; label <= ALL_LABELS; label++) {
        int child = start ^ label;
        if ((units[child] & (Integer.MIN_VALUE | ALL_LABELS)) == label && !seen.get(child)) {
          seen.set(child);
          int next = children(child, child);
          if ((units[child] >> 8 & 1) == 1 && !isValue(next)) {
            return "has a trie whose unit %d leads to no text".formatted(child);
          }
          open.push(next);
        }
      }
    }
    return null;
  }

  private int children(int unit, int from) {
    return from ^ units[unit] >>> 10 << ((units[unit] & 1 << 9) >> 6);
  }

  /** Whether this is a unit that holds where a text begins. */
  private boolean isValue(int unit) {
    if (unit >= units.length) {
      return false;
    }
    int text = units[unit] & Integer.MAX_VALUE;
    boolean inside = text < texts.limit() && (texts.get(text) & 0xc0) != 0x80;
    return inside || text == texts.limit();
  }
}
