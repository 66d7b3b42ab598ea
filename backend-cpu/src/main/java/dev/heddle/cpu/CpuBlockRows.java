package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Cast;
import dev.heddle.op.Gather;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;

/**
 * Rows of a block-quantised tensor in float32: those that a {@link Gather} picks, or, of a {@link
 * Cast}, all. Every index is checked first, so that an error writes nothing.
 */
final class CpuBlockRows implements Step, WorkerPool.Task {
  private final Site site;
  private final boolean picks;
  private final Blocks[] readers;
  private long columns;
  private long rows;
  private long rowsOfPiece;

  private CpuBlockRows(Site site, boolean picks) {
    this.site = site;
    this.picks = picks;
    this.readers = new Blocks[site.workers().threads()];
    for (int i = 0; i < readers.length; i++) {
      readers[i] = new Blocks(site.in(0).dtype());
    }
  }

  static Choice<CpuKernel.Preparation> choose(Node node) {
    DType type = node.input(0).type().dtype();
    boolean picks = node.op() instanceof Gather;
    return CpuKernel.choice(
        "rows of blocks",
        picks ? "of " + type + "; indices are checked" : "all of " + type,
        site -> new CpuBlockRows(site, picks));
  }

  @Override
  public long bind() {
    Operand x = site.in(0);
    columns = x.dim(-1);
    rows = columns == 0 ? 0 : site.out(0).elements() / columns;
    rowsOfPiece = Math.max(1, Math.ceilDiv(rows, readers.length));
    return 0;
  }

  @Override
  public void run() {
    if (picks) {
      Operand indices = site.in(Gather.INDICES);
      long extent = site.in(Gather.X).dim(0);
      for (long i = 0; i < indices.elements(); i++) {
        site.index(CpuGather.index(indices, i), extent);
      }
    }
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(rows, rowsOfPiece)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand x = site.in(0);
    Operand indices = picks ? site.in(Gather.INDICES) : null;
    long y = site.out(0).address();
    long end = Math.min(rows, (piece + 1) * rowsOfPiece);
    for (long i = piece * rowsOfPiece; i < end; i++) {
      // Checked here too: whoever gave the indices may be writing them still.
      long row = picks ? site.index(CpuGather.index(indices, i), x.dim(0)) : i;
      readers[piece].dequantize(
          Memory.ALL,
          x.address() + row * x.dtype().bytes(columns),
          columns,
          Memory.ALL,
          y + i * columns * Float.BYTES);
    }
  }
}
