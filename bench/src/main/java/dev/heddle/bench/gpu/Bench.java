package dev.heddle.bench.gpu;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Checks and times subjects: a wrong result has no time.
 *
 * <p>One run of a program has an operation so often, on the same operands, that the wait at the
 * run's end does not count; from the second run on it is one CUDA graph.
 */
final class Bench implements AutoCloseable {
  /** A run takes so long, where the operation is not slower. */
  private static final double RUN_SECONDS = 0.02;

  private static final int MOST_TIMES = 128;
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
    List<Tensor> uploaded = new ArrayList<>();
    try {
      operands = subject.operands(data);
      Inputs inputs = new Inputs();
      for (int i = 0; i < operands.size(); i++) {
        if (operands.get(i) != null) {
          uploaded.add(backend().upload(operands.get(i)));
          inputs.put(Subject.name(i), uploaded.getLast());
        }
      }
      return measure(subject, operands, inputs);
    } catch (RuntimeException | LinkageError e) {
      uploaded.forEach(Tensor::close);
      uploaded.clear();
      reopen();
      return Measurement.failed(subject, null, e.toString());
    } finally {
      uploaded.forEach(Tensor::close);
      operands.stream().filter(Objects::nonNull).forEach(HostTensor::close);
    }
  }

  private Measurement measure(Subject subject, List<HostTensor> operands, Inputs inputs) {
    String kernel;
    double once;
    try (Program program = compile(subject, operands, 1)) {
      kernel = program.plan().steps().getFirst().kernel();
      String wrong = wrong(subject, operands, inputs, program, kernel);
      if (wrong != null) {
        return Measurement.failed(subject, kernel, wrong);
      }
      once = time(program, inputs, 0);
    }
    int times = Math.clamp((long) Math.ceil(RUN_SECONDS / once), 1, MOST_TIMES);
    try (Program program = compile(subject, operands, times)) {
      return Measurement.of(subject, kernel, time(program, inputs, seconds) / times);
    }
  }

  private Program compile(Subject subject, List<HostTensor> operands, int times) {
    return backend()
        .compile(
            subject.graph(operands, times),
            CompileOptions.DEFAULT.withNumerics(subject.numerics()).withConcurrentRuns(1));
  }

  private static String wrong(
      Subject subject, List<HostTensor> operands, Inputs inputs, Program program, String kernel) {
    if (subject.numerics() == CompileOptions.Numerics.FASTEST && !kernel.contains("cuBLAS")) {
      return "FASTEST is to be cuBLAS, and this is " + kernel;
    }
    try (Outputs outputs = program.run(inputs);
        HostTensor result = outputs.host(Subject.OUTPUT)) {
      return subject.wrong(operands, result);
    }
  }

  /** The median time of a run in seconds: of runs that take {@code seconds} in all. */
  private static double time(Program program, Inputs inputs, double seconds) {
    Outputs last = null;
    try {
      for (int i = 0; i < WARM_UP; i++) {
        last = program.run(inputs, last);
      }
      List<Long> times = new ArrayList<>();
      long begin = System.nanoTime();
      while (times.size() < LEAST_RUNS || System.nanoTime() - begin < seconds * 1e9) {
        long start = System.nanoTime();
        last = program.run(inputs, last);
        times.add(System.nanoTime() - start);
      }
      long[] sorted = times.stream().mapToLong(Long::longValue).sorted().toArray();
      return sorted[sorted.length / 2] * 1e-9;
    } finally {
      if (last != null) {
        last.close();
      }
    }
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
