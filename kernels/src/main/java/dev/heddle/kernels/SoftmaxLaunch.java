package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Softmax;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** {@link Softmax}: {@code softmax.cl}. Which kernel runs depends on a row's length alone. */
final class SoftmaxLaunch {
  /** Elements of a row that are summed at once; longer ones are split and merged in order. */
  private static final int BLOCK = Rows.LONGEST_KEPT;

  /** The same, of a column. */
  private static final int COLUMN_BLOCK = 256;

  private SoftmaxLaunch() {}

  static Choice<Launch.Preparation> choose(Node node, Softmax op) {
    List<Dim> dims = node.input(0).type().dims();
    boolean last = Dim.product(dims.subList(op.axis() + 1, dims.size())).is(1);
    Dim length = dims.get(op.axis());
    return Choice.Run.<Launch.Preparation>of(
            last ? "softmax rows" : "softmax columns",
            last
                ? "a row in lanes, merged as a tree; blocks of %d, in order".formatted(BLOCK)
                : "a column by an item",
            workshop -> last ? rows(workshop, node, op, length) : columns(workshop, node, op))
        .over(0);
  }

  // Along the last axis.

  /** A kernel, and how it shares rows; the kernel is null where no row is of its length. */
  private record Tier(Rows rows, DeviceKernel kernel) {
    void launch(LaunchSite site, long count) {
      rows.launch(site, kernel, count);
    }
  }

  private static Launch.Kernel rows(Workshop workshop, Node node, Softmax op, Dim length) {
    long least = length.isFixed() ? length.fixed() : 0;
    long most = length.isFixed() ? length.fixed() : Long.MAX_VALUE;
    Tier few = tier(workshop, node, op, "softmax", Math.min(most, Rows.SHORT), least <= Rows.SHORT);
    boolean fits = most > Rows.SHORT && least <= BLOCK;
    Tier one = tier(workshop, node, op, "softmax", Math.min(most, BLOCK), fits);
    Tier blocks = tier(workshop, node, op, "softmax_blocks", BLOCK, most > BLOCK);
    Tier merge = tier(workshop, node, op, "softmax_merge", BLOCK, most > BLOCK);
    return site -> new InRows(site, op.axis(), few, one, blocks, merge);
  }

  private static Tier tier(
      Workshop workshop, Node node, Softmax op, String entry, long longest, boolean wanted) {
    DType dtype = node.input(0).type().dtype();
    Rows rows = Rows.kept(workshop.limits(), Dim.of(longest), dtype);
    return new Tier(rows, wanted ? compile(workshop, node, op, rows, entry) : null);
  }

  private static DeviceKernel compile(
      Workshop workshop, Node node, Softmax op, Rows rows, String entry) {
    List<String> defines = new ArrayList<>(Types.defines("X", node.input(0)));
    defines.addAll(rows.defines());
    defines.addAll(List.of("BLOCK " + BLOCK, "COLUMN_BLOCK " + COLUMN_BLOCK));
    if (op.log()) {
      defines.add("LOG_SOFTMAX");
    }
    return workshop.compile(new KernelSource("softmax.cl", entry, defines));
  }

  private record InRows(LaunchSite site, int axis, Tier few, Tier one, Tier blocks, Tier merge)
      implements Launch {
    private long length() {
      return site.in(0).dim(axis);
    }

    private long count() {
      return site.in(0).product(0, axis);
    }

    private long parts() {
      return Math.ceilDiv(length(), BLOCK);
    }

    @Override
    public long bind() {
      int bytes = Math.max(Float.BYTES, site.in(0).dtype().bytes());
      return length() <= BLOCK ? 0 : 2 * count() * parts() * bytes;
    }

    @Override
    public void run() {
      Operand x = site.in(0);
      Operand y = site.out(0);
      if (length() <= BLOCK) {
        site.tensor(y).tensor(x).put(count()).put(length());
        (length() <= Rows.SHORT ? few : one).launch(site, length() == 0 ? 0 : count());
        return;
      }
      site.workspace(0).tensor(x).put(count()).put(length()).put(parts());
      blocks.launch(site, count() * parts());
      site.tensor(y).tensor(x).workspace(0).put(count()).put(length()).put(parts());
      merge.launch(site, count() * parts());
    }
  }

  // Along another axis.

  private static Launch.Kernel columns(Workshop workshop, Node node, Softmax op) {
    Rows rows = Rows.of(workshop.limits(), Dim.ONE);
    DeviceKernel kernel = compile(workshop, node, op, rows, "softmax_columns");
    return site -> new InColumns(site, op.axis(), rows, kernel);
  }

  private record InColumns(LaunchSite site, int axis, Rows rows, DeviceKernel kernel)
      implements Launch {
    @Override
    public long bind() {
      return 0;
    }

    @Override
    public void run() {
      Operand x = site.in(0);
      long outer = x.product(0, axis);
      long inner = x.product(axis + 1, x.rank());
      site.tensor(site.out(0)).tensor(x).put(outer).put(x.dim(axis)).put(inner);
      rows.launchColumns(site, kernel, x.dim(axis) == 0 ? 0 : outer, inner);
    }
  }
}
