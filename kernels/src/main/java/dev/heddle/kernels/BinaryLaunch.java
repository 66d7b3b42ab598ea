package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Binary;
import dev.heddle.op.Compare;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import java.util.List;

/** {@link Binary} and {@link Compare}: {@code binary.cl}. */
final class BinaryLaunch implements Launch {
  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final int pack;
  private final Walk walk = new Walk(3);

  private BinaryLaunch(LaunchSite site, DeviceKernel kernel, int pack) {
    this.site = site;
    this.kernel = kernel;
    this.pack = pack;
  }

  static Choice<Preparation> choose(Node node, Binary op, boolean float64) {
    DType a = node.input(Binary.A).type().dtype();
    DType b = node.input(Binary.B).type().dtype();
    // An integer to the power of a float is rounded to an integer: float32 would not do.
    boolean whole = !a.isFloat() && b.isFloat();
    if (whole && !float64) {
      return new Choice.Refuse<>("the device does not compute in float64");
    }
    List<String> defines = defines(node, "KIND_" + op.kind());
    if (whole) {
      defines = Types.and(defines, "USES_F64", "WHOLE", "REAL f64");
    } else if (a.isFloat()) {
      defines = Types.and(defines, "REAL " + (b == DType.F64 ? b : Types.arithmetic(a)));
    } else {
      defines = Types.and(defines, RunStatus.Fault.DIVISOR.define());
    }
    return run(node, defines, "%s and %s".formatted(a, b)).over(Binary.A, Binary.B);
  }

  static Choice<Preparation> choose(Node node, Compare op) {
    DType a = node.input(Compare.A).type().dtype();
    List<String> defines = defines(node, "KIND_" + op.kind());
    return run(
        node,
        a.isFloat() ? Types.and(defines, "REAL " + Types.arithmetic(a)) : defines,
        "compares " + a);
  }

  private static List<String> defines(Node node, String kind) {
    return Types.and(
        Types.defines("Y", node.output(), "A", node.input(0), "B", node.input(1)), kind);
  }

  private static Choice.Run<Preparation> run(Node node, List<String> defines, String why) {
    KernelSource source = new KernelSource("binary.cl", "binary", defines);
    DType y = node.output().type().dtype();
    DType a = node.input(0).type().dtype();
    DType b = node.input(1).type().dtype();
    return Choice.Run.of(
        "binary",
        why,
        workshop -> {
          // A pack is filled up with zeros, by which integers cannot be divided.
          int pack = a.isFloat() && b.isFloat() ? Packs.of(workshop.limits(), y, a, b) : 1;
          DeviceKernel kernel = workshop.compile(Packs.in(source, pack));
          return site -> new BinaryLaunch(site, kernel, pack);
        });
  }

  @Override
  public long bind() {
    walk.broadcast(site, site.out(0), site.in(0), site.in(1));
    return 0;
  }

  @Override
  public void run() {
    site.tensor(site.out(0)).tensor(site.in(0)).tensor(site.in(1));
    walk.putExtents(site);
    walk.putStrides(site, 1);
    walk.putStrides(site, 2);
    site.status();
    boolean wide = Math.max(walk.stride(1, 0), walk.stride(2, 0)) <= 1;
    Grid.rows(site, kernel, walk.rows(), Math.ceilDiv(walk.innermost(), wide ? pack : 1));
  }
}
