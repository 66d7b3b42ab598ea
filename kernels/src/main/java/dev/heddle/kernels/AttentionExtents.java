package dev.heddle.kernels;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Layout;
import dev.heddle.plan.Operand;

/**
 * How an {@link Attention}'s operands lie in one run: sequences of queries and keys, and where each
 * head's vector of a row begins, whatever the layout. Counted in elements.
 */
final class AttentionExtents {
  private final LaunchSite site;
  private final Attention op;
  private final Operand query;
  private final Operand key;
  private final Operand value;
  private final Operand starts;
  private final Operand keyStarts;
  private final Operand pages;
  private final long[] maskStrides = new long[4];
  private int headDim;
  private int valueDim;

  AttentionExtents(LaunchSite site, Attention op) {
    this.site = site;
    this.op = op;
    this.query = site.in(Attention.QUERY);
    this.key = site.in(Attention.KEY);
    this.value = site.in(Attention.VALUE);
    this.starts = site.in(Attention.CU_SEQ_LENS);
    Operand own = site.in(Attention.CU_SEQ_LENS_KEY);
    this.pages = site.in(Attention.PAGES);
    this.keyStarts = own == null ? starts : own;
  }

  /** Learns new extents, and refuses those that do not fit each other. */
  void bind() {
    headDim = headDim(query, op.heads());
    valueDim = headDim(value, op.kvHeads());
    if (headDim(key, op.kvHeads()) != headDim) {
      throw site.wrong("heads of one size: query %s, key %s".formatted(query, key));
    }
    boolean batchesAgree = isRagged() || query.dim(0) == key.dim(0) && query.dim(0) == value.dim(0);
    boolean pagesAgree = pages == null || key.dim(1) == value.dim(1);
    if (key.dim(rows()) != value.dim(rows()) || !batchesAgree || !pagesAgree) {
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
    if (pages != null && pages.dim(0) != sequences()) {
      throw site.wrong("%d sequences of queries, pages of %d".formatted(sequences(), pages.dim(0)));
    }
    bindMask();
  }

  private int headDim(Operand operand, int heads) {
    if (op.layout() == Layout.HEADS) {
      if (operand.dim(1) != heads) {
        throw site.wrong("%s does not have %d heads".formatted(operand, heads));
      }
      return Math.toIntExact(operand.dim(-1));
    }
    if (operand.dim(-1) % heads != 0) {
      throw site.wrong("%s cannot be divided into %d heads".formatted(operand, heads));
    }
    return Math.toIntExact(operand.dim(-1) / heads);
  }

  private void bindMask() {
    Operand mask = site.in(Attention.MASK);
    if (mask == null) {
      return;
    }
    long[] scores = {sequences(), op.heads(), queries(), keys()};
    for (int axis = 0; axis < scores.length; axis++) {
      int own = axis - (scores.length - mask.rank());
      boolean repeats = own < 0 || mask.dim(own) == 1;
      if (!repeats && mask.dim(own) != scores[axis]) {
        throw site.wrong(
            "the mask %s does not broadcast to [%d, %d, %d, %d]"
                .formatted(mask, scores[0], scores[1], scores[2], scores[3]));
      }
      maskStrides[axis] = repeats ? 0 : mask.product(own + 1, mask.rank());
    }
  }

  /** The axis of queries or keys. */
  private int rows() {
    return switch (op.layout()) {
      case RAGGED -> 0;
      case TOKENS -> 1;
      case HEADS -> 2;
    };
  }

  boolean isRagged() {
    return op.layout() == Layout.RAGGED;
  }

  /** Elements of a query's or key's head. */
  int headDim() {
    return headDim;
  }

  /** Elements of a value's head. */
  int valueDim() {
    return valueDim;
  }

  long sequences() {
    return isRagged() ? starts.elements() - 1 : query.dim(0);
  }

  /** Queries of each sequence; in a ragged batch of all. */
  long queries() {
    return query.dim(rows());
  }

  /** Keys of each sequence; in a ragged batch of all. */
  long keys() {
    return key.dim(rows());
  }

  /** Keys that a sequence's pages have room for. */
  long pagedKeys() {
    return pages.dim(1) * key.dim(1);
  }

  /** Tiles of {@code tile} queries that no lengths of the sequences exceed. */
  long slots(int tile) {
    return isRagged() && sequences() > 0
        ? queries() / tile + sequences()
        : sequences() * Math.ceilDiv(queries(), tile);
  }

  /** Names where the vectors of {@code x} lie: {@code VECTORS(x)} of the kernels. */
  void putVectors(Operand x, int heads) {
    site.tensor(x);
    int last = x.rank() - 1;
    boolean outermost = op.layout() == Layout.HEADS;
    site.put(isRagged() ? 0L : x.product(1, x.rank()));
    site.put(outermost ? x.product(2, x.rank()) : x.dim(last) / heads);
    site.put(x.dim(last));
  }

  /** The same for the rows of the map, and their width. */
  void putMap(Operand map) {
    site.tensor(map);
    if (map == null) {
      site.put(0L).put(0L).put(0L).put(0L);
      return;
    }
    int heads = isRagged() ? 0 : 1;
    site.put(isRagged() ? 0L : map.product(1, map.rank()));
    site.put(map.product(heads + 1, map.rank())).put(map.dim(-1)).put(map.dim(-1));
  }

  /** Names the mask, and its elements from one sequence, head, query and key to the next. */
  void putMask() {
    site.tensor(site.in(Attention.MASK)).put(maskStrides);
  }

  /** Names where sequences of queries and of keys begin. */
  void putStarts() {
    boolean keysToo = isRagged() && pages == null;
    site.tensor(isRagged() ? starts : null).tensor(keysToo ? keyStarts : null);
  }

  /** Names the table of pages, how many pages there are, and the extents of table and page. */
  void putPages() {
    boolean any = pages != null;
    site.tensor(pages).put(any ? key.dim(0) : 0).put(any ? pages.dim(1) : 0);
    site.put(any ? Math.toIntExact(key.dim(1)) : 1);
  }
}
