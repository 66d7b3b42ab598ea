package dev.heddle.bench.gpu;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.bench.ops.HeddleOperation;
import dev.heddle.bench.ops.Operation;
import dev.heddle.bench.ops.RandomData;
import dev.heddle.bench.ops.Subject;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Checks and times subjects: a wrong result has no time.
 *
 * <p>From the second run of a {@link HeddleOperation} on it is one CUDA graph.
 */
final class Bench implements AutoCloseable {
  private static final int WARM_UP = 3;
  private static final int LEAST_RUNS = 3;

  private final Supplier<Backend> opener;
  private final double seconds;
  private final RandomData data = new RandomData();
  private Backend backend;

  /**
   * A bench.
   *
   * @param opener opens the backend: once, and anew after a failure, which may have lost the device
   * @param seconds measuring time of each subject
   */
  Bench(Supplier<Backend> opener, double seconds) {
    this.opener = opener;
    this.seconds = seconds;
  }

  /** The backend, open until the next failure. */
  KernelBackend backend() {
    if (backend == null) {
      backend = opener.get();
    }
    return (KernelBackend) backend;
  }

  /** Checks a subject, then times it. Whatever goes wrong is in the result. */
  Measurement measure(Subject subject) {
    List<HostTensor> operands = List.of();
    try {
      operands = subject.operands(data);
      return measure(subject, operands);
    } catch (RuntimeException | LinkageError e) {
      reopen();
      return Measurement.failed(subject, null, e.toString());
    } finally {
      operands.stream().filter(Objects::nonNull).forEach(HostTensor::close);
    }
  }

  private Measurement measure(Subject subject, List<HostTensor> operands) {
    try (Operation operation = new HeddleOperation(backend(), subject, operands)) {
      String kernel = operation.kernel();
      if (subject.numerics() == Numerics.FASTEST && !kernel.contains("cuBLAS")) {
        return Measurement.failed(
            subject, kernel, "FASTEST is to be cuBLAS, and this is " + kernel);
      }
      try (HostTensor result = operation.result()) {
        String wrong = subject.wrong(operands, result);
        return wrong == null
            ? Measurement.of(subject, kernel, time(operation, seconds) / operation.times())
            : Measurement.failed(subject, kernel, wrong);
      }
    }
  }

  /** The median time of a run in seconds: of runs that take {@code seconds} in all. */
  private static double time(Operation operation, double seconds) {
    for (int i = 0; i < WARM_UP; i++) {
      operation.run();
    }
    List<Long> times = new ArrayList<>();
    long begin = System.nanoTime();
    while (times.size() < LEAST_RUNS || System.nanoTime() - begin < seconds * 1e9) {
      long start = System.nanoTime();
      operation.run();
      times.add(System.nanoTime() - start);
    }
    long[] sorted = times.stream().mapToLong(Long::longValue).sorted().toArray();
    return sorted[sorted.length / 2] * 1e-9;
  }

  /** After a failure: the backend is opened anew when it is next asked for. */
  void reopen() {
    try {
      close(backend);
    } catch (RuntimeException e) {
      // What made the subject fail is told; this follows from it.
    }
    backend = null;
  }

  private static void close(Backend backend) {
    if (backend != null) {
      backend.close();
    }
  }

  @Override
  public void close() {
    close(backend);
    data.close();
  }
}
