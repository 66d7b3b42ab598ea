package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Where;
import dev.heddle.plan.Choice;

/** {@link Where}: {@code where.cl}. */
final class WhereLaunch implements Launch {
  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final Walk walk = new Walk(4);

  private WhereLaunch(LaunchSite site, DeviceKernel kernel) {
    this.site = site;
    this.kernel = kernel;
  }

  static Choice<Preparation> choose(Node node) {
    int bytes = node.output().type().dtype().bytes();
    KernelSource source = KernelSource.of("where.cl", "choose", "BYTES " + bytes);
    return Choice.Run.<Preparation>of(
            "select",
            "moves elements of " + bytes + " bytes",
            workshop -> {
              DeviceKernel kernel = workshop.compile(source);
              return site -> new WhereLaunch(site, kernel);
            })
        .over(Where.A, Where.B, Where.CONDITION);
  }

  @Override
  public long bind() {
    walk.broadcast(site, site.out(0), site.in(Where.CONDITION), site.in(Where.A), site.in(Where.B));
    return 0;
  }

  @Override
  public void run() {
    site.tensor(site.out(0))
        .tensor(site.in(Where.CONDITION))
        .tensor(site.in(Where.A))
        .tensor(site.in(Where.B));
    walk.putExtents(site);
    walk.putStrides(site, 1);
    walk.putStrides(site, 2);
    walk.putStrides(site, 3);
    Grid.rows(site, kernel, walk.rows(), walk.innermost());
  }
}
