package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Unary;
import dev.heddle.plan.Choice;

/** {@link Unary}: {@code unary.cl}. */
final class UnaryLaunch implements Launch {
  private final LaunchSite site;
  private final DeviceKernel kernel;

  private UnaryLaunch(LaunchSite site, DeviceKernel kernel) {
    this.site = site;
    this.kernel = kernel;
  }

  static Choice<Preparation> choose(Node node, Unary op) {
    KernelSource source =
        new KernelSource(
            "unary.cl", "unary", Types.and(Types.defines("X", node.input(0)), "KIND_" + op.kind()));
    return Choice.Run.<Preparation>of(
            "unary",
            "element by element",
            workshop -> {
              DeviceKernel kernel = workshop.compile(source);
              return site -> new UnaryLaunch(site, kernel);
            })
        .over(0);
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    long count = site.out(0).elements();
    site.tensor(site.out(0)).tensor(site.in(0)).put(count);
    Grid.elements(site, kernel, count);
  }
}
