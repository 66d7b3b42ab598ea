package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.RmsNorm;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** {@link LayerNorm} and {@link RmsNorm}: {@code norm.cl}. */
final class NormLaunch implements Launch {
  /** What the two have in common; {@code bias} is -1 where there cannot be one. */
  private record Norm(int axis, double epsilon, boolean centred, int scale, int bias, int skip) {
    Dim size(Node node) {
      TensorType x = node.input(0).type();
      return Dim.product(x.dims().subList(axis, x.rank()));
    }

    boolean hasBias(Node node) {
      return bias >= 0 && node.has(bias);
    }
  }

  private record Kernels(DeviceKernel norm, DeviceKernel spreadScale, DeviceKernel spreadBias) {}

  private final LaunchSite site;
  private final Norm norm;
  private final Rows rows;
  private final DeviceKernel kernel;
  private final Parameter scale;
  private final Parameter bias;

  private NormLaunch(LaunchSite site, Norm norm, Rows rows, Kernels kernels) {
    this.site = site;
    this.norm = norm;
    this.rows = rows;
    this.kernel = kernels.norm();
    this.scale = new Parameter(site, norm.axis(), norm.scale(), kernels.spreadScale());
    this.bias = new Parameter(site, norm.axis(), norm.bias(), kernels.spreadBias());
  }

  static Choice<Preparation> choose(Node node, LayerNorm op) {
    return choose(
        node,
        new Norm(op.axis(), op.epsilon(), true, LayerNorm.SCALE, LayerNorm.BIAS, LayerNorm.SKIP));
  }

  static Choice<Preparation> choose(Node node, RmsNorm op) {
    return choose(node, new Norm(op.axis(), op.epsilon(), false, RmsNorm.SCALE, -1, RmsNorm.SKIP));
  }

  private static Choice<Preparation> choose(Node node, Norm norm) {
    return Choice.Run.<Preparation>of(
            "norm rows",
            "a row in lanes, merged as a tree",
            workshop -> {
              Rows rows = rows(workshop.limits(), node, norm);
              List<String> defines = defines(node, norm);
              defines.addAll(rows.defines());
              Kernels kernels =
                  new Kernels(
                      workshop.compile(new KernelSource("norm.cl", "norm_rows", defines)),
                      Parameter.prepare(workshop, norm.scale(), norm.size(node)),
                      Parameter.prepare(workshop, norm.bias(), norm.size(node)));
              return site -> new NormLaunch(site, norm, rows, kernels);
            })
        .over(0, norm.skip());
  }

  /** Parameters are held as rows are, a number for each column. */
  private static Rows rows(DeviceLimits limits, Node node, Norm norm) {
    Dim size = norm.size(node);
    boolean fit =
        Stream.of(norm.scale(), norm.bias())
            .filter(position -> position >= 0 && node.has(position))
            .map(position -> node.input(position).type())
            .allMatch(type -> type.dtype() != DType.F64 && (size.is(1) || isNotOne(type)));
    return fit ? Rows.kept(limits, size, node.input(0).type().dtype()) : Rows.of(limits, size);
  }

  private static boolean isNotOne(TensorType type) {
    return type.elements().isFixed() && !type.elements().is(1);
  }

  private static List<String> defines(Node node, Norm norm) {
    List<Object> types =
        new ArrayList<>(List.of("X", node.input(0), "SCALE", node.input(norm.scale())));
    if (norm.hasBias(node)) {
      types.addAll(List.of("BIAS", node.input(norm.bias())));
    }
    List<String> defines = new ArrayList<>(Types.defines(types.toArray()));
    if (norm.centred()) {
      defines.add("CENTRED");
    }
    if (node.has(norm.skip())) {
      defines.add("HAS_SKIP");
    }
    if (node.outputs().size() > LayerNorm.SUM) {
      defines.add("HAS_SUM");
    }
    return defines;
  }

  private long size() {
    return site.in(0).product(norm.axis(), site.in(0).rank());
  }

  @Override
  public long bind() {
    Operand skip = site.in(norm.skip());
    if (skip != null && !skip.sameShape(site.in(0))) {
      throw site.wrong("the skip %s is not of the shape of %s".formatted(skip, site.in(0)));
    }
    return bias.bind(scale.bind(0));
  }

  @Override
  public void run() {
    Operand x = site.in(0);
    scale.run();
    bias.run();
    site.tensor(site.out(LayerNorm.Y)).tensor(site.out(LayerNorm.SUM)).tensor(x);
    site.tensor(site.in(norm.skip()));
    scale.put();
    bias.put();
    long count = x.product(0, norm.axis());
    site.put(count).put(size()).put(scale.step()).put(bias.step());
    if (x.dtype() == DType.F64) {
      site.put(norm.epsilon());
    } else {
      site.put((float) norm.epsilon());
    }
    rows.launch(site, kernel, size() == 0 ? 0 : count);
  }
}
