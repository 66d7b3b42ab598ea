package dev.heddle.bench.ops;

import dev.heddle.tensor.HostTensor;
import java.util.List;
import java.util.Objects;

/** An operation on random operands that has run once, its result held against the reference's. */
public final class CheckedOperation implements AutoCloseable {
  private final List<HostTensor> operands;
  private Operation operation;
  private final String wrong;

  /**
   * Prepares it, runs it and looks at the result.
   *
   * @param data the operands are what it gives from its beginning: the same in every process
   * @throws UnsupportedOperationException or what else a system throws that cannot compute it
   */
  public CheckedOperation(OperationSystem system, Subject subject, RandomData data) {
    data.restart();
    operands = subject.operands(data);
    try {
      operation = system.prepare(subject, operands);
      operation.run();
      try (HostTensor result = operation.result()) {
        wrong = subject.wrong(operands, result);
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** It, to be run again. */
  public Operation operation() {
    return operation;
  }

  /** What is wrong with its result, in words: it is not to be timed. Null for nothing. */
  public String wrong() {
    return wrong;
  }

  @Override
  public void close() {
    if (operation != null) {
      operation.close();
    }
    operands.stream().filter(Objects::nonNull).forEach(HostTensor::close);
  }
}
