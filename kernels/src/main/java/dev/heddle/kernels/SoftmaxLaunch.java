package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Softmax;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** {@link Softmax}: {@code softmax.cl}. Which kernel runs depends on a row's length alone. */
final class SoftmaxLaunch {
  /** Elements of a row that are summed at once; longer ones are split and merged in order. */
  private static final int BLOCK = 8192;

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

  private static Launch.Kernel rows(Workshop workshop, Node node, Softmax op, Dim length) {
    Rows rows = Rows.of(workshop.limits(), length);
    boolean whole = !length.isFixed() || length.fixed() <= BLOCK;
    boolean split = !length.isFixed() || length.fixed() > BLOCK;
    DeviceKernel one = whole ? compile(workshop, node, op, rows, "softmax") : null;
    DeviceKernel blocks = split ? compile(workshop, node, op, rows, "softmax_blocks") : null;
    DeviceKernel merge = split ? compile(workshop, node, op, rows, "softmax_merge") : null;
    return site -> new InRows(site, op.axis(), rows, one, blocks, merge);
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

  private record InRows(
      LaunchSite site,
      int axis,
      Rows rows,
      DeviceKernel one,
      DeviceKernel blocks,
      DeviceKernel merge)
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
        rows.launch(site, one, length() == 0 ? 0 : count());
        return;
      }
      site.workspace(0).tensor(x).put(count()).put(length()).put(parts());
      rows.launch(site, blocks, count() * parts());
      site.tensor(y).tensor(x).workspace(0).put(count()).put(length()).put(parts());
      rows.launch(site, merge, count() * parts());
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
