package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Expand;
import dev.heddle.op.Transpose;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.plan.Views;
import java.util.List;

/** Data movement by {@code copy.cl}. */
final class MoveLaunch implements Launch {
  /** Finds the strides of a copy: operand 0 is y, operand 1 x. */
  private interface Binder {
    void bind(LaunchSite site, Walk walk);
  }

  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final Binder binder;
  private final Walk walk = new Walk(2);

  private MoveLaunch(LaunchSite site, DeviceKernel kernel, Binder binder) {
    this.site = site;
    this.kernel = kernel;
    this.binder = binder;
  }

  private static Choice<Preparation> run(Node node, String why, Binder binder) {
    int bytes = node.output().type().dtype().bytes();
    KernelSource source = new KernelSource("copy.cl", "copy", List.of("BYTES " + bytes));
    return Choice.Run.of(
        "copy",
        why,
        workshop -> {
          DeviceKernel kernel = workshop.compile(source);
          return site -> new MoveLaunch(site, kernel, binder);
        });
  }

  static Choice<Preparation> choose(Node node, Transpose op) {
    return Views.keepsOrder(node, op)
        ? Views.same("only axes of extent 1 move")
        : run(node, "axes move", (site, walk) -> bind(site, walk, op));
  }

  private static void bind(LaunchSite site, Walk walk, Transpose op) {
    Operand x = site.in(0);
    Operand y = site.out(0);
    walk.begin();
    for (int axis = 0; axis < y.rank(); axis++) {
      int from = op.permutation().get(axis);
      walk.axis(site, y.dim(axis), y.product(axis + 1, y.rank()), x.product(from + 1, x.rank()));
    }
  }

  static Choice<Preparation> choose(Node node, Expand op) {
    return node.input(0).type().equals(node.output().type())
        ? Views.same("the dimensions are these already")
        : run(
            node, "elements repeat", (site, walk) -> walk.broadcast(site, site.out(0), site.in(0)));
  }

  @Override
  public long bind() {
    binder.bind(site, walk);
    return 0;
  }

  @Override
  public void run() {
    site.tensor(site.out(0)).tensor(site.in(0)).put(walk.elements());
    walk.putExtents(site);
    walk.putStrides(site, 0);
    walk.putStrides(site, 1);
    Grid.elements(site, kernel, walk.elements());
  }
}
