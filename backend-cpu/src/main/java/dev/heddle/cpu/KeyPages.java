package dev.heddle.cpu;

import dev.heddle.op.Attention;
import dev.heddle.op.CacheWrite;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.CacheBlocks;
import dev.heddle.tensor.DType;

/** Keys and values that lie in pages: see {@link Attention#PAGES}. */
final class KeyPages {
  private final Site site;
  private final Operand cache;
  private final Operand table;
  private final Operand lengths;

  KeyPages(Site site) {
    this.site = site;
    this.cache = site.in(Attention.KEY);
    this.table = site.in(Attention.PAGES);
    this.lengths = site.in(Attention.KEY_LENGTHS);
  }

  /** Refuses extents that do not fit {@code sequences}. */
  void bind(long sequences) {
    Operand values = site.in(Attention.VALUE);
    if (table.dim(0) != sequences || lengths.elements() != sequences) {
      throw site.wrong(
          "%d sequences of queries, %d key lengths, pages of %d"
              .formatted(sequences, lengths.elements(), table.dim(0)));
    }
    if (values.dim(0) != cache.dim(0) || values.dim(1) != cache.dim(1)) {
      throw site.wrong("as many pages of keys as of values: %s, %s".formatted(cache, values));
    }
  }

  /** Refuses a length that the table has no room for, and pages of {@code [from, to)} not there. */
  void check(long sequence, long from, long to) {
    long room = table.dim(1) * pageTokens();
    int keys = Memory.getInt(lengths.address() + 4 * sequence);
    if (keys < 0 || keys > room) {
      throw site.wrong(
          "key length %d of sequence %d is out of range; the pages have %d"
              .formatted(keys, sequence, room));
    }
    for (long j = from / pageTokens() * pageTokens(); j < Math.min(to, keys); j += pageTokens()) {
      if (row(sequence, j) < 0) {
        throw site.wrong(
            "page %d is out of range; the cache has %d".formatted(page(sequence, j), cache.dim(0)));
      }
    }
  }

  long pageTokens() {
    return cache.dim(1);
  }

  /** Keys of the sequence. */
  int keys(long sequence) {
    return Memory.getInt(lengths.address() + 4 * sequence);
  }

  private int page(long sequence, long key) {
    long index = sequence * table.dim(1) + key / pageTokens();
    return Memory.getInt(table.address() + 4 * index);
  }

  /** The row of the cache that holds the key; negative if its page is not there. */
  long row(long sequence, long key) {
    long page = page(sequence, key);
    return page >= 0 && page < cache.dim(0) ? page * pageTokens() + key % pageTokens() : -1;
  }

  /** Type of what lies in them. */
  DType type() {
    return cache.dtype();
  }

  /**
   * Brings {@code elements} elements of a row to float32.
   *
   * @param row what {@link #row} said; of one that is not there all are 0
   * @param from where they lie, if it is there
   */
  void read(long row, long from, int elements, long to) {
    if (row < 0) {
      Memory.zero(to, 4L * elements);
    } else if (type() == DType.F32) {
      Memory.copy(from, to, 4L * elements);
    } else if (type() == CacheWrite.BLOCKS) {
      CacheBlocks.read(Memory.ALL, from, elements, Memory.ALL, to);
    } else {
      for (int i = 0; i < elements; i++) {
        double element = Scalars.getDouble(type(), from + (long) i * type().bytes());
        Memory.putFloat(to + 4L * i, (float) element);
      }
    }
  }
}
