package dev.heddle.backend;

/** A compiled graph. Immutable, safe for many threads. */
public interface Program extends AutoCloseable {
  /**
   * Runs the graph once. Nothing but the outputs is allocated once the program is warm.
   *
   * @return all outputs, to be closed by the caller
   * @throws InvalidInputException if an input is missing, of another type or shape, or holds an
   *     index out of range
   * @throws OutOfDeviceMemoryException if this run's memory would pass the limit
   * @throws IllegalStateException if the program or its backend is closed
   * @throws RunInterruptedException if the thread is interrupted while it waits for its turn, or
   *     between two nodes; the thread stays interrupted
   */
  Outputs run(Inputs inputs);

  /**
   * The same for a caller who runs again and again: {@code last}, the outputs of an earlier run or
   * null, become this one's where they fit, and then a warm run allocates nothing; else they are
   * closed. In either case, and if the run fails, they are the caller's no more.
   *
   * @param last holds none of {@code inputs}
   * @return all outputs, to be closed by the caller or given to the next run
   * @throws IllegalStateException if one of {@code last} was closed, or the program or its backend
   */
  default Outputs run(Inputs inputs, Outputs last) {
    if (last != null) {
      last.close();
    }
    return run(inputs);
  }

  /** What runs where, and why. */
  Plan plan();

  /** Waits for runs in flight, then frees the weights and arenas. */
  @Override
  void close();
}
