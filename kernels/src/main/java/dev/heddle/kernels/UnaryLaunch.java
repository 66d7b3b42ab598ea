package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Cast;
import dev.heddle.op.Unary;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Views;
import dev.heddle.tensor.DType;

/** {@link Unary} and {@link Cast}, element by element: {@code unary.cl}, {@code cast.cl}. */
final class UnaryLaunch implements Launch {
  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final int pack;

  private UnaryLaunch(LaunchSite site, DeviceKernel kernel, int pack) {
    this.site = site;
    this.kernel = kernel;
    this.pack = pack;
  }

  static Choice<Preparation> choose(Node node, Unary op) {
    if (op.kind() == Unary.Kind.IDENTITY) {
      return MoveLaunch.identity();
    }
    DType x = node.input(0).type().dtype();
    var defines = Types.defines("X", x, "Y", node.output());
    String kind = "KIND_" + op.kind();
    defines =
        x.isFloat()
            ? Types.and(defines, kind, "REAL " + Types.arithmetic(x))
            : Types.and(defines, kind);
    KernelSource source = new KernelSource("unary.cl", "unary", defines);
    return run("unary", x + " by itself", source, x, node.output().type().dtype());
  }

  static Choice<Preparation> choose(Node node, Cast op) {
    DType x = node.input(0).type().dtype();
    if (x == op.to()) {
      return Views.same("the type is " + x + " already");
    }
    var defines = Types.and(Types.defines("X", x, "Y", op.to()), "FROM " + Types.arithmetic(x));
    KernelSource source = new KernelSource("cast.cl", "convert", defines);
    return run("convert", x + " to " + op.to(), source, x, op.to());
  }

  private static Choice<Preparation> run(
      String name, String why, KernelSource source, DType x, DType y) {
    return Choice.Run.<Preparation>of(
            name,
            why,
            workshop -> {
              int pack = Packs.of(workshop.limits(), x, y);
              DeviceKernel kernel = workshop.compile(Packs.in(source, pack));
              return site -> new UnaryLaunch(site, kernel, pack);
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
    Grid.elements(site, kernel, Math.ceilDiv(count, pack));
  }
}
