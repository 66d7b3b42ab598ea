package dev.heddle.reference;

import dev.heddle.op.Attention;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;

/**
 * Keys in pages: where each sequence's rows lie.
 *
 * @param table {@code [sequences, most]}
 * @param starts of the sequences' keys, as if they lay one after another
 */
record ReferencePages(Call call, int[] table, int most, int pageTokens, long pages, int[] starts) {
  static ReferencePages of(Call call, int sequences) {
    HostTensor table = call.in(Attention.PAGES);
    int[] lengths = call.in(Attention.KEY_LENGTHS).toInts();
    Shape keys = call.shape(Attention.KEY);
    int most = (int) table.shape().dim(1);
    int pageTokens = (int) keys.dim(1);
    if (lengths.length != sequences || table.shape().dim(0) != sequences) {
      throw call.wrong(
          "%d sequences of queries, %d key lengths, pages of %d"
              .formatted(sequences, lengths.length, table.shape().dim(0)));
    }
    int[] starts = new int[sequences + 1];
    for (int i = 0; i < sequences; i++) {
      if (lengths[i] < 0 || lengths[i] > (long) most * pageTokens) {
        throw call.wrong(
            "key length %d of sequence %d is out of range; the pages have %d"
                .formatted(lengths[i], i, (long) most * pageTokens));
      }
      starts[i + 1] = starts[i] + lengths[i];
    }
    return new ReferencePages(call, table.toInts(), most, pageTokens, keys.dim(0), starts);
  }

  private int page(int sequence, int key) {
    return table[sequence * most + key / pageTokens];
  }

  private boolean isThere(int sequence, int key) {
    int page = page(sequence, key);
    return page >= 0 && page < pages;
  }

  /** Refuses a key that a query sees and whose page is not there. */
  void require(int sequence, int key) {
    if (!isThere(sequence, key)) {
      throw call.wrong(
          "page %d is out of range; the cache has %d".formatted(page(sequence, key), pages));
    }
  }

  /** The rows of all sequences, one after another; zeros where a page is not there. */
  HostTensor gather(HostTensor cache) {
    long columns = cache.shape().dim(2);
    DType type = cache.dtype().isQuantized() ? DType.F32 : cache.dtype();
    HostTensor rows = HostTensor.heap(type, Shape.of(starts[starts.length - 1], columns));
    for (int sequence = 0; sequence < starts.length - 1; sequence++) {
      for (int key = 0; key < starts[sequence + 1] - starts[sequence]; key++) {
        if (isThere(sequence, key)) {
          long from = (long) page(sequence, key) * pageTokens + key % pageTokens;
          for (long c = 0; c < columns; c++) {
            double element = cache.getDouble(from * columns + c);
            rows.setDouble((starts[sequence] + key) * columns + c, element);
          }
        }
      }
    }
    return rows;
  }
}
