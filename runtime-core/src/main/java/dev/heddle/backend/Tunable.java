package dev.heddle.backend;

import dev.heddle.graph.Graph;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A {@link Backend} whose kernels have parameters, such as tiles, that change no result and of
 * which the device has its own opinion.
 */
public interface Tunable {
  /**
   * Measures parameters for the operations of {@code graph}, on random data, and keeps the best:
   * for programs that this backend compiles from now on, and for later processes.
   *
   * @param rows rows that an operation is given where the graph leaves that open
   * @param progress told of each operation, once it is measured
   */
  Tuning tune(Graph graph, int rows, Consumer<Measured> progress);

  /**
   * The device's ceiling: float32 operations a second in multiply-adds that stay in registers,
   * measured now.
   */
  double peakFlops();

  /**
   * What was found.
   *
   * @param file where it is kept
   */
  record Tuning(Path file, List<Measured> measured) {
    public Tuning {
      measured = List.copyOf(measured);
    }
  }

  /**
   * One operation.
   *
   * @param operation {@code f32 [512, 384] @ f32 [384, 1536]}
   * @param before the default parameters
   * @param beforeSeconds the least time with them
   * @param after the best parameters
   * @param afterSeconds the least time with these
   * @param flops floating-point operations
   */
  record Measured(
      String operation,
      String before,
      double beforeSeconds,
      String after,
      double afterSeconds,
      double flops) {}
}
