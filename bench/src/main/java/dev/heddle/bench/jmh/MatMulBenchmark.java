package dev.heddle.bench.jmh;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.tensor.DType;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Products of two activations, and of activations by weights that are laid out once. */
public class MatMulBenchmark extends Suite {
  /** Two activations: square, tall, and the scores of an encoder's heads. */
  @State(Scope.Benchmark)
  public static class Batch extends Timed {
    /** batch x m x k x n. */
    @Param({"1x1024x1024x1024", "1x16384x256x64", "96x128x32x128"})
    public String shape;

    /** Of the operands and the result. */
    @Param({"f32", "bf16", "f16"})
    public String type;

    @Override
    MatMulSubject subject() {
      long[] extents = Extents.of(shape, "batch x m x k x n");
      return MatMulSubject.of(Extents.type(type), extents[0], extents[1], extents[3], extents[2]);
    }
  }

  /** A linear layer of a decoder, at one text, some, and a prompt; and one of an encoder. */
  @State(Scope.Benchmark)
  public static class Linear extends Timed {
    private static final String INT8 = " int8";

    /** rows x k x n. */
    @Param({"1x2048x4096", "16x2048x4096", "256x2048x4096", "1024x384x1536"})
    public String shape;

    /**
     * What weights are stored as; quantised ones meet activations in float32, or rounded to 8 bits.
     */
    @Param({"f32", "bf16", "f16", "q8_0", "q8_0 int8", "q4_0", "q4_0 int8"})
    public String weights;

    @Override
    MatMulSubject subject() {
      long[] extents = Extents.of(shape, "rows x k x n");
      boolean int8 = weights.endsWith(INT8);
      DType stored =
          Extents.type(int8 ? weights.substring(0, weights.length() - INT8.length()) : weights);
      return MatMulSubject.linear(
              stored.isQuantized() ? DType.F32 : stored, extents[0], extents[2], extents[1])
          .with(stored, int8 ? Activations.INT8 : Activations.FLOAT32);
    }
  }

  /** All products of the batch. */
  @Benchmark
  public void batched(Batch batch) {
    batch.run();
  }

  /** One product. */
  @Benchmark
  public void linear(Linear linear) {
    linear.run();
  }
}
