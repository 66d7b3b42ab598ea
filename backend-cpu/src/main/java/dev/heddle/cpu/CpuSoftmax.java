package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Softmax;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link Softmax} of float32: rows where the axis is the last, groups of columns where not. */
final class CpuSoftmax implements Step, WorkerPool.Task {
  /** Elements that a thread takes at a time. */
  private static final long GRAIN = 8_192;

  private final Site site;
  private final Softmax op;
  private final SoftmaxKernels kernels;
  private long extent;
  private long inner;
  private long units;
  private long unitsOfPiece;

  private CpuSoftmax(Site site, Softmax op, SoftmaxKernels kernels) {
    this.site = site;
    this.op = op;
    this.kernels = kernels;
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Softmax op, Kernels kernels) {
    if (node.output().type().dtype() == DType.F32) {
      return CpuKernel.choice(
              kernels.name(),
              "float32, a row's order its own",
              site -> new CpuSoftmax(site, op, kernels.softmax()))
          .over(0);
    }
    return CpuKernel.doubles(site -> new DoubleSoftmax(site, op)).over(0);
  }

  @Override
  public long bind() {
    Operand x = site.in(0);
    extent = x.dim(op.axis());
    inner = x.product(op.axis() + 1, x.rank());
    long outer = x.product(0, op.axis());
    if (inner == 1) {
      Math.toIntExact(extent);
      units = outer;
    } else {
      units = outer * kernels.groups(inner);
    }
    long elements = units == 0 ? 0 : x.elements() / units;
    unitsOfPiece = Math.max(1, GRAIN / Math.max(1, elements));
    return 0;
  }

  @Override
  public void run() {
    if (site.in(0).elements() > 0) {
      site.workers().run(this, Math.toIntExact(Math.ceilDiv(units, unitsOfPiece)));
    }
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long x = site.in(0).address();
    long y = site.out(0).address();
    long first = piece * unitsOfPiece;
    long last = Math.min(units, first + unitsOfPiece);
    if (inner == 1) {
      kernels.rows(x, y, (int) extent, first, last, op.log());
    } else {
      kernels.columns(x, y, extent, inner, first, last, op.log());
    }
  }
}
