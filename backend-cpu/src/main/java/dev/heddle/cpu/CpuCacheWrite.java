package dev.heddle.cpu;

import dev.heddle.op.CacheWrite;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.CacheBlocks;
import dev.heddle.tensor.DType;

/** {@link CacheWrite}: row by row, into the input's memory. */
final class CpuCacheWrite implements Step, WorkerPool.Task {
  /** Elements that a thread takes at a time. */
  private static final long GRAIN = 16_384;

  private final Site site;
  private long rowsPerPiece;

  private CpuCacheWrite(Site site) {
    this.site = site;
  }

  static Choice<CpuKernel.Preparation> choose() {
    return CpuKernel.choice("rows", "where the slots say", CpuCacheWrite::new)
        .into(CacheWrite.CACHE);
  }

  @Override
  public long bind() {
    Operand rows = site.in(CacheWrite.ROWS);
    Operand cache = site.in(CacheWrite.CACHE);
    if (rows.dim(0) != site.in(CacheWrite.SLOTS).dim(0) || rows.dim(1) != cache.dim(2)) {
      throw site.wrong("rows %s and a slot for each, for %s".formatted(rows, cache));
    }
    rowsPerPiece = Math.max(1, GRAIN / Math.max(1, rows.dim(1)));
    return 0;
  }

  @Override
  public void run() {
    Operand cache = site.in(CacheWrite.CACHE);
    long rows = site.in(CacheWrite.ROWS).dim(0);
    long most = cache.dim(0) * cache.dim(1);
    for (long i = 0; i < rows; i++) {
      int slot = slot(i);
      if (slot < -1 || slot >= most) {
        throw site.wrong("slot %d is out of range; the cache has %d".formatted(slot, most));
      }
    }
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(rows, rowsPerPiece)));
  }

  private int slot(long row) {
    return Memory.getInt(site.in(CacheWrite.SLOTS).address() + 4 * row);
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand rows = site.in(CacheWrite.ROWS);
    Operand cache = site.in(CacheWrite.CACHE);
    long end = Math.min(rows.dim(0), (piece + 1) * rowsPerPiece);
    for (long i = piece * rowsPerPiece; i < end; i++) {
      int slot = slot(i);
      if (slot >= 0) {
        long to = cache.address() + slot * cache.stride(1);
        write(rows.dtype(), rows.address() + i * rows.stride(0), cache.dtype(), to, rows.dim(1));
      }
    }
  }

  private static void write(DType from, long at, DType to, long target, long columns) {
    if (to == CacheWrite.BLOCKS) {
      CacheBlocks.write(Memory.ALL, at, columns, Memory.ALL, target);
      return;
    }
    if (from == to) {
      Memory.copy(at, target, columns * from.bytes());
      return;
    }
    for (long c = 0; c < columns; c++) {
      Scalars.putDouble(
          to, target + c * to.bytes(), Scalars.getDouble(from, at + c * from.bytes()));
    }
  }
}
