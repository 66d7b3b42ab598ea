package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.RmsNorm;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.List;
import java.util.function.Function;

/** {@link LayerNorm} and {@link RmsNorm} of float32 rows. */
final class CpuNorm implements Step, WorkerPool.Task {
  /** Elements that a thread takes at a time. */
  private static final long GRAIN = 8_192;

  private final Site site;
  private final NormOperands operands;
  private final NormKernels kernels;

  private CpuNorm(Site site, NormOperands operands, NormKernels kernels) {
    this.site = site;
    this.operands = operands;
    this.kernels = kernels;
  }

  static Choice<CpuKernel.Preparation> choose(Node node, LayerNorm op, Kernels kernels) {
    Choice.Run<CpuKernel.Preparation> choice =
        isPlain(node, op.axis(), LayerNorm.SCALE, LayerNorm.BIAS)
            ? floats(kernels, site -> NormOperands.of(site, op))
            : CpuKernel.doubles(site -> new DoubleNorm(site, op));
    return choice.over(LayerNorm.X, LayerNorm.SKIP);
  }

  static Choice<CpuKernel.Preparation> choose(Node node, RmsNorm op, Kernels kernels) {
    Choice.Run<CpuKernel.Preparation> choice =
        isPlain(node, op.axis(), RmsNorm.SCALE)
            ? floats(kernels, site -> NormOperands.of(site, op))
            : CpuKernel.doubles(site -> new DoubleNorm(site, op));
    return choice.over(RmsNorm.X, RmsNorm.SKIP);
  }

  private static Choice.Run<CpuKernel.Preparation> floats(
      Kernels kernels, Function<Site, NormOperands> operands) {
    return CpuKernel.choice(
        kernels.name(),
        "float32, a row's order its own",
        site -> new CpuNorm(site, operands.apply(site), kernels.norm()));
  }

  /** True for float32 throughout, with a parameter for each column. */
  private static boolean isPlain(Node node, int axis, int... parameters) {
    List<Dim> dims = node.input(0).type().dims();
    Dim size = Dim.product(dims.subList(axis, dims.size()));
    boolean plain = node.output().type().dtype() == DType.F32;
    for (int position : parameters) {
      Value parameter = node.input(position);
      plain &=
          parameter == null
              || parameter.type().dtype() == DType.F32 && parameter.type().elements().equals(size);
    }
    return plain;
  }

  @Override
  public long bind() {
    operands.bind();
    Math.toIntExact(operands.size());
    return 0;
  }

  private long rowsOfPiece() {
    return Math.max(1, GRAIN / Math.max(1, operands.size()));
  }

  @Override
  public void run() {
    if (operands.size() > 0) {
      site.workers().run(this, Math.toIntExact(Math.ceilDiv(operands.rows(), rowsOfPiece())));
    }
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long x = site.in(0).address();
    long y = site.out(0).address();
    long skip = address(operands.skip());
    long scale = address(operands.scale());
    long sum = address(operands.sum());
    int columns = (int) operands.size();
    double epsilon = operands.epsilon();
    long first = piece * rowsOfPiece();
    long last = Math.min(operands.rows(), first + rowsOfPiece());
    if (operands.centred()) {
      long bias = address(operands.bias());
      kernels.layerNorm(x, skip, scale, bias, y, sum, columns, epsilon, first, last);
    } else {
      kernels.rmsNorm(x, skip, scale, y, sum, columns, epsilon, first, last);
    }
  }

  private static long address(Operand operand) {
    return operand == null ? 0 : operand.address();
  }
}
