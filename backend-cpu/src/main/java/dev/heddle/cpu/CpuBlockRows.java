package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Cast;
import dev.heddle.op.Gather;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;
import java.util.function.Predicate;

/**
 * Rows of a block-quantised tensor in float32: those that a {@link Gather} picks, or, of a {@link
 * Cast}, all. Every index is checked first, so that an error writes nothing.
 *
 * <p>A matrix of weights is read where {@link CpuMatMul} wants it, in panels: a table of words that
 * is the last layer's weights too is held once.
 */
final class CpuBlockRows implements Step, WorkerPool.Task {
  private final Site site;
  private final boolean picks;

  /** How the rows lie in panels at {@link #panels}; null where they are as in a file. */
  private final BlockLayout layout;

  private final long panels;
  private final Blocks[] readers;
  private long columns;
  private long rows;
  private long rowsOfPiece;

  private CpuBlockRows(Site site, boolean picks, BlockLayout layout, long panels) {
    this.site = site;
    this.picks = picks;
    this.layout = layout;
    this.panels = panels;
    this.readers = new Blocks[site.workers().threads()];
    for (int i = 0; i < readers.length; i++) {
      readers[i] = new Blocks(site.node().input(0).type().dtype());
    }
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Kernels kernels, Predicate<Value> known) {
    Value x = node.input(0);
    DType type = x.type().dtype();
    boolean picks = node.op() instanceof Gather;
    String what = picks ? "of " + type + "; indices are checked" : "all of " + type;
    if (!known.test(x) || x.type().rank() != 2) {
      return CpuKernel.choice(
          "rows of blocks", what, site -> new CpuBlockRows(site, picks, null, 0));
    }
    BlockLayout layout = CpuMatMul.layout(x, kernels);
    return Choice.Run.<CpuKernel.Preparation>of(
            "rows of blocks in panels",
            what,
            (n, weights) -> {
              long panels = CpuMatMul.packBlocks(n.input(0), layout, weights);
              return site -> new CpuBlockRows(site, picks, layout, panels);
            })
        .packing(0);
  }

  @Override
  public long bind() {
    columns = site.out(0).dim(-1);
    rows = columns == 0 ? 0 : site.out(0).elements() / columns;
    rowsOfPiece = Math.max(1, Math.ceilDiv(rows, readers.length));
    return 0;
  }

  /** Rows of the tensor. */
  private long extent() {
    return site.in(0).dim(0);
  }

  @Override
  public void run() {
    if (picks) {
      Operand indices = site.in(Gather.INDICES);
      for (long i = 0; i < indices.elements(); i++) {
        site.index(CpuGather.index(indices, i), extent());
      }
    }
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(rows, rowsOfPiece)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand indices = picks ? site.in(Gather.INDICES) : null;
    long y = site.out(0).address();
    long end = Math.min(rows, (piece + 1) * rowsOfPiece);
    for (long i = piece * rowsOfPiece; i < end; i++) {
      // Checked here too: whoever gave the indices may be writing them still.
      long row = picks ? site.index(CpuGather.index(indices, i), extent()) : i;
      read(readers[piece], row, y + i * columns * Float.BYTES);
    }
  }

  private void read(Blocks reader, long row, long to) {
    if (layout == null) {
      Operand x = site.in(0);
      long from = x.address() + row * x.dtype().bytes(columns);
      reader.dequantize(Memory.ALL, from, columns, Memory.ALL, to);
      return;
    }
    long panel = panels + row / layout.width() * layout.panelBytes();
    long lane = panel + row % layout.width() * Integer.BYTES;
    int chunks = (int) columns / BlockLayout.CHUNK;
    ScalarBlocks.decodeRow(layout, lane, 0, chunks, to, Float.BYTES);
  }
}
