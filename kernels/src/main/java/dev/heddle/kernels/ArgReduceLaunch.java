package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.ArgReduce;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** {@link ArgReduce}: {@code argreduce.cl}. */
final class ArgReduceLaunch implements Launch {
  private final LaunchSite site;
  private final ArgReduce op;
  private final Rows rows;
  private final DeviceKernel kernel;
  private final boolean last;

  private ArgReduceLaunch(
      LaunchSite site, ArgReduce op, Rows rows, DeviceKernel kernel, boolean last) {
    this.site = site;
    this.op = op;
    this.rows = rows;
    this.kernel = kernel;
    this.last = last;
  }

  static Choice<Preparation> choose(Node node, ArgReduce op) {
    List<Dim> dims = node.input(0).type().dims();
    boolean last = Dim.product(dims.subList(op.axis() + 1, dims.size())).is(1);
    return Choice.Run.of(
        last ? "best of rows" : "best of columns",
        last ? "a row in lanes" : "a column by an item",
        workshop -> {
          Rows rows = Rows.of(workshop.limits(), dims.get(op.axis()));
          List<String> defines =
              new ArrayList<>(Orders.defines(node.input(0).type().dtype(), op.largest()));
          defines.addAll(rows.defines());
          if (op.lastWins()) {
            defines.add("LAST_WINS");
          }
          String entry = last ? "arg_rows" : "arg_columns";
          DeviceKernel kernel = workshop.compile(new KernelSource("argreduce.cl", entry, defines));
          return site -> new ArgReduceLaunch(site, op, rows, kernel, last);
        });
  }

  @Override
  public long bind() {
    Operand x = site.in(0);
    if (x.dim(op.axis()) == 0 && site.out(0).elements() > 0) {
      throw site.wrong("axis %d of %s has no elements to choose from".formatted(op.axis(), x));
    }
    return 0;
  }

  @Override
  public void run() {
    Operand x = site.in(0);
    long outer = x.product(0, op.axis());
    long extent = x.dim(op.axis());
    long inner = x.product(op.axis() + 1, x.rank());
    site.tensor(site.out(0)).tensor(x).put(outer).put(extent);
    if (last) {
      rows.launch(site, kernel, outer);
    } else {
      site.put(inner);
      rows.launchColumns(site, kernel, outer, inner);
    }
  }
}
