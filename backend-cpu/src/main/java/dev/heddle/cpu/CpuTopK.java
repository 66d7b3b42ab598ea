package dev.heddle.cpu;

import dev.heddle.op.TopK;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link TopK}: a heap of the k best seen, the worst at its root. */
final class CpuTopK implements Step, WorkerPool.Task {
  private static final long GRAIN = 8_192;

  private final Site site;
  private final TopK op;
  private final Lanes from;
  private final Lanes to;

  CpuTopK(Site site, TopK op) {
    this.site = site;
    this.op = op;
    this.from = new Lanes(site.in(0), op.axis(), GRAIN);
    this.to = new Lanes(site.out(TopK.VALUES), op.axis(), GRAIN);
  }

  static Choice<CpuKernel.Preparation> choose(TopK op) {
    return CpuKernel.choice("heap of the best", "lane by lane", site -> new CpuTopK(site, op));
  }

  @Override
  public long bind() {
    from.bind();
    to.bind();
    if (to.extent() > from.extent()) {
      throw site.wrong(
          "k = %d, but axis %d of %s has extent %d"
              .formatted(to.extent(), op.axis(), site.in(0), from.extent()));
    }
    return 0;
  }

  @Override
  public void run() {
    if (to.extent() > 0) {
      site.workers().run(this, from.pieces());
    }
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long heap = scratch.address(to.extent() * Long.BYTES);
    long end = from.end(piece);
    for (long lane = from.begin(piece); lane < end; lane++) {
      long start = from.start(lane);
      select(start, heap);
      for (long size = to.extent(); size > 0; size--) {
        put(lane, size - 1, start, Memory.getLong(heap));
        Memory.putLong(heap, Memory.getLong(heap + 8 * (size - 1)));
        sink(start, heap, size - 1, 0);
      }
    }
  }

  private void put(long lane, long place, long start, long index) {
    DType dtype = site.in(0).dtype();
    long target = to.start(lane) + place * to.stride();
    Scalars.move(dtype.bytes(), start + index * from.stride(), target);
    Operand indices = site.out(TopK.INDICES);
    if (indices != null) {
      long element = (target - site.out(TopK.VALUES).address()) / dtype.bytes();
      Memory.putLong(indices.address() + 8 * element, index);
    }
  }

  /** Leaves the indices of the best elements of the lane in the heap. */
  private void select(long start, long heap) {
    long k = to.extent();
    for (long i = 0; i < k; i++) {
      Memory.putLong(heap + 8 * i, i);
    }
    for (long i = k / 2 - 1; i >= 0; i--) {
      sink(start, heap, k, i);
    }
    for (long i = k; i < from.extent(); i++) {
      if (isWorse(start, Memory.getLong(heap), i)) {
        Memory.putLong(heap, i);
        sink(start, heap, k, 0);
      }
    }
  }

  private void sink(long start, long heap, long size, long place) {
    long at = place;
    while (2 * at + 1 < size) {
      long child = 2 * at + 1;
      long left = Memory.getLong(heap + 8 * child);
      if (child + 1 < size && isWorse(start, Memory.getLong(heap + 8 * child + 8), left)) {
        child++;
      }
      long index = Memory.getLong(heap + 8 * at);
      long below = Memory.getLong(heap + 8 * child);
      if (!isWorse(start, below, index)) {
        return;
      }
      Memory.putLong(heap + 8 * at, below);
      Memory.putLong(heap + 8 * child, index);
      at = child;
    }
  }

  /** True where element a comes after element b: of equal ones, the later. */
  private boolean isWorse(long start, long a, long b) {
    DType dtype = site.in(0).dtype();
    int order = Lanes.compare(dtype, start + a * from.stride(), start + b * from.stride());
    return order == 0 ? a > b : op.largest() ? order < 0 : order > 0;
  }
}
