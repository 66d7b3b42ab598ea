package dev.heddle.cpu;

import dev.heddle.op.Attention;
import dev.heddle.plan.Operand;

/**
 * How an {@link Attention}'s operands lie in one run: sequences of queries and keys, and where each
 * head's vector of a row begins, whatever the layout.
 */
final class AttentionExtents {
  private final Site site;
  private final Attention op;
  private final Operand query;
  private final Operand key;
  private final Operand value;
  private final Operand starts;
  private final Operand keyStarts;
  private final KeyPages pages;
  private final long[] maskStrides = new long[4];
  private long headDim;
  private long valueDim;

  AttentionExtents(Site site, Attention op) {
    this.site = site;
    this.op = op;
    this.query = site.in(Attention.QUERY);
    this.key = site.in(Attention.KEY);
    this.value = site.in(Attention.VALUE);
    this.starts = site.in(Attention.CU_SEQ_LENS);
    Operand own = site.in(Attention.CU_SEQ_LENS_KEY);
    this.keyStarts = own == null ? starts : own;
    this.pages = site.in(Attention.PAGES) == null ? null : new KeyPages(site);
  }

  /** Learns new extents. */
  void bind() {
    headDim = headDim(query, op.heads());
    valueDim = headDim(value, op.kvHeads());
    if (headDim(key, op.kvHeads()) != headDim) {
      throw site.wrong("heads of one size: query %s, key %s".formatted(query, key));
    }
    if (pages != null) {
      pages.bind(sequences());
      return;
    }
    int tokens = op.layout() == Attention.Layout.HEADS ? 2 : isRagged() ? 0 : 1;
    boolean batchesAgree = isRagged() || query.dim(0) == key.dim(0) && query.dim(0) == value.dim(0);
    if (key.dim(tokens) != value.dim(tokens) || !batchesAgree) {
      throw site.wrong(
          "as many keys as values, in as many batches: query %s, key %s, value %s"
              .formatted(query, key, value));
    }
    if (isRagged() && keyStarts.elements() != starts.elements()) {
      throw site.wrong(
          "%d starts of queries, %d of keys".formatted(starts.elements(), keyStarts.elements()));
    }
    Operand lengths = site.in(Attention.KEY_LENGTHS);
    if (lengths != null && lengths.elements() != sequences()) {
      throw site.wrong(
          "%d key lengths for %d sequences".formatted(lengths.elements(), sequences()));
    }
    bindMask();
  }

  private long headDim(Operand operand, int heads) {
    if (op.layout() != Attention.Layout.HEADS) {
      if (operand.dim(-1) % heads != 0) {
        throw site.wrong("%s cannot be divided into %d heads".formatted(operand, heads));
      }
      return operand.dim(-1) / heads;
    }
    if (operand.dim(1) != heads) {
      throw site.wrong("%s does not have %d heads".formatted(operand, heads));
    }
    return operand.dim(-1);
  }

  private void bindMask() {
    Operand mask = site.in(Attention.MASK);
    for (int axis = 0; mask != null && axis < 4; axis++) {
      int own = axis - (4 - mask.rank());
      long extent =
          switch (axis) {
            case 0 -> sequences();
            case 1 -> op.heads();
            case 2 -> queries(0);
            default -> keys(0);
          };
      boolean repeats = own < 0 || mask.dim(own) == 1;
      if (!repeats && mask.dim(own) != extent) {
        throw site.wrong(
            "the mask %s does not broadcast to [%d, %d, %d, %d]"
                .formatted(mask, sequences(), op.heads(), queries(0), keys(0)));
      }
      maskStrides[axis] = repeats ? 0 : mask.stride(own);
    }
  }

  /** Refuses data that contradicts the extents: starts that fall, a map too narrow. */
  void checkData() {
    if (!isRagged()) {
      return;
    }
    CuSeqLens.check(site, starts, query.dim(0));
    long longest = pages == null ? CuSeqLens.check(site, keyStarts, key.dim(0)) : checkPages();
    Operand map = site.out(Attention.MAP);
    if (map != null && map.dim(-1) < longest) {
      throw site.wrong(
          "the longest sequence has %d keys, but %s is %d; bind it to as many or more"
              .formatted(longest, Attention.MAX_KEYS, map.dim(-1)));
    }
  }

  /** Keys of the longest sequence, once every key that a query sees is there. */
  private long checkPages() {
    long longest = 0;
    for (long sequence = 0; sequence < sequences(); sequence++) {
      long queries = queries(sequence);
      pages.check(sequence, 0, 0);
      if (queries > 0) {
        pages.check(sequence, firstKey(sequence, 0), endKey(sequence, queries - 1));
      }
      longest = Math.max(longest, pages.keys(sequence));
    }
    return longest;
  }

  /** Where keys lie, if they lie in pages; else null. */
  KeyPages pages() {
    return pages;
  }

  boolean isRagged() {
    return op.layout() == Attention.Layout.RAGGED;
  }

  /** Elements of a query's or key's head. */
  long headDim() {
    return headDim;
  }

  /** Elements of a value's head. */
  long valueDim() {
    return valueDim;
  }

  long sequences() {
    return isRagged() ? starts.elements() - 1 : query.dim(0);
  }

  /** Query rows of all sequences. */
  long rows() {
    return isRagged() ? query.dim(0) : sequences() * queries(0);
  }

  /** Queries of a sequence. */
  long queries(long sequence) {
    return isRagged()
        ? CuSeqLens.at(starts, sequence + 1) - CuSeqLens.at(starts, sequence)
        : query.dim(op.layout() == Attention.Layout.HEADS ? 2 : 1);
  }

  /** Keys of a sequence. */
  long keys(long sequence) {
    if (pages != null) {
      return pages.keys(sequence);
    }
    return isRagged()
        ? CuSeqLens.at(keyStarts, sequence + 1) - CuSeqLens.at(keyStarts, sequence)
        : key.dim(op.layout() == Attention.Layout.HEADS ? 2 : 1);
  }

  /** The sequence that query row {@code row} of all rows belongs to. */
  long sequenceOf(long row) {
    if (!isRagged()) {
      return row / queries(0);
    }
    long low = 0;
    long high = sequences() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      if (CuSeqLens.at(starts, middle) <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** The first of all query rows that belongs to the sequence. */
  long firstRow(long sequence) {
    return isRagged() ? CuSeqLens.at(starts, sequence) : sequence * queries(0);
  }

  long query(long sequence, long head, long row) {
    return at(query, op.heads(), starts, sequence, head, row);
  }

  long y(long sequence, long head, long row) {
    return at(site.out(Attention.Y), op.heads(), starts, sequence, head, row);
  }

  long key(long sequence, long head, long row) {
    return pages == null
        ? at(key, op.kvHeads(), keyStarts, sequence, head, row)
        : inPages(key, sequence, head, row);
  }

  long value(long sequence, long head, long row) {
    return pages == null
        ? at(value, op.kvHeads(), keyStarts, sequence, head, row)
        : inPages(value, sequence, head, row);
  }

  /** 0 where the page is not there. */
  private long inPages(Operand x, long sequence, long head, long row) {
    long at = pages.row(sequence, row);
    return at < 0 ? 0 : x.address() + head * headStride(x, op.kvHeads()) + at * x.stride(1);
  }

  private long at(Operand x, int heads, Operand first, long sequence, long head, long row) {
    long start = isRagged() ? CuSeqLens.at(first, sequence) : 0;
    return x.address()
        + sequence * sequenceStride(x)
        + head * headStride(x, heads)
        + (start + row) * rowStride(x);
  }

  /** Bytes from a sequence's first vector to the next sequence's; 0 in a ragged batch. */
  long sequenceStride(Operand x) {
    return isRagged() ? 0 : x.stride(0);
  }

  /** Bytes from a head's vector to the next head's. */
  long headStride(Operand x, int heads) {
    return op.layout() == Attention.Layout.HEADS ? x.stride(1) : x.dtype().bytes(x.dim(-1) / heads);
  }

  /** Bytes from a row's vector to the next row's. */
  long rowStride(Operand x) {
    return x.stride(op.layout() == Attention.Layout.HEADS ? 2 : x.rank() - 2);
  }

  /** Address of the starts of sequences of queries. */
  long starts() {
    return starts.address();
  }

  /** Address of the starts of sequences of keys; 0 if keys lie in pages. */
  long keyStarts() {
    return pages == null ? keyStarts.address() : 0;
  }

  /** Bytes between the mask's elements along sequences, heads, queries or keys; 0 repeats. */
  long maskStride(int axis) {
    return maskStrides[axis];
  }

  /** Address of the mask's element for key 0 of the row. */
  long mask(long sequence, long head, long row) {
    return site.in(Attention.MASK).address()
        + sequence * maskStrides[0]
        + head * maskStrides[1]
        + row * maskStrides[2];
  }

  /** Address of the map's row. */
  long map(long sequence, long head, long row) {
    Operand map = site.out(Attention.MAP);
    long line =
        isRagged()
            ? head * map.dim(1) + CuSeqLens.at(starts, sequence) + row
            : (sequence * op.heads() + head) * map.dim(2) + row;
    return map.address() + line * map.stride(map.rank() - 2);
  }

  /** A query's position among its keys. */
  long position(long sequence, long row) {
    boolean fromEnd = op.causal() == Attention.Causal.BOTTOM_RIGHT;
    return row + (fromEnd ? keys(sequence) - queries(sequence) : 0);
  }

  /** The first key that a query sees. */
  long firstKey(long sequence, long row) {
    long first = op.window() > 0 ? position(sequence, row) - op.window() + 1 : 0;
    return Math.clamp(first, 0, keys(sequence));
  }

  /** The first key behind those that a query sees. */
  long endKey(long sequence, long row) {
    long end = keys(sequence);
    long position = position(sequence, row);
    if (op.causal() != Attention.Causal.NONE) {
      end = Math.min(end, position + 1);
    }
    if (op.window() > 0) {
      end = Math.min(end, position + op.window());
    }
    Operand lengths = site.in(Attention.KEY_LENGTHS);
    if (lengths != null) {
      long at = lengths.address() + sequence * lengths.dtype().bytes();
      end = Math.min(end, Scalars.getLong(lengths.dtype(), at));
    }
    return Math.max(0, end);
  }
}
