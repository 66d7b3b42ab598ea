package dev.heddle.backend;

import dev.heddle.graph.Graph;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The type that a model computes in: its weights and what passes between its nodes are stored so;
 * sums are float32's in any case. {@link dev.heddle.pass.ComputeIn} says which nodes stay float32.
 */
public enum ComputeType {
  /** {@link Backend#autoType()}; F32 where weights are quantised, for blocks multiply with that. */
  AUTO,
  /** What the graph says: graphs of models are of float32. */
  F32,
  /**
   * As F32, but products of float32 take their operands' first 10 bits behind the point (NVIDIA's
   * TensorFloat-32); for {@link CompileOptions.Numerics#FASTEST} and devices that have it.
   */
  TF32,
  /** The upper half of float32: its range, 8 bits of precision. */
  BF16,
  /** IEEE 754 binary16: up to 65,504, 11 bits of precision. */
  F16;

  /**
   * The one that people call {@code name}: {@code auto}, {@code f32}, ….
   *
   * @throws IllegalArgumentException if there is none
   */
  public static ComputeType of(String name) {
    return Arrays.stream(values())
        .filter(type -> type.toString().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "\"%s\" is no type to compute in; expected %s"
                    .formatted(
                        name,
                        Arrays.stream(values())
                            .map(ComputeType::toString)
                            .collect(Collectors.joining(", ")))));
  }

  /**
   * What numbers are stored in, on {@code backend}.
   *
   * @param quantized whether weights are block-quantised, or numbers are quantised by each run
   */
  public DType on(Backend backend, boolean quantized) {
    return switch (this) {
      case AUTO -> quantized ? DType.F32 : backend.autoType();
      case F32, TF32 -> DType.F32;
      case BF16 -> DType.BF16;
      case F16 -> DType.F16;
    };
  }

  /** The same of a graph. */
  public DType on(Backend backend, Graph graph) {
    boolean blocks =
        graph.constants().values().stream().map(HostTensor::dtype).anyMatch(DType::isQuantized);
    boolean byRun = graph.nodes().stream().anyMatch(node -> node.op() instanceof DynamicQuantize);
    return on(backend, blocks || byRun);
  }

  /** What plans say of it: nothing where the graph's own types stay. */
  public List<String> notes(DType type) {
    return type == DType.F32
        ? List.of()
        : List.of(
            "numbers are stored in %s%s, sums are float32's"
                .formatted(type, this == AUTO ? ", the device's own type" : ", as asked"));
  }

  /**
   * For backends that do not have {@link #TF32}.
   *
   * @throws BackendUnavailableException if this is it
   */
  public void requireNoTf32(String backend) {
    if (this == TF32) {
      throw new BackendUnavailableException(
          backend + " does not multiply in tf32; ask for f32, bf16 or f16, or take an NVIDIA GPU");
    }
  }

  /** The name in options: {@code bf16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
