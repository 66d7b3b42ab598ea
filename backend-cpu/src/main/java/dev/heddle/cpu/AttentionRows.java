package dev.heddle.cpu;

/** Where the vectors of an attention's operand lie: a row for each token of a head, in bytes. */
final class AttentionRows {
  private long address;
  private long sequenceStride;
  private long headStride;
  private long rowStride;

  void place(long at, long ofSequence, long ofHead, long ofRow) {
    address = at;
    sequenceStride = ofSequence;
    headStride = ofHead;
    rowStride = ofRow;
  }

  /** Row {@code row} of the sequence, which begins at {@code start} if the batch is ragged. */
  long at(int sequence, int start, int head, int row) {
    return address
        + sequence * sequenceStride
        + head * headStride
        + ((long) start + row) * rowStride;
  }

  long address() {
    return address;
  }

  long headStride() {
    return headStride;
  }

  long rowStride() {
    return rowStride;
  }
}
