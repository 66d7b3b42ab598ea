package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Range;
import dev.heddle.plan.Choice;

/** {@link Range}: {@code range.cl}. */
record RangeLaunch(LaunchSite site, Range op, DeviceKernel kernel) implements Launch {
  static Choice<Preparation> choose(Node node, Range op) {
    KernelSource source = new KernelSource("range.cl", "range", Types.defines("Y", node.output()));
    return Choice.Run.of(
        "count",
        "in 64 bits",
        workshop -> {
          DeviceKernel kernel = workshop.compile(source);
          return site -> new RangeLaunch(site, op, kernel);
        });
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    long count = site.out(0).elements();
    site.tensor(site.out(0)).put(count).put(site.evaluate(op.start())).put(op.step());
    Grid.elements(site, kernel, count);
  }
}
