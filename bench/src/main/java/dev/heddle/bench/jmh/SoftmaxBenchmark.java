package dev.heddle.bench.jmh;

import dev.heddle.bench.ops.RowsSubject;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Softmax over the last axis. */
public class SoftmaxBenchmark extends Suite {
  /** A matrix. */
  @State(Scope.Benchmark)
  public static class Rows extends Timed {
    /** rows x length. */
    @Param({"98304x128", "16384x1024", "256x50257", "1x650000"})
    public String shape;

    /** Of the operand and the result. */
    @Param("f32")
    public String type;

    @Override
    RowsSubject subject() {
      long[] extents = Extents.of(shape, "rows x length");
      return new RowsSubject(RowsSubject.Kind.SOFTMAX, Extents.type(type), extents[0], extents[1]);
    }
  }

  /** All rows. */
  @Benchmark
  public void softmax(Rows rows) {
    rows.run();
  }
}
