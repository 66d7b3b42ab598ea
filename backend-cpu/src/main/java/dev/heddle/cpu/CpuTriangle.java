package dev.heddle.cpu;

import dev.heddle.op.Triangle;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;

/** {@link Triangle}: each row is part copy, part zeros. */
final class CpuTriangle implements Step, WorkerPool.Task {
  private static final long GRAIN = 65_536;

  private final Site site;
  private final Triangle op;
  private long rowsOfPiece;
  private long rows;

  CpuTriangle(Site site, Triangle op) {
    this.site = site;
    this.op = op;
  }

  static Choice<CpuKernel.Preparation> choose(Triangle op) {
    return CpuKernel.choice("copy and zero", "row by row", site -> new CpuTriangle(site, op))
        .over(0);
  }

  @Override
  public long bind() {
    Operand x = site.in(0);
    rows = x.product(0, x.rank() - 1);
    rowsOfPiece = Math.max(1, GRAIN / Math.max(1, x.stride(x.rank() - 2)));
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(rows, rowsOfPiece)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand x = site.in(0);
    Operand y = site.out(0);
    long bytes = x.dtype().bytes();
    long columns = x.dim(-1);
    long end = Math.min(rows, (piece + 1) * rowsOfPiece);
    for (long row = piece * rowsOfPiece; row < end; row++) {
      // The column where the diagonal begins, or the one behind it.
      long i = row % x.dim(-2);
      long edge = Math.clamp(i + op.diagonal() + (op.upper() ? 0 : 1), 0, columns);
      long keptFrom = op.upper() ? edge : 0;
      long keptTo = op.upper() ? columns : edge;
      long base = row * columns * bytes;
      long kept = base + keptFrom * bytes;
      if (x.address() != y.address()) {
        Memory.copy(x.address() + kept, y.address() + kept, (keptTo - keptFrom) * bytes);
      }
      Memory.zero(y.address() + base, keptFrom * bytes);
      Memory.zero(y.address() + base + keptTo * bytes, (columns - keptTo) * bytes);
    }
  }
}
