package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Gather;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import java.util.function.Predicate;

/** {@link Gather}: copies slices; every index is checked first, so that an error writes nothing. */
final class CpuGather implements Step, WorkerPool.Task {
  /** Bytes that a thread copies at a time. */
  private static final long GRAIN = 65_536;

  private final Site site;
  private final Gather op;
  private long slice;
  private long slices;
  private long slicesOfPiece;

  CpuGather(Site site, Gather op) {
    this.site = site;
    this.op = op;
  }

  static Choice<CpuKernel.Preparation> choose(
      Node node, Gather op, Kernels kernels, Predicate<Value> known) {
    if (node.input(Gather.X).type().dtype().isQuantized()) {
      return CpuBlockRows.choose(node, kernels, known);
    }
    return CpuKernel.choice("copy slices", "indices are checked", site -> new CpuGather(site, op));
  }

  @Override
  public long bind() {
    Operand x = site.in(Gather.X);
    slice = x.stride(op.axis());
    slices = x.product(0, op.axis()) * site.in(Gather.INDICES).elements();
    slicesOfPiece = Math.max(1, GRAIN / Math.max(1, slice));
    return 0;
  }

  @Override
  public void run() {
    Operand indices = site.in(Gather.INDICES);
    long extent = site.in(Gather.X).dim(op.axis());
    for (long i = 0; i < indices.elements(); i++) {
      site.index(index(indices, i), extent);
    }
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(slices, slicesOfPiece)));
  }

  static long index(Operand indices, long i) {
    return indices.dtype() == DType.I64
        ? Memory.getLong(indices.address() + 8 * i)
        : Memory.getInt(indices.address() + 4 * i);
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand x = site.in(Gather.X);
    Operand indices = site.in(Gather.INDICES);
    long extent = x.dim(op.axis());
    long y = site.out(0).address();
    long end = Math.min(slices, (piece + 1) * slicesOfPiece);
    for (long i = piece * slicesOfPiece; i < end; i++) {
      long outer = i / indices.elements();
      // Checked here too: whoever gave the indices may be writing them still.
      long index = site.index(index(indices, i % indices.elements()), extent);
      Memory.copy(x.address() + (outer * extent + index) * slice, y + i * slice, slice);
    }
  }
}
