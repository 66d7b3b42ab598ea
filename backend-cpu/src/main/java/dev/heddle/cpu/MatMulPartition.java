package dev.heddle.cpu;

/** How a matrix product is cut into pieces of rows and panels, which changes no result. */
final class MatMulPartition {
  /** Bytes of A's rows that a piece goes through for each panel of B: what stays in its cache. */
  private static final long ROWS_BYTES = 256 << 10;

  /** Least multiply-adds in a piece, some ten microseconds: less is not worth handing out. */
  private static final long LEAST_WORK = 512 << 10;

  /** Pieces for each thread, so that one that is late by a piece is not late by much. */
  private static final int PIECES_PER_THREAD = 12;

  /** The same where more pieces of rows are more to decode. */
  private static final long DECODED_PER_THREAD = 3;

  private int matrices;
  private int rowsPerPiece;
  private int rowPieces;
  private int panelsPerPiece;
  private int panelPieces;

  /**
   * Cuts {@code matrices} products of {@code [m, k]} and {@code [k, n]}.
   *
   * @param tallest rows of the tallest tile
   * @param width columns of a panel
   * @param decodes whether each piece decodes the panels it reads, which pays for itself by rows:
   *     it gets as many as may be, and panels are what is cut
   */
  void cut(
      int tallest, int width, int matrices, int m, int n, int k, int threads, boolean decodes) {
    this.matrices = matrices;
    int panels = Math.ceilDiv(n, width);
    int cached = (int) (ROWS_BYTES / Float.BYTES / Math.clamp(k, 1, MatMulTask.K_BLOCK));
    rowsPerPiece = cached / tallest * tallest;
    rowPieces = Math.ceilDiv(m, rowsPerPiece);
    panelPieces = 1;
    if (matrices > 0 && m > 0 && n > 0) {
      long wanted = wanted(m, n, k, threads);
      long rowWanted =
          decodes
              ? Math.ceilDiv(
                  Math.min(wanted, threads * DECODED_PER_THREAD), (long) matrices * panels)
              : Math.ceilDiv(wanted, matrices);
      rowWanted = Math.min(rowWanted, Math.ceilDiv(m, 4 * tallest));
      long evenly = Math.ceilDiv(m, Math.max(rowPieces, rowWanted));
      rowsPerPiece = (int) Math.ceilDiv(evenly, tallest) * tallest;
      rowPieces = Math.ceilDiv(m, rowsPerPiece);
      panelPieces = (int) Math.min(panels, Math.ceilDiv(wanted, (long) matrices * rowPieces));
    }
    panelsPerPiece = Math.max(1, Math.ceilDiv(panels, panelPieces));
    panelPieces = Math.ceilDiv(panels, panelsPerPiece);
  }

  private long wanted(int m, int n, int k, int threads) {
    if (threads == 1) {
      return 1;
    }
    // One row takes as long as two: it waits for B.
    double work = (double) matrices * Math.max(m, 2) * n * k;
    return (long) Math.clamp(work / LEAST_WORK, 1, (double) threads * PIECES_PER_THREAD);
  }

  int pieces() {
    return Math.multiplyExact(matrices, rowPieces * panelPieces);
  }

  int matrix(int piece) {
    return piece / panelPieces / rowPieces;
  }

  /** First row of a piece. */
  int row(int piece) {
    return piece / panelPieces % rowPieces * rowsPerPiece;
  }

  int rowsPerPiece() {
    return rowsPerPiece;
  }

  /** First panel of a piece. */
  int panel(int piece) {
    return piece % panelPieces * panelsPerPiece;
  }

  int panelsPerPiece() {
    return panelsPerPiece;
  }
}
