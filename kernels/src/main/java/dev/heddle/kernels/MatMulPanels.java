package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Predicate;

/**
 * {@link MatMul} by {@code matmul_panels.cl}, for CPUs. It reads float32: a constant b is laid out
 * in panels when the program is compiled, another one in each run, as is an a that is not float32
 * or lies across.
 */
final class MatMulPanels implements Launch {
  /** Groups for each core, so that one that is late by a group is not late by much. */
  private static final int GROUPS_PER_CORE = 8;

  /** Steps of k of a panel, or rows, that a group packs. */
  static final int STEPS = 64;

  private static final Extent ONE_ITEM = Extent.of(1);

  private final LaunchSite site;
  private final MatMul op;
  private final MatMulExtents extents;
  private final Kernels kernels;
  private final boolean packsA;
  private long aBytes;

  /**
   * What a node's launches have in common.
   *
   * @param panels where the constant b lies in panels, 0 for none
   */
  private record Kernels(
      MatMulTiles.Panels tiles,
      DeviceKernel multiply,
      DeviceKernel packRows,
      DeviceKernel packColumns,
      long panels) {}

  private MatMulPanels(LaunchSite site, MatMul op, Kernels kernels) {
    this.site = site;
    this.op = op;
    this.extents = new MatMulExtents(site, op);
    this.kernels = kernels;
    this.packsA = kernels.packRows != null;
  }

  static Choice<Launch.Preparation> choose(
      Node node, MatMul op, Predicate<Value> known, MatMulTuning tuning) {
    MatMulTuning.Chosen<MatMulTiles.Panels> chosen = tuning.panels(node, op);
    Value b = node.input(MatMul.B);
    boolean constant = known.test(b) && !b.type().elements().is(0);
    Choice.Run<Launch.Preparation> run =
        Choice.Run.<Launch.Preparation>of(
                "matmul in registers" + (constant ? ", b packed" : ""),
                "tiles of " + chosen,
                workshop -> prepare(workshop, node, op, chosen.tiles(), constant))
            .over(MatMul.RESIDUAL);
    return constant ? run.packing(MatMul.B) : run;
  }

  private static Launch.Kernel prepare(
      Workshop workshop, Node node, MatMul op, MatMulTiles.Panels tiles, boolean constant) {
    Value a = node.input(MatMul.A);
    Value b = node.input(MatMul.B);
    boolean across = op.transposeA() && a.type().rank() > 1;
    Kernels kernels =
        new Kernels(
            tiles,
            workshop.compile(
                new KernelSource(
                    "matmul_panels.cl", "multiply", tiled(MatMulLaunch.defines(node, op), tiles))),
            a.type().dtype() == DType.F32 && !across
                ? null
                : workshop.compile(packer("pack_rows", a, tiles)),
            constant ? null : workshop.compile(packer("pack_columns", b, tiles)),
            constant ? place(workshop, op, b, tiles) : 0);
    return site -> new MatMulPanels(site, op, kernels);
  }

  /** {@code defines} and those of the tiles. */
  static List<String> tiled(List<String> defines, MatMulTiles.Panels tiles) {
    return Types.and(
        defines,
        "ROWS " + tiles.rows(),
        "VECTORS " + tiles.vectors(),
        "VEC_LANES " + tiles.lanes());
  }

  /** What lays {@code x} out for the tiles in a run. */
  static KernelSource packer(String entry, Value x, MatMulTiles.Panels tiles) {
    return new KernelSource(
        "matmul_pack.cl",
        entry,
        Types.and(Types.defines("X", x), "WIDTH " + tiles.width(), "STEPS " + STEPS));
  }

  // Constants.

  /** How a constant is laid out. */
  private record Layout(int width, boolean transposed) {}

  private static long place(Workshop workshop, MatMul op, Value b, MatMulTiles.Panels tiles) {
    TensorType type = b.type();
    boolean vector = type.rank() == 1;
    boolean transposed = vector || op.transposeB();
    int k = extent(type, vector ? 0 : transposed ? -1 : -2);
    int n = vector ? 1 : extent(type, transposed ? -2 : -1);
    long matrices = vector ? 1 : Dim.product(type.dims().subList(0, type.rank() - 2)).fixed();
    int width = tiles.width();
    long floats = Math.multiplyExact(matrices * k, (long) Math.ceilDiv(n, width) * width);
    return workshop.place(
        b,
        new Layout(width, transposed),
        Math.multiplyExact(floats, Float.BYTES),
        (from, to) -> pack(from, matrices, k, n, transposed, width, to));
  }

  /** Matrices {@code [n, k]} of one type, laid out one behind the other. */
  static long place(Workshop workshop, List<Value> matrices, MatMulTiles.Panels tiles) {
    TensorType type = matrices.getFirst().type();
    int k = extent(type, 1);
    int n = extent(type, 0);
    int width = tiles.width();
    long floats = Math.multiplyExact((long) k, (long) Math.ceilDiv(n, width) * width);
    return workshop.placeAll(
        matrices,
        new Layout(width, true),
        Math.multiplyExact(floats, Float.BYTES),
        (from, to) -> pack(from, 1, k, n, true, width, to));
  }

  private static int extent(TensorType type, int axis) {
    return Math.toIntExact(type.dim(axis).fixed());
  }

  private static void pack(
      HostTensor from,
      long matrices,
      int k,
      int n,
      boolean transposed,
      int width,
      MemorySegment to) {
    long panel = 0;
    for (long matrix = 0; matrix < matrices; matrix++) {
      for (int column = 0; column < n; column += width) {
        int columns = Math.min(width, n - column);
        for (int c = 0; c < columns; c++) {
          long first = matrix * k * n + (transposed ? (long) (column + c) * k : column + c);
          long step = transposed ? 1 : n;
          for (int p = 0; p < k; p++) {
            float value = HostFloats.get(from, first + p * step);
            HostFloats.put(to, panel + (long) p * width + c, value);
          }
        }
        panel += (long) k * width;
      }
    }
  }

  // Runs.

  @Override
  public long bind() {
    extents.bind();
    Operand a = site.in(MatMul.A);
    long alignment = site.limits().alignment();
    aBytes = packsA ? Math.ceilDiv(a.elements() * Float.BYTES, alignment) * alignment : 0;
    return aBytes
        + (kernels.panels == 0
            ? extents.matrices(site.in(MatMul.B)) * matrixOfB() * Float.BYTES
            : 0);
  }

  private long panels() {
    return Math.ceilDiv(extents.n(), (long) kernels.tiles.width());
  }

  /** Floats of one matrix b in panels. */
  private long matrixOfB() {
    return panels() * kernels.tiles.width() * extents.k();
  }

  @Override
  public void run() {
    Operand a = site.in(MatMul.A);
    Operand b = site.in(MatMul.B);
    boolean empty = site.out(0).elements() == 0;
    if (packsA && !empty) {
      packA(a);
    }
    if (kernels.panels == 0 && !empty) {
      packB(b);
    }
    site.tensor(site.out(0));
    if (packsA) {
      site.workspace(0);
    } else {
      site.tensor(a);
    }
    if (kernels.panels == 0) {
      site.workspace(aBytes);
    } else {
      site.at(kernels.panels);
    }
    site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
    long m = extents.m();
    long chunk = chunk(site, kernels.tiles, m, panels() * extents.products());
    site.put(m).put(extents.n()).put(extents.k()).put((float) op.alpha());
    site.put(extents.k()).put(m * extents.k()).put(matrixOfB());
    site.put(extents.biasRow()).put(extents.biasColumn()).put(chunk);
    extents.putBatch();
    site.launch(
        kernels.multiply,
        new Extent(panels(), Math.ceilDiv(m, chunk), extents.products()),
        ONE_ITEM);
  }

  private void packA(Operand a) {
    long m = extents.m();
    long k = extents.k();
    site.workspace(0).tensor(a).put(m).put(k).put(m * k);
    site.put(extents.aRow()).put(extents.aK());
    site.launch(
        kernels.packRows,
        new Extent(k == 0 ? 0 : Math.ceilDiv(m, STEPS), 1, extents.matrices(a)),
        ONE_ITEM);
  }

  private void packB(Operand b) {
    long k = extents.k();
    long n = extents.n();
    site.workspace(aBytes).tensor(b).put(k).put(n).put(k * n);
    site.put(extents.bK()).put(extents.bColumn());
    site.launch(
        kernels.packColumns,
        new Extent(Math.ceilDiv(k, STEPS), panels(), extents.matrices(b)),
        ONE_ITEM);
  }

  /** Rows of a group: few enough that all cores have something to do. */
  static long chunk(LaunchSite site, MatMulTiles.Panels tiles, long m, long panels) {
    long wanted = (long) GROUPS_PER_CORE * site.limits().computeUnits();
    long perPanel = Math.ceilDiv(wanted, Math.max(1, panels));
    int rows = tiles.rows();
    long fair = Math.ceilDiv(Math.ceilDiv(m, perPanel), rows) * rows;
    return Math.clamp(fair, rows, tiles.chunk());
  }
}
