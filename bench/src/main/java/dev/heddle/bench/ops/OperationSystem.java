package dev.heddle.bench.ops;

import dev.heddle.bench.LoadedSystem;
import dev.heddle.tensor.HostTensor;
import java.util.List;

/** A runtime that computes single operations. */
public interface OperationSystem extends LoadedSystem {
  /**
   * Makes an operation ready to be run. Whatever a caller who runs it again and again does once is
   * done here: operands are brought to where they are read, weights laid out, kernels chosen.
   *
   * @param operands stay open until the operation is closed
   * @throws UnsupportedOperationException if it has no such operation; the message says what it
   *     lacks
   */
  Operation prepare(Subject subject, List<HostTensor> operands);
}
