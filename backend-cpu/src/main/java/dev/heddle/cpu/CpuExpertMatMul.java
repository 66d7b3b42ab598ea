package dev.heddle.cpu;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import java.util.Arrays;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * {@link ExpertMatMul} of float32: the rows are sorted by their expert, each expert multiplies its
 * own as {@link CpuMatMul} would, and the results go back to where they belong.
 */
final class CpuExpertMatMul implements Step, MatMulTask.Matrices, WorkerPool.Task {
  /** Bytes that a thread copies at a time. */
  private static final long GRAIN = 65_536;

  private final Site site;
  private final MatMulTask task;
  private final int experts;

  /** By expert: where its weights lie in panels; null where they are as they were given. */
  private final long[] packed;

  /** How blocks lie there; null where the weights are floats. */
  private final BlockLayout layout;

  /** By expert: its first pair of a token and a choice; behind them, how many there are. */
  private final int[] begins;

  private final int[] next;
  private final ExpertExtents extents;

  /** The expert that multiplies. */
  private int expert;

  /** Whether results are copied, not rows. */
  private boolean back;

  private CpuExpertMatMul(
      Site site, Kernels kernels, BlockLayout layout, boolean rounds, long[] packed) {
    this.site = site;
    this.extents = new ExpertExtents(site);
    this.experts = extents.experts();
    this.packed = packed;
    this.layout = layout;
    this.task = new MatMulTask(kernels, this).rounding(rounds);
    this.begins = new int[experts + 1];
    this.next = new int[experts];
  }

  static Choice<CpuKernel.Preparation> choose(
      Node node, Kernels kernels, Activations activations, Predicate<Value> known) {
    Integer[] weights =
        IntStream.range(ExpertMatMul.WEIGHTS, node.inputs().size()).boxed().toArray(Integer[]::new);
    Value first = node.input(ExpertMatMul.WEIGHTS);
    if (first.type().dtype().isQuantized()) {
      BlockLayout layout = CpuMatMul.layout(first, kernels);
      boolean rounds = activations == Activations.INT8;
      return packing(
          weights,
          kernels,
          CpuMatMul.blocksWhy(first, rounds),
          layout,
          rounds,
          (weight, store) -> CpuMatMul.packBlocks(weight, layout, store));
    }
    boolean constant =
        Arrays.stream(weights).allMatch(i -> CpuMatMul.isPacked(node.input(i), known));
    boolean floats =
        node.output().type().dtype() == DType.F32
            && (constant || first.type().dtype() == DType.F32);
    if (!floats) {
      return CpuKernel.doubles(DoubleExpertMatMul::new);
    }
    return constant
        ? packing(
            weights,
            kernels,
            "weights of " + first.type().dtype() + " are laid out in panels of float32 once",
            null,
            false,
            (weight, store) -> CpuMatMul.pack(weight, MatMul.LINEAR, kernels.matMul(), store))
        : CpuKernel.choice(
            kernels.name() + ", rows by expert",
            "float32; each piece packs what it needs of the weights",
            site -> new CpuExpertMatMul(site, kernels, null, false, null));
  }

  /** Lays an expert's weights out; says where they lie then. */
  private interface Packer {
    long pack(Value weight, Weights store);
  }

  private static Choice<CpuKernel.Preparation> packing(
      Integer[] positions,
      Kernels kernels,
      String why,
      BlockLayout layout,
      boolean rounds,
      Packer packer) {
    return Choice.Run.<CpuKernel.Preparation>of(
            kernels.name()
                + ", rows by expert, weights packed"
                + (rounds ? ", rounded to int8" : ""),
            why,
            (node, store) -> {
              long[] packed =
                  Arrays.stream(positions)
                      .mapToLong(i -> packer.pack(node.input(i), store))
                      .toArray();
              return site -> new CpuExpertMatMul(site, kernels, layout, rounds, packed);
            })
        .packing(positions);
  }

  @Override
  public long bind() {
    extents.bind();
    return sums() + (long) extents.pairs() * extents.n() * Float.BYTES;
  }

  // The workspace: pairs by expert, their rows, their results.

  private long rows() {
    return align((long) extents.pairs() * Integer.BYTES);
  }

  private long sums() {
    return rows() + align((long) extents.pairs() * extents.k() * Float.BYTES);
  }

  private static long align(long bytes) {
    return Math.ceilDiv(bytes, NativePool.ALIGNMENT) * NativePool.ALIGNMENT;
  }

  private int pair(int place) {
    return Memory.getInt(site.workspace() + (long) place * Integer.BYTES);
  }

  @Override
  public void run() {
    sort();
    copy(false);
    for (expert = 0; expert < experts; expert++) {
      int count = begins[expert + 1] - begins[expert];
      if (count > 0) {
        task.shape(count, extents.n(), extents.k())
            .a((long) extents.k() * Float.BYTES, Float.BYTES)
            .y((long) extents.n() * Float.BYTES);
        if (packed == null) {
          task.b(Float.BYTES, (long) extents.k() * Float.BYTES);
        } else if (layout == null) {
          task.packedB(packed[expert]);
        } else {
          task.blocks(layout, packed[expert]);
        }
        task.run(site.workers(), 1);
      }
    }
    copy(true);
  }

  private void sort() {
    Arrays.fill(begins, 0);
    for (int pair = 0; pair < extents.pairs(); pair++) {
      begins[extents.chosen(pair) + 1]++;
    }
    for (int e = 0; e < experts; e++) {
      begins[e + 1] += begins[e];
      next[e] = begins[e];
    }
    for (int pair = 0; pair < extents.pairs(); pair++) {
      int place = next[extents.chosen(pair)]++;
      Memory.putInt(site.workspace() + (long) place * Integer.BYTES, pair);
    }
  }

  private void copy(boolean results) {
    back = results;
    site.workers().run(this, Math.ceilDiv(extents.pairs(), placesOfPiece()));
  }

  private int placesOfPiece() {
    return Math.clamp(GRAIN / Math.max(1L, rowBytes()), 1, Math.max(1, extents.pairs()));
  }

  private long rowBytes() {
    return (long) (back ? extents.n() : extents.k()) * Float.BYTES;
  }

  @Override
  public void run(int piece, Scratch scratch) {
    int first = piece * placesOfPiece();
    int end = Math.min(extents.pairs(), first + placesOfPiece());
    for (int place = first; place < end; place++) {
      int pair = pair(place);
      if (back) {
        long y = site.out(0).address() + pair * rowBytes();
        Memory.copy(site.workspace() + sums() + place * rowBytes(), y, rowBytes());
      } else {
        long x = site.in(ExpertMatMul.X).address() + extents.row(pair) * rowBytes();
        Memory.copy(x, site.workspace() + rows() + place * rowBytes(), rowBytes());
      }
    }
  }

  @Override
  public long a(long index) {
    return site.workspace() + rows() + (long) begins[expert] * extents.k() * Float.BYTES;
  }

  @Override
  public long b(long index) {
    return site.in(ExpertMatMul.WEIGHTS + expert).address();
  }

  @Override
  public long y(long index) {
    return site.workspace() + sums() + (long) begins[expert] * extents.n() * Float.BYTES;
  }
}
