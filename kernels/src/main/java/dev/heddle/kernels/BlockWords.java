package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * How {@code matmul_blocks.cl} wants a matrix {@code [n, k]} of blocks: cut into words of 16 bytes,
 * which stand block by block of k, word by word, the columns side by side; behind all words what a
 * block has besides.
 *
 * @param type of the blocks
 * @param words where in a block each word begins, in bytes
 * @param extra where what it has besides begins
 * @param extraBytes and how many bytes that is
 */
record BlockWords(DType type, int[] words, int extra, int extraBytes) {
  static final int WORD = 16;

  /** The layout of {@code type}; null where there is none. */
  static BlockWords of(DType type) {
    return switch (type) {
      case Q8_0 -> new BlockWords(type, from(2, 2), 0, 2);
      case Q4_0 -> new BlockWords(type, from(2, 1), 0, 2);
      case Q4_1 -> new BlockWords(type, from(4, 1), 0, 4);
      case Q4_K -> new BlockWords(type, from(0, 9), 0, 0);
      case Q6_K -> new BlockWords(type, from(0, 13), 208, 2);
      default -> null;
    };
  }

  private static int[] from(int first, int count) {
    int[] words = new int[count];
    Arrays.setAll(words, i -> first + i * WORD);
    return words;
  }

  /** Bytes of a matrix: as many as it had. */
  long bytes(long n, long k) {
    return n * (k / type.blockElements()) * (words.length * (long) WORD + extraBytes);
  }

  /** Lays a matrix out. */
  void pack(HostTensor from, MemorySegment to) {
    MemorySegment source = from.memory();
    long n = from.shape().dim(0);
    long blocks = from.shape().dim(1) / type.blockElements();
    long extras = blocks * words.length * n * WORD;
    for (long column = 0; column < n; column++) {
      for (long block = 0; block < blocks; block++) {
        long at = (column * blocks + block) * type.blockBytes();
        for (int w = 0; w < words.length; w++) {
          long word = (block * words.length + w) * n + column;
          MemorySegment.copy(source, at + words[w], to, word * WORD, WORD);
        }
        long own = extras + (block * n + column) * extraBytes;
        MemorySegment.copy(source, at + extra, to, own, extraBytes);
      }
    }
  }
}
