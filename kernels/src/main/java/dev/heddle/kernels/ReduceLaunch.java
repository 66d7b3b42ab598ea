package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Reduce;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link Reduce}: {@code reduce.cl}. Floats are combined in float32, or float64 where they are;
 * integers in 64 bits.
 */
final class ReduceLaunch implements Launch {
  /** Elements that are combined at once; of more, such blocks are merged in order. */
  private static final int BLOCK = 4096;

  private final LaunchSite site;
  private final Reduce op;
  private final Plan plan;
  private final Walk kept = new Walk(1);
  private final Walk combined = new Walk(1);

  /**
   * What was compiled.
   *
   * @param byRow whether neighbours are combined, else kept
   * @param bytes bytes of a block's result
   */
  private record Plan(
      Rows rows, boolean byRow, int bytes, DeviceKernel reduce, DeviceKernel merge) {}

  private ReduceLaunch(LaunchSite site, Reduce op, Plan plan) {
    this.site = site;
    this.op = op;
    this.plan = plan;
  }

  static Choice<Preparation> choose(Node node, Reduce op) {
    boolean byRow = combinesNeighbours(node, op);
    return Choice.Run.of(
        byRow ? "reduce rows" : "reduce columns",
        "blocks of %d elements, merged in order".formatted(BLOCK),
        workshop -> {
          Plan plan = prepare(workshop, node, op, byRow);
          return site -> new ReduceLaunch(site, op, plan);
        });
  }

  /** Whether the last axis, but for those of extent 1, is among those combined. */
  private static boolean combinesNeighbours(Node node, Reduce op) {
    TensorType x = node.input(0).type();
    int last = x.rank() - 1;
    while (last > 0 && x.dim(last).is(1)) {
      last--;
    }
    return op.axes().contains(last);
  }

  private static Plan prepare(Workshop workshop, Node node, Reduce op, boolean byRow) {
    TensorType x = node.input(0).type();
    Dim count = Dim.product(op.axes().stream().map(x::dim).toList());
    Rows rows = Rows.of(workshop.limits(), count);
    DType accumulator = accumulator(workshop.limits(), x.dtype(), op.kind());
    List<String> defines = defines(x.dtype(), accumulator, op.kind());
    defines.addAll(rows.defines());
    String entry = byRow ? "reduce_rows" : "reduce_columns";
    boolean split = !count.isFixed() || count.fixed() > BLOCK;
    return new Plan(
        rows,
        byRow,
        accumulator.bytes() * (op.kind() == Reduce.Kind.LOG_SUM_EXP ? 2 : 1),
        workshop.compile(new KernelSource("reduce.cl", entry, defines)),
        split ? workshop.compile(new KernelSource("reduce.cl", "reduce_merge", defines)) : null);
  }

  private static boolean isWhole(DType dtype, Reduce.Kind kind) {
    return !dtype.isFloat()
        && switch (kind) {
          case SUM, MEAN, MAX, MIN, PROD, L1, SUM_SQUARE -> true;
          case L2, LOG_SUM, LOG_SUM_EXP -> false;
        };
  }

  private static DType accumulator(DeviceLimits limits, DType dtype, Reduce.Kind kind) {
    if (isWhole(dtype, kind)) {
      return DType.I64;
    }
    boolean wide = dtype == DType.F64 || !dtype.isFloat() && limits.float64();
    return wide ? DType.F64 : DType.F32;
  }

  private static List<String> defines(DType dtype, DType accumulator, Reduce.Kind kind) {
    List<String> defines = new ArrayList<>(Types.defines("X", dtype, "ACC", accumulator));
    defines.add("KIND_" + kind);
    defines.add("BLOCK " + BLOCK);
    defines.add("LEAST " + least(dtype));
    defines.add("GREATEST " + greatest(dtype));
    if (isWhole(dtype, kind)) {
      defines.add("INTEGERS");
    } else if (!dtype.isFloat()) {
      defines.add("TRUNCATED");
    }
    if (dtype == DType.BOOL) {
      defines.add("X_BOOL");
    }
    return defines;
  }

  private static String least(DType dtype) {
    return switch (dtype) {
      case BOOL, U8 -> "0";
      case I8 -> "-128";
      case I16 -> "-32768";
      case I32 -> "(-2147483647 - 1)";
      case I64 -> "(-9223372036854775807 - 1)";
      default -> "-F32_INFINITY";
    };
  }

  private static String greatest(DType dtype) {
    return switch (dtype) {
      case BOOL -> "1";
      case U8 -> "255";
      case I8 -> "127";
      case I16 -> "32767";
      case I32 -> "2147483647";
      case I64 -> "9223372036854775807";
      default -> "F32_INFINITY";
    };
  }

  private long blocks() {
    return Math.max(1, Math.ceilDiv(combined.elements(), BLOCK));
  }

  @Override
  public long bind() {
    Operand x = site.in(0);
    kept.begin();
    combined.begin();
    for (int axis = 0; axis < x.rank(); axis++) {
      Walk walk = op.axes().contains(axis) ? combined : kept;
      walk.axis(site, x.dim(axis), x.product(axis + 1, x.rank()));
    }
    return blocks() == 1 ? 0 : kept.elements() * blocks() * plan.bytes();
  }

  @Override
  public void run() {
    long results = kept.elements();
    long count = combined.elements();
    site.tensor(site.out(0)).workspace(0).tensor(site.in(0));
    site.put(results).put(count).put(blocks());
    kept.putExtents(site);
    kept.putStrides(site, 0);
    combined.putExtents(site);
    combined.putStrides(site, 0);
    if (plan.byRow()) {
      plan.rows().launch(site, plan.reduce(), results * blocks());
    } else {
      long side = Math.max(1, kept.innermost());
      plan.rows().launchColumns(site, plan.reduce(), results / side * blocks(), side);
    }
    if (blocks() > 1) {
      site.tensor(site.out(0)).workspace(0).put(results).put(count).put(blocks());
      Rows.launchItems(site, plan.merge(), results);
    }
  }
}
