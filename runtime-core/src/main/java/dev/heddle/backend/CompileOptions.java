package dev.heddle.backend;

import java.util.Objects;

/**
 * How to compile a graph.
 *
 * @param numerics whether a row's result may depend on the rows beside it
 * @param concurrentRuns runs that may hold memory at one time; 0 for as many as the backend has
 *     threads. Further callers wait their turn
 * @param computeType what the graph's float32 numbers become
 */
public record CompileOptions(Numerics numerics, int concurrentRuns, ComputeType computeType) {
  /** Same request, same numbers; as many runs at once as threads; the types that the graph has. */
  public static final CompileOptions DEFAULT =
      new CompileOptions(Numerics.INVARIANT, 0, ComputeType.F32);

  /** What models are compiled with where nobody says otherwise: the type that suits the device. */
  public static final CompileOptions MODEL = DEFAULT.withComputeType(ComputeType.AUTO);

  /** Whether a row's result may depend on the rows beside it. */
  public enum Numerics {
    /** It may not: every sum has one order, whatever the batch, the threads or the chunks. */
    INVARIANT,
    /** It may, where a library picks its algorithm by size. */
    FASTEST
  }

  public CompileOptions {
    Objects.requireNonNull(numerics, "numerics");
    Objects.requireNonNull(computeType, "compute type");
    if (concurrentRuns < 0) {
      throw new IllegalArgumentException(
          "concurrent runs: " + concurrentRuns + "; expected 0 (one a thread) or more");
    }
    if (computeType == ComputeType.TF32 && numerics != Numerics.FASTEST) {
      throw new IllegalArgumentException(
          "tf32 is what a library of products offers; ask for the fastest numerics with it");
    }
  }

  /** The same with other numerics. */
  public CompileOptions withNumerics(Numerics other) {
    return new CompileOptions(other, concurrentRuns, computeType);
  }

  /** The same with another bound of runs. */
  public CompileOptions withConcurrentRuns(int other) {
    return new CompileOptions(numerics, other, computeType);
  }

  /** The same in another type. */
  public CompileOptions withComputeType(ComputeType other) {
    return new CompileOptions(numerics, concurrentRuns, other);
  }
}
