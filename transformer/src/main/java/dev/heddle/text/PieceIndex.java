package dev.heddle.text;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Numbers of tokens by their spelling, for parts of a string without copying each: a string's parts
 * are looked up by a rolling hash, a polynomial modulo 2^61 - 1 in a base that nobody knows ahead,
 * so that no vocabulary can be made to collide.
 */
final class PieceIndex {
  private static final long PRIME = (1L << 61) - 1;

  private final List<String> pieces;
  private final int[] slots;
  private final long[] hashes;

  /** Powers of the base: {@code powers[1]} is the base. */
  private final long[] powers;

  /** Told of a piece that is two pieces. */
  interface Cut {
    /** The numbers of both. */
    void at(int left, int right);
  }

  PieceIndex(List<String> pieces) {
    this.pieces = pieces;
    this.powers = new long[pieces.stream().mapToInt(String::length).max().orElse(0) + 2];
    powers[0] = 1;
    long base = ThreadLocalRandom.current().nextLong(1 << 20, PRIME);
    for (int i = 1; i < powers.length; i++) {
      powers[i] = times(powers[i - 1], base);
    }
    this.hashes = new long[pieces.size()];
    this.slots = new int[Integer.highestOneBit(Math.max(1, pieces.size())) << 2];
    for (int id = 0; id < pieces.size(); id++) {
      hashes[id] = head(pieces.get(id))[pieces.get(id).length()];
      int slot = slot(hashes[id]);
      while (slots[slot] != 0) {
        slot = slot + 1 & slots.length - 1;
      }
      slots[slot] = id + 1;
    }
  }

  /** Each way to cut a piece in two that are pieces both, the longest left one first. */
  void cuts(int id, Cut cut) {
    String piece = pieces.get(id);
    long[] head = head(piece);
    int length = piece.length();
    for (int at = length - 1; at > 0; at--) {
      int left = find(piece, 0, at, head[at]);
      if (left >= 0) {
        long tail = Math.floorMod(head[length] - times(head[at], powers[length - at]), PRIME);
        int right = find(piece, at, length, tail);
        if (right >= 0) {
          cut.at(left, right);
        }
      }
    }
  }

  /** The hash of each beginning of {@code text}. */
  private long[] head(String text) {
    long[] head = new long[text.length() + 1];
    for (int i = 0; i < text.length(); i++) {
      head[i + 1] = (times(head[i], powers[1]) + text.charAt(i) + 1) % PRIME;
    }
    return head;
  }

  private int find(String text, int from, int to, long hash) {
    for (int slot = slot(hash); slots[slot] != 0; slot = slot + 1 & slots.length - 1) {
      int id = slots[slot] - 1;
      String piece = pieces.get(id);
      if (hashes[id] == hash && piece.length() == to - from && text.startsWith(piece, from)) {
        return id;
      }
    }
    return -1;
  }

  private int slot(long hash) {
    return (int) (hash ^ hash >>> 31) & slots.length - 1;
  }

  private static long times(long a, long b) {
    long high = Math.multiplyHigh(a, b);
    long low = a * b;
    return ((high << 3 | low >>> 61) + (low & PRIME)) % PRIME;
  }
}
