package dev.heddle.bench.peers;

import dev.heddle.bench.Systems;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.Operation;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.custom.SoftMax;
import org.nd4j.linalg.factory.Nd4j;

/**
 * ND4J's operations in float32, each into an array that is there. Its threads are OpenMP's, which
 * the process was started with.
 */
final class Nd4jOperations implements OperationSystem {
  private final int threads;

  Nd4jOperations(int threads) {
    this.threads = threads;
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
  }

  @Override
  public String version() {
    return Systems.version(Nd4j.class, "org.nd4j/nd4j-api");
  }

  @Override
  public String description() {
    return "ND4J %s, %d threads, %s"
        .formatted(version(), threads, Nd4j.getBackend().getClass().getSimpleName());
  }

  @Override
  public Operation prepare(Subject subject, List<HostTensor> operands) {
    if (subject.stored() != DType.F32) {
      throw new UnsupportedOperationException(
          "compared in f32 only, which its libraries compute in");
    }
    INDArray result = Nd4j.createUninitialized(extents(subject.result()));
    INDArray first = array(operands.getFirst());
    switch (subject) {
      case MatMulSubject product -> {
        INDArray second = array(operands.get(1));
        boolean transposed = product.isLinear();
        return operation(
            subject,
            result,
            "matmul",
            () -> Nd4j.matmul(first, second, result, false, transposed, false),
            first,
            second);
      }
      case RowsSubject rows when rows.kind() == RowsSubject.Kind.SOFTMAX -> {
        CustomOp softmax = new SoftMax(first, result, 1);
        return operation(
            subject, result, "softmax", () -> Nd4j.getExecutioner().exec(softmax), first);
      }
      default -> throw new UnsupportedOperationException("compared in products and softmax only");
    }
  }

  private static Operation operation(
      Subject subject, INDArray result, String kernel, Runnable run, INDArray... operands) {
    return new Operation() {
      @Override
      public String kernel() {
        return kernel;
      }

      @Override
      public void run() {
        run.run();
      }

      @Override
      public HostTensor result() {
        return HostTensor.of(result.dup('c').data().asFloat(), extents(subject.result()));
      }

      @Override
      public void close() {
        result.close();
        for (INDArray operand : operands) {
          operand.close();
        }
      }
    };
  }

  private static long[] extents(dev.heddle.tensor.Shape shape) {
    long[] extents = new long[shape.rank()];
    for (int i = 0; i < extents.length; i++) {
      extents[i] = shape.dim(i);
    }
    return extents;
  }

  private static INDArray array(HostTensor tensor) {
    return Nd4j.createFromArray(tensor.toFloats()).reshape('c', extents(tensor.shape()));
  }

  @Override
  public void close() {
    // What it holds is the process's.
  }
}
