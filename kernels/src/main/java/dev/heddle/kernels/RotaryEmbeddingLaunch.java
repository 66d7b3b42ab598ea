package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** {@link RotaryEmbedding}: {@code rotary.cl}. */
final class RotaryEmbeddingLaunch implements Launch {
  private final LaunchSite site;
  private final RotaryEmbedding op;
  private final DeviceKernel kernel;
  private final int pack;
  private long heads;
  private long headDim;
  private long vectors;
  private long rows;

  RotaryEmbeddingLaunch(LaunchSite site, RotaryEmbedding op, DeviceKernel kernel, int pack) {
    this.site = site;
    this.op = op;
    this.kernel = kernel;
    this.pack = pack;
  }

  static Choice<Preparation> choose(Node node, RotaryEmbedding op) {
    KernelSource source = new KernelSource("rotary.cl", "rotary", defines(node, op));
    return Choice.Run.<Preparation>of(
            "rotary",
            "a pair by an item",
            workshop -> {
              int pack = pack(workshop.limits(), node);
              DeviceKernel kernel = workshop.compile(Packs.in(source, pack));
              return site -> new RotaryEmbeddingLaunch(site, op, kernel, pack);
            })
        .over(RotaryEmbedding.X);
  }

  private static int pack(DeviceLimits limits, Node node) {
    DType table = node.input(RotaryEmbedding.COS).type().dtype();
    int pack = Packs.of(limits, node.input(RotaryEmbedding.X).type().dtype());
    return Packs.of(limits, table) == 1 ? 1 : pack;
  }

  static List<String> defines(Node node, RotaryEmbedding op) {
    List<Object> types =
        new ArrayList<>(
            List.of("X", node.input(RotaryEmbedding.X), "TABLE", node.input(RotaryEmbedding.COS)));
    if (node.has(RotaryEmbedding.POSITIONS)) {
      types.addAll(List.of("POSITION", node.input(RotaryEmbedding.POSITIONS)));
    }
    List<String> defines = new ArrayList<>(Types.defines(types.toArray()));
    defines.add(RunStatus.Fault.POSITION.define());
    if (op.interleaved()) {
      defines.add("INTERLEAVED");
    }
    if (op.heads() == 0) {
      defines.add("HEADS_FIRST");
    }
    return defines;
  }

  @Override
  public long bind() {
    Operand x = site.in(RotaryEmbedding.X);
    Operand cos = site.in(RotaryEmbedding.COS);
    boolean headsFirst = op.heads() == 0;
    heads = headsFirst ? x.dim(1) : op.heads();
    if (!headsFirst && x.dim(-1) % heads != 0) {
      throw site.wrong("%s cannot be divided into %d heads".formatted(x, heads));
    }
    headDim = headsFirst ? x.dim(3) : x.dim(-1) / heads;
    vectors = headDim == 0 ? 0 : x.elements() / headDim;
    if (op.rotaryDim() > headDim && vectors > 0) {
      throw site.wrong(
          "rotaryDim %d is more than the %d elements of a head".formatted(op.rotaryDim(), headDim));
    }
    rows = cos.product(0, cos.rank() - 1);
    checkRows();
    return 0;
  }

  /** Tokens find their rows by positions that repeat, or by tables that do. */
  private void checkRows() {
    long tokens = heads == 0 ? 0 : vectors / heads;
    Operand positions = site.in(RotaryEmbedding.POSITIONS);
    long given = positions == null ? rows : positions.elements();
    if (tokens > 0 && (given == 0 || tokens % given != 0)) {
      throw site.wrong(
          "%d tokens and %d %s; expected one for each, or for each of a sequence"
              .formatted(tokens, given, positions == null ? "rows of the tables" : "positions"));
    }
  }

  @Override
  public void run() {
    Operand x = site.in(RotaryEmbedding.X);
    Operand positions = site.in(RotaryEmbedding.POSITIONS);
    long half = op.rotaryDim() / 2;
    site.tensor(site.out(0)).tensor(x);
    site.tensor(site.in(RotaryEmbedding.COS)).tensor(site.in(RotaryEmbedding.SIN));
    site.tensor(positions).put(vectors).put(heads).put(x.dim(-2)).put(headDim).put(half);
    site.put(rows).put(positions == null ? rows : positions.elements()).status();
    if (pack == 1) {
      Grid.elements(site, kernel, vectors * (headDim - half));
    } else {
      long rest = headDim - 2 * half;
      Grid.rows(site, kernel, vectors, Math.ceilDiv(half, pack) + Math.ceilDiv(rest, pack));
    }
  }
}
