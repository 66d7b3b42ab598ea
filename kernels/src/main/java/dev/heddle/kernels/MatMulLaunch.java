package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** {@link MatMul}: which kernel, and what all of them have in common. */
final class MatMulLaunch {
  private MatMulLaunch() {}

  static Choice<Launch.Preparation> choose(
      Node node, MatMul op, Predicate<Value> known, DeviceLimits limits, MatMulTuning tuning) {
    boolean blocks = node.input(MatMul.B).type().dtype().isQuantized();
    if (MatMulBlocks.serves(node, op, known, limits)) {
      return MatMulBlocks.choose(node, op, tuning);
    }
    if (MatMulTensor.serves(node, op, limits)) {
      return MatMulTensor.choose(node, op, limits);
    }
    return limits.cpu() && real(node) == DType.F32 && !blocks
        ? MatMulPanels.choose(node, op, known, tuning)
        : MatMulLocal.choose(node, op, limits, tuning);
  }

  /** What a node is computed in. */
  static DType real(Node node) {
    return operands(node).anyMatch(value -> value.type().dtype() == DType.F64)
        ? DType.F64
        : DType.F32;
  }

  private static Stream<Value> operands(Node node) {
    return node.inputs().stream().filter(Objects::nonNull);
  }

  /** Defines that all kernels of products know. */
  static List<String> defines(Node node, MatMul op) {
    Value bias = node.input(MatMul.BIAS);
    DType real = real(node);
    List<String> defines =
        new ArrayList<>(Types.defines("Y", node.output(), "BIAS", bias == null ? DType.F32 : bias));
    defines.add("REAL " + real);
    if (real == DType.F64 && !defines.contains("USES_F64")) {
      defines.addFirst("USES_F64");
    }
    defines.add("K_BLOCK " + MatMulTiles.K_BLOCK);
    defines.add("KIND_" + op.activation());
    if (!MatMulExtents.isOneProduct(node, op)) {
      defines.add("BATCHED");
    }
    return defines;
  }

  /** Puts alpha, as what the node is computed in. */
  static void putAlpha(LaunchSite site, MatMul op) {
    if (real(site.node()) == DType.F64) {
      site.put(op.alpha());
    } else {
      site.put((float) op.alpha());
    }
  }
}
