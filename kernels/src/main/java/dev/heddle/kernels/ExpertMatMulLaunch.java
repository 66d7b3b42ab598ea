package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.TensorType;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * {@link ExpertMatMul}: {@code experts.cl} sorts the rows by their expert, then the kernels of
 * products take each expert's rows: {@code matmul_panels.cl} on CPUs, {@code matmul.cl} elsewhere.
 */
final class ExpertMatMulLaunch implements Launch {
  private static final Extent SORTING = Extent.of(64);

  private final LaunchSite site;
  private final Kernels kernels;
  private final int experts;
  private long pairs;
  private long k;
  private long n;

  /**
   * What a node's launches have in common.
   *
   * @param panels the tiles, on a CPU; else null
   * @param few on a GPU, for few rows; and for many
   * @param pack lays weights out in panels; null where they are constant or need not be
   * @param weights where constant weights lie, 0 for none
   */
  private record Kernels(
      MatMulTiles.Panels panels,
      Tiled few,
      Tiled many,
      DeviceKernel multiply,
      DeviceKernel sort,
      DeviceKernel pack,
      long weights) {}

  private record Tiled(MatMulTiles.Local tiles, DeviceKernel multiply) {}

  private ExpertMatMulLaunch(LaunchSite site, Kernels kernels) {
    this.site = site;
    this.kernels = kernels;
    this.experts = site.inputCount() - ExpertMatMul.WEIGHTS;
  }

  static Choice<Preparation> choose(
      Node node, Predicate<Value> known, DeviceLimits limits, MatMulTuning tuning) {
    List<Value> weights = weights(node);
    boolean constant =
        weights.stream().allMatch(known) && !weights.getFirst().type().elements().is(0);
    int bytes = real(node).bytes();
    boolean inPanels =
        limits.cpu()
            && real(node) == DType.F32
            && !weights.getFirst().type().dtype().isQuantized()
            && node.input(ExpertMatMul.X).type().dtype() == DType.F32;
    Choice.Run<Preparation> run;
    if (inPanels) {
      MatMulTuning.Chosen<MatMulTiles.Panels> tiles = tuning.panels();
      run =
          Choice.Run.of(
              "matmul in registers, rows by expert",
              "tiles of " + tiles,
              workshop -> panels(workshop, node, tiles.tiles(), constant));
    } else {
      MatMulTuning.Chosen<MatMulTiles.Local> few = tuning.local(true);
      MatMulTuning.Chosen<MatMulTiles.Local> many = tuning.local(false);
      for (MatMulTiles.Local tiles : List.of(many.tiles(), few.tiles())) {
        if (!MatMulLocal.fits(tiles, bytes, limits)) {
          return MatMulLocal.refusal(tiles, bytes, limits);
        }
      }
      run =
          Choice.Run.of(
              "matmul in local memory, rows by expert",
              "tiles of %s; for few rows of %s".formatted(many, few),
              workshop -> local(workshop, node, few.tiles(), many.tiles(), constant));
    }
    Integer[] positions =
        IntStream.range(ExpertMatMul.WEIGHTS, node.inputs().size()).boxed().toArray(Integer[]::new);
    return constant ? run.packing(positions) : run;
  }

  private static List<Value> weights(Node node) {
    return node.inputs().subList(ExpertMatMul.WEIGHTS, node.inputs().size());
  }

  /** What a node is computed in. */
  private static DType real(Node node) {
    boolean doubles =
        node.input(ExpertMatMul.X).type().dtype() == DType.F64
            || node.input(ExpertMatMul.WEIGHTS).type().dtype() == DType.F64;
    return doubles ? DType.F64 : DType.F32;
  }

  private static List<String> defines(Node node) {
    return Types.and(
        Types.defines("Y", node.output(), "BIAS", real(node)),
        "REAL " + real(node),
        "K_BLOCK " + MatMulTiles.K_BLOCK,
        "KIND_IDENTITY",
        "EXPERTS " + weights(node).size());
  }

  private static DeviceKernel sort(Workshop workshop, Node node) {
    return workshop.compile(
        KernelSource.of(
            "experts.cl",
            "sort_by_expert",
            "I " + node.input(ExpertMatMul.EXPERTS).type().dtype(),
            "EXPERTS " + weights(node).size(),
            RunStatus.Fault.INDEX.define()));
  }

  private static Kernel panels(
      Workshop workshop, Node node, MatMulTiles.Panels tiles, boolean constant) {
    TensorType type = node.input(ExpertMatMul.WEIGHTS).type();
    KernelSource source =
        new KernelSource("matmul_panels.cl", "multiply", MatMulPanels.tiled(defines(node), tiles));
    long weights = constant ? MatMulPanels.place(workshop, weights(node), tiles) : 0;
    Kernels kernels =
        new Kernels(
            tiles,
            null,
            null,
            workshop.compile(source),
            sort(workshop, node),
            constant
                ? null
                : workshop.compile(
                    MatMulPanels.packer("pack_columns", node.input(ExpertMatMul.WEIGHTS), tiles)),
            weights);
    return site -> new ExpertMatMulLaunch(site, kernels);
  }

  private static Kernel local(
      Workshop workshop,
      Node node,
      MatMulTiles.Local few,
      MatMulTiles.Local many,
      boolean constant) {
    Kernels kernels =
        new Kernels(
            null,
            tiled(workshop, node, few),
            tiled(workshop, node, many),
            null,
            sort(workshop, node),
            null,
            constant ? workshop.placeAll(weights(node)) : 0);
    return site -> new ExpertMatMulLaunch(site, kernels);
  }

  private static Tiled tiled(Workshop workshop, Node node, MatMulTiles.Local tiles) {
    DType weight = node.input(ExpertMatMul.WEIGHTS).type().dtype();
    List<String> defines =
        Types.and(defines(node), "A " + node.input(ExpertMatMul.X).type().dtype(), "B " + weight);
    if (weight.isQuantized()) {
      defines.add(Types.BLOCKS);
    }
    return new Tiled(tiles, workshop.compile(MatMulLocal.source("multiply", defines, tiles)));
  }

  // Runs. The workspace: the pairs in order, where experts' begin, weights that are not constant,
  // and these in panels.

  @Override
  public long bind() {
    Operand x = site.in(ExpertMatMul.X);
    Operand choices = site.in(ExpertMatMul.EXPERTS);
    Operand weight = site.in(ExpertMatMul.WEIGHTS);
    pairs = choices.elements();
    k = x.dim(-1);
    n = weight.dim(0);
    boolean rowsAgree = x.dim(0) == choices.dim(0) && (x.rank() == 2 || x.dim(1) == choices.dim(1));
    if (!rowsAgree || weight.dim(1) != k) {
      throw site.wrong("rows %s, choices %s, weights %s".formatted(x, choices, weight));
    }
    return panelsAt() + (kernels.pack == null ? 0 : experts * matrix() * Float.BYTES);
  }

  private long align(long bytes) {
    long alignment = site.limits().alignment();
    return Math.ceilDiv(bytes, alignment) * alignment;
  }

  private long beginsAt() {
    return align(pairs * Integer.BYTES);
  }

  private long weightsAt() {
    return beginsAt() + align((experts + 1L) * Integer.BYTES);
  }

  private long panelsAt() {
    long bytes = kernels.weights == 0 ? experts * site.in(ExpertMatMul.WEIGHTS).bytes() : 0;
    return weightsAt() + align(bytes);
  }

  /**
   * From one expert's weights to the next one's, as kernels count: in elements, blocks in bytes.
   */
  private long matrix() {
    if (kernels.panels != null) {
      return panels() * kernels.panels.width() * k;
    }
    DType type = site.in(ExpertMatMul.WEIGHTS).dtype();
    return type.isQuantized() ? type.bytes(k * n) : k * n;
  }

  private long panels() {
    return Math.ceilDiv(n, (long) kernels.panels.width());
  }

  @Override
  public void run() {
    if (site.out(0).elements() == 0) {
      return;
    }
    site.workspace(0).workspace(beginsAt()).tensor(site.in(ExpertMatMul.EXPERTS)).put(pairs);
    site.status();
    site.launch(kernels.sort, Extent.of(1), SORTING);
    if (kernels.weights == 0) {
      gatherWeights();
    }
    if (kernels.panels != null) {
      multiplyPanels();
    } else {
      multiplyLocal();
    }
  }

  private void gatherWeights() {
    for (int e = 0; e < experts; e++) {
      Operand weight = site.in(ExpertMatMul.WEIGHTS + e);
      long to = site.site().workspace() + weightsAt() + e * weight.bytes();
      site.copy(weight.address(), to, weight.bytes());
    }
    if (kernels.pack != null) {
      site.workspace(panelsAt()).workspace(weightsAt()).put(k).put(n).put(k * n).put(1L).put(k);
      site.launch(
          kernels.pack,
          new Extent(Math.ceilDiv(k, MatMulPanels.STEPS), panels(), experts),
          Extent.of(1));
    }
  }

  private LaunchSite weights() {
    return kernels.weights == 0
        ? site.workspace(kernels.pack == null ? weightsAt() : panelsAt())
        : site.at(kernels.weights);
  }

  /** Neighbours of the result that have one row of x. */
  private long share() {
    return site.in(ExpertMatMul.X).rank() == 2 ? site.in(ExpertMatMul.EXPERTS).dim(1) : 1;
  }

  private void multiplyPanels() {
    long chunk = MatMulPanels.chunk(site, kernels.panels, pairs, panels() * experts);
    site.tensor(site.out(0)).tensor(site.in(ExpertMatMul.X));
    weights().tensor(null).tensor(null);
    site.put(pairs).put(n).put(k).put(1f).put(k).put(0L).put(matrix());
    site.put(0L).put(0L).put(chunk);
    site.workspace(0).workspace(beginsAt()).put(share());
    site.launch(
        kernels.multiply, new Extent(panels(), Math.ceilDiv(pairs, chunk), experts), Extent.of(1));
  }

  private void multiplyLocal() {
    Tiled tiled = pairs <= MatMulTuning.FEW ? kernels.few : kernels.many;
    site.tensor(site.out(0)).tensor(site.in(ExpertMatMul.X));
    weights().tensor(null).tensor(null);
    site.put(pairs).put(n).put(k);
    if (real(site.node()) == DType.F64) {
      site.put(1.0);
    } else {
      site.put(1f);
    }
    site.put(k).put(1L).put(0L);
    site.put(1L).put(k).put(matrix());
    site.put(0L).put(0L).put((long) experts);
    site.workspace(0).workspace(beginsAt()).put(share());
    site.launch(
        tiled.multiply,
        new Extent(
            Math.ceilDiv(pairs, (long) tiled.tiles.rows()),
            Math.ceilDiv(n, (long) tiled.tiles.columns()),
            experts),
        Extent.of(tiled.tiles.items()));
  }
}
