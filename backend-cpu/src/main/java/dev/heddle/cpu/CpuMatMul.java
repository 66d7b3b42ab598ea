package dev.heddle.cpu;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.TensorType;
import java.util.function.Predicate;

/** {@link MatMul} of float32: weights in panels laid out at compile time, other operands as is. */
final class CpuMatMul implements Step {
  private final Site site;
  private final MatMulExtents extents;
  private final MatMulTask task;
  private final boolean packed;

  private CpuMatMul(
      Site site, MatMul op, Kernels kernels, BlockLayout layout, boolean rounds, long packedB) {
    this.site = site;
    this.extents = new MatMulExtents(site, op);
    this.packed = packedB != 0;
    this.task =
        new MatMulTask(kernels, extents).alpha((float) op.alpha()).activation(op.activation());
    if (layout != null) {
      task.blocks(layout, packedB).rounding(rounds);
    } else if (packed) {
      task.packedB(packedB);
    }
  }

  static Choice<CpuKernel.Preparation> choose(
      Node node, MatMul op, Kernels kernels, Activations activations, Predicate<Value> known) {
    Value b = node.input(MatMul.B);
    boolean floats =
        isFloat(node.output())
            && isFloat(node.input(MatMul.BIAS))
            && isFloat(node.input(MatMul.RESIDUAL));
    if (b.type().dtype().isQuantized()) {
      return blocks(b, op, kernels, activations);
    }
    if (floats && isPacked(b, known)) {
      return Choice.Run.<CpuKernel.Preparation>of(
              kernels.name() + ", b packed",
              "weights of " + b.type().dtype() + " are laid out in panels of float32 once",
              (n, weights) -> {
                long address = pack(n.input(MatMul.B), op, kernels.matMul(), weights);
                return site -> new CpuMatMul(site, op, kernels, null, false, address);
              })
          .over(MatMul.RESIDUAL)
          .packing(MatMul.B);
    }
    if (floats && isFloat(b)) {
      return CpuKernel.choice(
              kernels.name(),
              "float32; each piece packs what it needs of b",
              site -> new CpuMatMul(site, op, kernels, null, false, 0))
          .over(MatMul.RESIDUAL);
    }
    return CpuKernel.doubles(site -> new DoubleMatMul(site, op)).over(MatMul.RESIDUAL);
  }

  private static Choice<CpuKernel.Preparation> blocks(
      Value b, MatMul op, Kernels kernels, Activations activations) {
    BlockLayout layout = layout(b, kernels);
    boolean rounds = activations == Activations.INT8;
    return Choice.Run.<CpuKernel.Preparation>of(
            kernels.name() + ", b in blocks" + (rounds ? ", a rounded to int8" : ""),
            blocksWhy(b, rounds),
            (node, weights) -> {
              long address = packBlocks(node.input(MatMul.B), layout, weights);
              return site -> new CpuMatMul(site, op, kernels, layout, rounds, address);
            })
        .over(MatMul.RESIDUAL)
        .packing(MatMul.B);
  }

  /** What plans say of products with blocks. */
  static String blocksWhy(Value b, boolean rounds) {
    return "weights stay %s; each piece decodes what it needs, to float32%s"
        .formatted(
            b.type().dtype(), rounds ? "; a's rows are rounded in blocks of 32, as asked" : "");
  }

  /** How the blocks of a b {@code [n, k]} are laid out. */
  static BlockLayout layout(Value b, Kernels kernels) {
    int k = Math.toIntExact(b.type().dim(1).fixed());
    return BlockLayout.of(b.type().dtype(), k, kernels.matMul().width());
  }

  /** Where a constant b of blocks lies, laid out so. */
  static long packBlocks(Value b, BlockLayout layout, Weights weights) {
    int n = Math.toIntExact(b.type().dim(0).fixed());
    return weights.pack(
        b,
        "panels of blocks",
        BlockPacking.bytes(layout, n),
        (from, to, workers) -> BlockPacking.pack(layout, from, n, to, workers));
  }

  /** True for float32, and for what is absent. */
  static boolean isFloat(Value value) {
    return value == null || value.type().dtype() == DType.F32;
  }

  /** True where b is laid out at compile time: one matrix of a type that is exact in float32. */
  static boolean isPacked(Value b, Predicate<Value> known) {
    TensorType type = b.type();
    boolean exact =
        switch (type.dtype()) {
          case F32, F16, BF16 -> true;
          default -> false;
        };
    return known.test(b) && exact && type.rank() <= 2 && !type.elements().is(0);
  }

  /** Where a constant b lies in panels. */
  static long pack(Value b, MatMul op, MatMulTiles tiles, Weights weights) {
    TensorType type = b.type();
    boolean vector = type.rank() == 1;
    int k = Math.toIntExact(type.dim(vector ? 0 : op.transposeB() ? -1 : -2).fixed());
    int n = vector ? 1 : Math.toIntExact(type.dim(op.transposeB() ? -2 : -1).fixed());
    int bytes = type.dtype().bytes();
    long kStride = (long) bytes * (vector || op.transposeB() ? 1 : n);
    long columnStride = (long) bytes * (op.transposeB() ? k : 1);
    return weights.pack(
        b,
        "panels of " + (op.transposeB() ? "rows" : "columns"),
        MatMulPacking.bytes(tiles, k, n),
        (from, to, workers) ->
            MatMulPacking.pack(
                tiles, type.dtype(), from, kStride, columnStride, k, n, to, workers));
  }

  @Override
  public long bind() {
    extents.bind();
    task.shape(
            Math.toIntExact(extents.m()),
            Math.toIntExact(extents.n()),
            Math.toIntExact(extents.k()))
        .a(extents.aRow(), extents.aColumn())
        .y(extents.n() * Float.BYTES)
        .bias(extents.biasRow(), extents.biasColumn());
    if (!packed) {
      task.b(extents.bRow(), extents.bColumn());
    }
    return 0;
  }

  @Override
  public void run() {
    task.run(site.workers(), Math.toIntExact(extents.batches()));
  }
}
