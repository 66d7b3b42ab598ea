package dev.heddle.bench.ops;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code [batch, m, k] @ [batch, k, n]}, summed in float32; or {@code [m, k]} by weights as linear
 * layers store them, {@code [n, k]}, which are known before the first run.
 *
 * @param dtype of the operands, but for weights, and of the result
 * @param weights what weights are stored as; null where the second operand is none
 * @param activations what quantised weights are multiplied with
 * @param batch 1 where there are weights
 */
public record MatMulSubject(
    DType dtype,
    DType weights,
    Activations activations,
    Numerics numerics,
    long batch,
    long m,
    long n,
    long k)
    implements Subject {
  /** Sampled columns of the result, and rows: of one batch all, of more so many each. */
  private static final int SAMPLED = 64;

  private static final int SAMPLED_BATCHES = 4;

  /** Elements that share a scale where activations are rounded to 8 bits. */
  private static final int ROUNDED = 32;

  /** What a rounding that falls the other way may change. */
  private static final double ROUNDED_TOLERANCE = 0x1p-9;

  /** A product of activations. */
  public static MatMulSubject of(DType dtype, long batch, long m, long n, long k) {
    return new MatMulSubject(dtype, null, Activations.FLOAT32, Numerics.INVARIANT, batch, m, n, k);
  }

  /** A product with weights of the activations' type. */
  public static MatMulSubject linear(DType dtype, long m, long n, long k) {
    return of(dtype, 1, m, n, k).with(dtype, Activations.FLOAT32);
  }

  /** The same with weights of another type, and other arithmetic. */
  public MatMulSubject with(DType otherWeights, Activations other) {
    return new MatMulSubject(dtype, otherWeights, other, numerics, batch, m, n, k);
  }

  /** The same with other numerics. */
  public MatMulSubject with(Numerics other) {
    return new MatMulSubject(dtype, weights, activations, other, batch, m, n, k);
  }

  /** Whether the second operand is known before the first run. */
  public boolean isLinear() {
    return weights != null;
  }

  @Override
  public String group() {
    return "matmul";
  }

  @Override
  public String shape() {
    String batched = batch == 1 ? "" : batch + "x";
    return isLinear()
        ? "%dx%d by weights %dx%d".formatted(m, k, k, n)
        : "%s%dx%d by %s%dx%d".formatted(batched, m, k, batched, k, n);
  }

  @Override
  public Map<String, Object> parameters() {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("batch", batch);
    parameters.put("m", m);
    parameters.put("n", n);
    parameters.put("k", k);
    parameters.put("weights", isLinear());
    return parameters;
  }

  @Override
  public DType stored() {
    return isLinear() ? weights : dtype;
  }

  @Override
  public double flops() {
    return 2.0 * batch * m * n * k;
  }

  @Override
  public double bytesRead() {
    return dtype.bytes(batch * m * k) + stored().bytes(batch * n * k);
  }

  @Override
  public double bytesWritten() {
    return dtype.bytes(batch * m * n);
  }

  @Override
  public Shape result() {
    return batch == 1 ? Shape.of(m, n) : Shape.of(batch, m, n);
  }

  @Override
  public List<HostTensor> operands(RandomData data) {
    if (isLinear()) {
      return List.of(data.normal(dtype, m, k), data.normal(weights, n, k));
    }
    return batch == 1
        ? List.of(data.normal(dtype, m, k), data.normal(dtype, k, n))
        : List.of(data.normal(dtype, batch, m, k), data.normal(dtype, batch, k, n));
  }

  @Override
  public boolean isConstant(int i) {
    return isLinear() && i == MatMul.B;
  }

  @Override
  public Value apply(GraphBuilder graph, Value... operands) {
    return graph.add("product", isLinear() ? MatMul.LINEAR : MatMul.PLAIN, operands);
  }

  @Override
  public String wrong(List<HostTensor> operands, HostTensor result) {
    int batches = (int) Math.min(batch, SAMPLED_BATCHES);
    long[] rows = Samples.places(m, SAMPLED / batches);
    long[] columns = Samples.places(n, SAMPLED);
    for (long each : Samples.places(batch, batches)) {
      HostTensor a = Samples.part(matrix(operands.get(0), each), rows, null);
      HostTensor b = matrix(operands.get(1), each);
      HostTensor part =
          isLinear() ? Samples.part(b, columns, null) : Samples.part(b, null, columns);
      HostTensor got = Samples.part(matrix(result, each), rows, columns);
      String wrong =
          activations == Activations.INT8
              ? Samples.difference(
                  got, reference(Arrays.asList(rounded(a), part)), ROUNDED_TOLERANCE)
              : Samples.difference(got, reference(Arrays.asList(a, part)));
      if (wrong != null) {
        return batch == 1 ? wrong : "matrix %d: %s".formatted(each, wrong);
      }
    }
    return null;
  }

  /** One of a batch; the operand itself where it is a matrix. */
  private static HostTensor matrix(HostTensor batch, long index) {
    if (batch.shape().rank() == 2) {
      return batch;
    }
    long rows = batch.shape().dim(1);
    long columns = batch.shape().dim(2);
    return Samples.stretch(batch, index * rows * columns, rows, columns);
  }

  /** As {@link Activations#INT8} has it. */
  private static HostTensor rounded(HostTensor a) {
    HostTensor rounded = HostTensor.heap(a.dtype(), a.shape());
    long k = a.shape().dim(1);
    for (long row = 0; row < a.shape().elements(); row += k) {
      for (long from = row; from < row + k; from += ROUNDED) {
        long to = Math.min(from + ROUNDED, row + k);
        double most = 0;
        for (long i = from; i < to; i++) {
          most = Math.max(most, Math.abs(a.getDouble(i)));
        }
        for (long i = from; i < to; i++) {
          double whole = most == 0 ? 0 : Math.rint(a.getDouble(i) * 127 / most);
          rounded.setDouble(i, whole * most / 127);
        }
      }
    }
    return rounded;
  }
}
