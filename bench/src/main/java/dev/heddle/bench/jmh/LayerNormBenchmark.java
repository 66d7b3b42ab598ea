package dev.heddle.bench.jmh;

import dev.heddle.bench.ops.RowsSubject;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Layer norm over the last axis, with scale and bias. */
public class LayerNormBenchmark extends Suite {
  /** A matrix. */
  @State(Scope.Benchmark)
  public static class Rows extends Timed {
    /** rows x length. */
    @Param({"32768x384", "16384x1024", "16x768"})
    public String shape;

    /** Of the operand and the result. */
    @Param("f32")
    public String type;

    @Override
    RowsSubject subject() {
      long[] extents = Extents.of(shape, "rows x length");
      return new RowsSubject(
          RowsSubject.Kind.LAYER_NORM, Extents.type(type), extents[0], extents[1]);
    }
  }

  /** All rows. */
  @Benchmark
  public void layerNorm(Rows rows) {
    rows.run();
  }
}
