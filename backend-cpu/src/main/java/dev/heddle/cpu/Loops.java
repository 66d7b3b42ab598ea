package dev.heddle.cpu;

import dev.heddle.plan.Operand;
import java.util.Arrays;

/**
 * A way through the elements of up to four operands in step, in row-major order of common axes.
 *
 * <p>Neighbouring axes that every operand crosses with one stride are folded into one, so that
 * whole tensors become one row, and a broadcast bias one row per repetition. What is left are rows:
 * the innermost axis, cut where it is long. Rows are numbered, and any range of them can be walked
 * on its own. Bound again and again, it allocates nothing.
 */
final class Loops {
  /** What is done to one row; operand i begins at {@code a, b, c, d} in order. */
  interface Row {
    /**
     * @param count elements
     */
    void run(long count, long a, long b, long c, long d, Scratch scratch);
  }

  /** The longest row. */
  static final int ROW = 4096;

  private static final int OPERANDS = 4;

  private final long[] extents;
  private final long[][] strides;
  private int rank;
  private long rows;
  private long cuts;

  /** Loops over tensors of at most {@code maxRank} axes. */
  Loops(int maxRank) {
    this.extents = new long[maxRank + 2];
    this.strides = new long[OPERANDS][maxRank + 2];
  }

  /** Forgets all axes. */
  Loops begin() {
    rank = 0;
    return this;
  }

  /** Adds an axis inside those there are, with the bytes that each operand moves along it. */
  Loops axis(long extent, long a, long b, long c, long d) {
    if (extent == 1) {
      return this;
    }
    boolean folds =
        rank > 0
            && strides[0][rank - 1] == a * extent
            && strides[1][rank - 1] == b * extent
            && strides[2][rank - 1] == c * extent
            && strides[3][rank - 1] == d * extent;
    int axis = folds ? rank - 1 : rank++;
    extents[axis] = folds ? extents[axis] * extent : extent;
    strides[0][axis] = a;
    strides[1][axis] = b;
    strides[2][axis] = c;
    strides[3][axis] = d;
    return this;
  }

  /** Ends the binding. */
  void end() {
    while (rank < 2) {
      System.arraycopy(extents, 0, extents, 1, rank);
      extents[0] = 1;
      for (long[] own : strides) {
        System.arraycopy(own, 0, own, 1, rank);
        own[0] = 0;
      }
      rank++;
    }
    rows = 1;
    for (int axis = 0; axis < rank - 1; axis++) {
      rows *= extents[axis];
    }
    cuts = Math.ceilDiv(extents[rank - 1], ROW);
  }

  /** Binds to all elements of {@code y}, the others being broadcast to it; c and d may be null. */
  void broadcast(Site site, Operand y, Operand a, Operand b, Operand c) {
    begin();
    for (int axis = 0; axis < y.rank(); axis++) {
      axis(
          y.dim(axis),
          y.stride(axis),
          stride(site, y, a, axis),
          stride(site, y, b, axis),
          stride(site, y, c, axis));
    }
    end();
  }

  private static long stride(Site site, Operand y, Operand x, int axis) {
    if (x == null) {
      return 0;
    }
    int own = axis - (y.rank() - x.rank());
    if (own < 0 || x.dim(own) == 1) {
      return 0;
    }
    if (x.dim(own) != y.dim(axis)) {
      throw site.wrong(
          "%s does not broadcast to %s: axis %d has extent %d, not %d"
              .formatted(x, y.shape(), own, x.dim(own), y.dim(axis)));
    }
    return x.stride(own);
  }

  /** Rows in all, long ones counted once for each cut. */
  long rows() {
    return rows * cuts;
  }

  /** Rows in all, none cut. */
  long fullRows() {
    return rows;
  }

  /** Elements of a row that is not cut. */
  long rowLength() {
    return extents[rank - 1];
  }

  /** Bytes between neighbours of a row in operand {@code operand}. */
  long rowStride(int operand) {
    return strides[operand][rank - 1];
  }

  /** Extent of the axis around the rows. */
  long middleLength() {
    return extents[rank - 2];
  }

  /** Bytes between neighbouring rows, along the axis around them. */
  long middleStride(int operand) {
    return strides[operand][rank - 2];
  }

  /** Bytes from an operand's first element to its row {@code row}, cuts not counted. */
  long offset(int operand, long row) {
    long offset = 0;
    long rest = row;
    for (int axis = rank - 2; axis >= 0 && rest != 0; axis--) {
      offset += rest % extents[axis] * strides[operand][axis];
      rest /= extents[axis];
    }
    return offset;
  }

  /** Number of pieces of about {@code grain} elements that the rows are cut into. */
  int pieces(long grain) {
    return (int) Math.min(Integer.MAX_VALUE, Math.ceilDiv(rows(), rowsOfPiece(grain)));
  }

  private long rowsOfPiece(long grain) {
    long length = Math.clamp(rowLength(), 1, ROW);
    return Math.max(Math.max(1, grain / length), Math.ceilDiv(rows(), 1L << 30));
  }

  /** Visits the rows of piece {@code piece}; the operands begin at {@code a, b, c, d}. */
  void walk(int piece, long grain, long a, long b, long c, long d, Row row, Scratch scratch) {
    long share = rowsOfPiece(grain);
    long at = piece * share;
    long end = Math.min(rows(), at + share);
    while (at < end) {
      at +=
          cuts == 1 ? sweep(at, end, a, b, c, d, row, scratch) : cut(at, a, b, c, d, row, scratch);
    }
  }

  /** Rows along the axis around them, from {@code at} on. */
  private long sweep(long at, long end, long a, long b, long c, long d, Row row, Scratch scratch) {
    int middle = rank - 2;
    long count = Math.min(end - at, extents[middle] - at % extents[middle]);
    long rowA = a + offset(0, at);
    long rowB = b + offset(1, at);
    long rowC = c + offset(2, at);
    long rowD = d + offset(3, at);
    for (long i = 0; i < count; i++) {
      row.run(extents[rank - 1], rowA, rowB, rowC, rowD, scratch);
      rowA += strides[0][middle];
      rowB += strides[1][middle];
      rowC += strides[2][middle];
      rowD += strides[3][middle];
    }
    return count;
  }

  /** One cut of a long row. */
  private long cut(long at, long a, long b, long c, long d, Row row, Scratch scratch) {
    int inner = rank - 1;
    long first = at % cuts * ROW;
    long full = at / cuts;
    row.run(
        Math.min(ROW, extents[inner] - first),
        a + offset(0, full) + first * strides[0][inner],
        b + offset(1, full) + first * strides[1][inner],
        c + offset(2, full) + first * strides[2][inner],
        d + offset(3, full) + first * strides[3][inner],
        scratch);
    return 1;
  }

  @Override
  public String toString() {
    return "rows of " + Arrays.toString(Arrays.copyOf(extents, rank));
  }
}
