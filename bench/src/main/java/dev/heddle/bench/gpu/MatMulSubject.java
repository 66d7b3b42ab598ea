package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * {@code [m, k] @ [k, n]}, summed in float32; of few rows by weights as linear layers store them,
 * {@code [n, k]}.
 */
record MatMulSubject(DType dtype, Numerics numerics, long m, long n, long k) implements Subject {
  /** Up to so many rows, reading the weights takes longer than multiplying by them. */
  private static final long FEW_ROWS = 64;

  /** Sampled rows and columns of the result. */
  private static final int SAMPLED = 64;

  private boolean isLinear() {
    return m <= FEW_ROWS;
  }

  @Override
  public String group() {
    return "products";
  }

  @Override
  public String shape() {
    return "%d x %d x %d%s".formatted(m, n, k, isLinear() ? ", weights [n, k]" : "");
  }

  @Override
  public Bound bound() {
    return isLinear() ? Bound.MEMORY : Bound.COMPUTE;
  }

  @Override
  public double work() {
    return isLinear() ? (double) dtype.bytes() * (m * k + n * k + m * n) : 2.0 * m * n * k;
  }

  @Override
  public Asked asked() {
    return dtype != DType.BF16 || isLinear()
        ? Asked.NOTHING
        : Asked.ofPeer(numerics == Numerics.FASTEST ? 0.97 : 0.75);
  }

  @Override
  public List<HostTensor> operands(RandomData data) {
    return List.of(
        data.normal(dtype, m, k), isLinear() ? data.normal(dtype, n, k) : data.normal(dtype, k, n));
  }

  @Override
  public Value apply(GraphBuilder graph, Value... operands) {
    return graph.add("product", isLinear() ? MatMul.LINEAR : MatMul.PLAIN, operands);
  }

  @Override
  public String wrong(List<HostTensor> operands, HostTensor result) {
    long[] rows = Samples.places(m, SAMPLED);
    long[] columns = Samples.places(n, SAMPLED);
    HostTensor a = Samples.part(operands.get(0), rows, null);
    HostTensor b =
        isLinear()
            ? Samples.part(operands.get(1), columns, null)
            : Samples.part(operands.get(1), null, columns);
    return Samples.difference(Samples.part(result, rows, columns), reference(Arrays.asList(a, b)));
  }

  @Override
  public Map<String, Object> peer() {
    return Map.of("op", isLinear() ? "linear" : "matmul", "m", m, "n", n, "k", k);
  }
}
