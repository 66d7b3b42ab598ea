package dev.heddle.bench.ops;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * An operation compiled by one of Heddle's backends.
 *
 * <p>On a GPU one run has it so often, on the same operands, that the wait at the run's end does
 * not count.
 */
public final class HeddleOperation implements Operation {
  /** A GPU's run takes so long, where the operation is not slower. */
  private static final double RUN_SECONDS = 0.02;

  static final int MOST_TIMES = 128;

  /** Runs before one is timed to tell how many make a run: kernels are loaded in the first. */
  private static final int WARM_UP = 3;

  private final List<Tensor> uploaded = new ArrayList<>();
  private final Inputs inputs = new Inputs();
  private int times = 1;
  private Program program;
  private Outputs outputs;

  /**
   * Compiles it and runs it once.
   *
   * @param operands may be closed when this is
   */
  public HeddleOperation(Backend backend, Subject subject, List<HostTensor> operands) {
    this(backend, subject, operands, MOST_TIMES);
  }

  /** The same, at most {@code mostTimes} times a run. */
  HeddleOperation(Backend backend, Subject subject, List<HostTensor> operands, int mostTimes) {
    try {
      for (int i = 0; i < operands.size(); i++) {
        if (operands.get(i) != null && !subject.isConstant(i)) {
          uploaded.add(backend.upload(operands.get(i)));
          inputs.put(Subject.name(i), uploaded.getLast());
        }
      }
      compile(backend, subject, operands);
      if (mostTimes > 1 && backend.device().priority() >= DeviceInfo.INTEGRATED_GPU) {
        times = Math.clamp((long) Math.ceil(RUN_SECONDS / seconds()), 1, mostTimes);
      }
      if (times > 1) {
        closeProgram();
        compile(backend, subject, operands);
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void compile(Backend backend, Subject subject, List<HostTensor> operands) {
    CompileOptions options =
        CompileOptions.DEFAULT.withNumerics(subject.numerics()).withConcurrentRuns(1);
    program = backend.compile(subject.graph(operands, times), options);
    run();
  }

  private double seconds() {
    for (int i = 0; i < WARM_UP; i++) {
      run();
    }
    long start = System.nanoTime();
    run();
    return (System.nanoTime() - start) * 1e-9;
  }

  @Override
  public String kernel() {
    return program.plan().steps().getFirst().kernel();
  }

  @Override
  public int times() {
    return times;
  }

  @Override
  public void run() {
    Outputs last = outputs;
    outputs = null;
    outputs = program.run(inputs, last);
  }

  @Override
  public HostTensor result() {
    Tensor output = outputs.get(Subject.OUTPUT);
    HostTensor host = output.toHost();
    if (host != output) {
      return host;
    }
    HostTensor copy = HostTensor.allocate(host.dtype(), host.shape());
    copy.memory().copyFrom(host.memory());
    return copy;
  }

  private void closeProgram() {
    if (outputs != null) {
      outputs.close();
      outputs = null;
    }
    if (program != null) {
      program.close();
      program = null;
    }
  }

  @Override
  public void close() {
    closeProgram();
    uploaded.forEach(Tensor::close);
    uploaded.clear();
  }
}
