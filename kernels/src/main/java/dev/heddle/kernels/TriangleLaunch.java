package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Triangle;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import java.util.ArrayList;
import java.util.List;

/** {@link Triangle}: {@code triangle.cl}. */
record TriangleLaunch(LaunchSite site, Triangle op, DeviceKernel kernel) implements Launch {
  static Choice<Preparation> choose(Node node, Triangle op) {
    List<String> defines = new ArrayList<>();
    defines.add("BYTES " + node.output().type().dtype().bytes());
    if (op.upper()) {
      defines.add("UPPER");
    }
    KernelSource source = new KernelSource("triangle.cl", "triangle", defines);
    return Choice.Run.<Preparation>of(
            "copy and zero",
            "row by row",
            workshop -> {
              DeviceKernel kernel = workshop.compile(source);
              return site -> new TriangleLaunch(site, op, kernel);
            })
        .over(0);
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    Operand x = site.in(0);
    long rows = x.product(0, x.rank() - 1);
    long columns = x.dim(-1);
    // A diagonal beyond the corners is at them, and sums stay in range.
    long diagonal = Math.clamp(op.diagonal(), -x.dim(-2) - 1, columns + 1);
    site.tensor(site.out(0)).tensor(x).put(rows).put(x.dim(-2)).put(columns).put(diagonal);
    Grid.rows(site, kernel, rows, columns);
  }
}
