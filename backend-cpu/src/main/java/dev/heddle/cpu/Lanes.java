package dev.heddle.cpu;

import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/**
 * The lanes of an operand along one axis: a lane for each position on the other axes, its elements
 * some way apart. Threads take them in pieces.
 */
final class Lanes {
  private final Operand operand;
  private final int axis;
  private final long grain;
  private long inner;

  /**
   * Lanes of {@code operand}.
   *
   * @param grain about how many elements a piece has
   */
  Lanes(Operand operand, int axis, long grain) {
    this.operand = operand;
    this.axis = axis;
    this.grain = grain;
  }

  /** Learns new extents. */
  void bind() {
    inner = operand.product(axis + 1, operand.rank());
  }

  long count() {
    return operand.product(0, axis) * inner;
  }

  /** Elements of a lane. */
  long extent() {
    return operand.dim(axis);
  }

  /** Bytes between neighbours in a lane. */
  long stride() {
    return inner * operand.dtype().bytes();
  }

  /** Address of a lane's first element. */
  long start(long lane) {
    long index = lane / inner * inner * extent() + lane % inner;
    return operand.address() + index * operand.dtype().bytes();
  }

  private long ofPiece() {
    return Math.max(1, grain / Math.max(1, extent()));
  }

  /** Number of pieces. */
  int pieces() {
    return Math.toIntExact(Math.ceilDiv(count(), ofPiece()));
  }

  /** First lane of a piece. */
  long begin(int piece) {
    return piece * ofPiece();
  }

  /** One past the last lane of a piece. */
  long end(int piece) {
    return Math.min(count(), begin(piece) + ofPiece());
  }

  /** Orders elements: NaN above all, zeros alike. */
  static int compare(DType dtype, long a, long b) {
    if (!dtype.isFloat()) {
      return Long.compare(Scalars.getLong(dtype, a), Scalars.getLong(dtype, b));
    }
    double left = Scalars.getDouble(dtype, a);
    double right = Scalars.getDouble(dtype, b);
    return left == right ? 0 : Double.compare(left, right);
  }
}
