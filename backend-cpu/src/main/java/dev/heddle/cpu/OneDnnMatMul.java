package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.TensorType;
import java.util.function.Predicate;

/**
 * {@link MatMul} of bf16 by constant weights of bf16, summed in float32 by {@link OneDnnTile}s;
 * what follows the sums is float32's, as for {@link CpuMatMul}. A row's bits depend on that row
 * alone.
 */
final class OneDnnMatMul implements Step, WorkerPool.Task {
  /** Bytes of the panels that some rows go through before the next rows do. */
  private static final long GROUP_BYTES = 512 << 10;

  private final Site site;
  private final MatMulExtents extents;
  private final MatMulFinish finish;
  private final MatMulPartition partition = new MatMulPartition();
  private final OneDnnTile tile;
  private final long packedB;
  private int m;
  private int n;

  private OneDnnMatMul(Site site, MatMul op, Kernels kernels, OneDnnTile tile, long packedB) {
    this.site = site;
    this.extents = new MatMulExtents(site, op);
    this.finish = new MatMulFinish(kernels, extents);
    this.tile = tile;
    this.packedB = packedB;
    finish.alpha((float) op.alpha());
    finish.activation(op.activation());
  }

  /**
   * Whether a product is one for this: both matrices of bf16, the second one constant and of as
   * many columns as half a panel at least.
   */
  static boolean fits(Node node, Kernels kernels, Predicate<Value> known) {
    if (!(node.op() instanceof MatMul op)) {
      return false;
    }
    TensorType a = node.input(MatMul.A).type();
    TensorType b = node.input(MatMul.B).type();
    return a.dtype() == DType.BF16
        && a.rank() >= 2
        && b.dtype() == DType.BF16
        && b.rank() == 2
        && known.test(node.input(MatMul.B))
        && inner(b, op) > 0
        && columns(b, op) >= kernels.matMul().width() / 2;
  }

  /** The same, where all else is of float32 already. */
  static boolean takes(Node node, Kernels kernels, Predicate<Value> known) {
    return fits(node, kernels, known)
        && CpuMatMul.isFloat(node.output())
        && CpuMatMul.isFloat(node.input(MatMul.BIAS))
        && CpuMatMul.isFloat(node.input(MatMul.RESIDUAL));
  }

  private static int inner(TensorType b, MatMul op) {
    return Math.toIntExact(b.dim(op.transposeB() ? 1 : 0).fixed());
  }

  private static int columns(TensorType b, MatMul op) {
    return Math.toIntExact(b.dim(op.transposeB() ? 0 : 1).fixed());
  }

  static Choice<CpuKernel.Preparation> choose(MatMul op, Kernels kernels, OneDnn library) {
    return Choice.Run.<CpuKernel.Preparation>of(
            "oneDNN, b packed",
            "bf16 by bf16, summed in float32 by as many rows at a time, however many there are",
            (node, weights) -> {
              Value b = node.input(MatMul.B);
              OneDnnTile tile =
                  weights.oneDnn(library, inner(b.type(), op), kernels.matMul().width());
              long address = pack(b, op, tile, weights);
              return site -> new OneDnnMatMul(site, op, kernels, tile, address);
            })
        .over(MatMul.RESIDUAL)
        .packing(MatMul.B);
  }

  private static long pack(Value b, MatMul op, OneDnnTile tile, Weights weights) {
    int k = tile.k();
    int n = columns(b.type(), op);
    long kStride = Short.BYTES * (op.transposeB() ? 1L : n);
    long columnStride = Short.BYTES * (op.transposeB() ? (long) k : 1);
    return weights.pack(
        b,
        "oneDNN's panels of " + (op.transposeB() ? "rows" : "columns"),
        Math.ceilDiv(n, tile.width()) * tile.panelBytes(),
        (from, to, workers) -> tile.pack(from, kStride, columnStride, n, to, workers));
  }

  @Override
  public long bind() {
    extents.bind();
    m = Math.toIntExact(extents.m());
    n = Math.toIntExact(extents.n());
    finish.columns(n);
    finish.y(extents.n() * Float.BYTES);
    finish.bias(extents.biasRow(), extents.biasColumn());
    return 0;
  }

  @Override
  public void run() {
    int count = Math.toIntExact(extents.batches());
    int threads = site.workers().threads();
    partition.cut(tile.rows(), tile.width(), count, m, n, tile.k(), threads, false);
    site.workers().run(this, partition.pieces());
  }

  @Override
  public void run(int piece, Scratch scratch) {
    int rows = tile.rows();
    int matrix = partition.matrix(piece);
    int row = partition.row(piece);
    int lastRow = Math.min(row + partition.rowsPerPiece(), m);
    int panel = partition.panel(piece);
    int lastPanel = Math.min(panel + partition.panelsPerPiece(), Math.ceilDiv(n, tile.width()));
    int group = Math.clamp(GROUP_BYTES / tile.panelBytes(), 1, lastPanel);

    OneDnnPrimitive product = tile.product();
    long outBytes = (long) rows * tile.width() * Float.BYTES;
    long rowsBytes = (long) rows * tile.k() * Short.BYTES;
    long work =
        scratch.address(
            product.workBytes()
                + outBytes
                + finish.scratchBytes(rows)
                + NativePool.ALIGNMENT
                + rowsBytes);
    long out = NativePool.aligned(work + product.workBytes());
    long finishing = out + outBytes;
    long rowsCopy = finishing + finish.scratchBytes(rows);
    product.begin(work);
    try {
      product.place(work, OneDnnTile.OUT, out);
      for (int first = panel; first < lastPanel; first += group) {
        int last = Math.min(lastPanel, first + group);
        for (int r = row; r < lastRow; r += rows) {
          int height = Math.min(rows, lastRow - r);
          product.place(work, OneDnnTile.A, rows(matrix, r, height, rowsCopy));
          for (int p = first; p < last; p++) {
            product.place(work, OneDnnTile.PANEL, packedB + p * tile.panelBytes());
            product.execute(work);
            finish.tile(matrix, r, p, height, out, finishing);
          }
        }
      }
    } finally {
      product.end(work);
    }
  }

  /** Where a tile's rows of a lie one after another: as they are, or copied. */
  private long rows(int matrix, int row, int height, long copy) {
    int k = tile.k();
    long from = extents.a(matrix) + row * extents.aRow();
    long rowBytes = (long) k * Short.BYTES;
    boolean whole = extents.aColumn() == Short.BYTES;
    if (whole && extents.aRow() == rowBytes && height == tile.rows()) {
      return from;
    }
    for (int r = 0; r < height; r++) {
      long to = copy + r * rowBytes;
      if (whole) {
        Memory.copy(from, to, rowBytes);
      } else {
        for (int p = 0; p < k; p++) {
          long at = from + p * extents.aColumn();
          Memory.putShort(to + (long) p * Short.BYTES, Memory.getShort(at));
        }
      }
      from += extents.aRow();
    }
    Memory.zero(copy + height * rowBytes, (tile.rows() - height) * rowBytes);
    return copy;
  }
}
