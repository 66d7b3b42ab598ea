package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.CumSum;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** {@link CumSum}: {@code cumsum.cl}, one sum after another. */
final class CumSumLaunch implements Launch {
  private final LaunchSite site;
  private final CumSum op;
  private final Rows rows;
  private final DeviceKernel kernel;

  private CumSumLaunch(LaunchSite site, CumSum op, Rows rows, DeviceKernel kernel) {
    this.site = site;
    this.op = op;
    this.rows = rows;
    this.kernel = kernel;
  }

  static Choice<Preparation> choose(Node node, CumSum op) {
    List<Dim> dims = node.input(0).type().dims();
    boolean last = Dim.product(dims.subList(op.axis() + 1, dims.size())).is(1);
    return Choice.Run.<Preparation>of(
            "running sums",
            "a lane by an item",
            workshop -> {
              Rows columns = Rows.of(workshop.limits(), Dim.ONE);
              Rows rows = last ? columns.apart() : columns;
              List<String> defines = defines(node.input(0).type().dtype(), op);
              defines.addAll(rows.defines());
              DeviceKernel kernel =
                  workshop.compile(new KernelSource("cumsum.cl", "cumsum", defines));
              return site -> new CumSumLaunch(site, op, rows, kernel);
            })
        .over(0);
  }

  private static List<String> defines(DType dtype, CumSum op) {
    DType accumulator = !dtype.isFloat() ? DType.I64 : dtype == DType.F64 ? DType.F64 : DType.F32;
    List<String> defines = new ArrayList<>(Types.defines("X", dtype, "ACC", accumulator));
    if (!dtype.isFloat()) {
      defines.add("INTEGERS");
    }
    if (dtype == DType.BOOL) {
      defines.add("X_BOOL");
    }
    if (op.exclusive()) {
      defines.add("EXCLUSIVE");
    }
    if (op.reverse()) {
      defines.add("REVERSE");
    }
    return defines;
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    Operand x = site.in(0);
    long outer = x.product(0, op.axis());
    long extent = x.dim(op.axis());
    long inner = x.product(op.axis() + 1, x.rank());
    site.tensor(site.out(0)).tensor(x).put(outer).put(extent).put(inner);
    rows.launchColumns(site, kernel, extent == 0 ? 0 : outer, inner);
  }
}
