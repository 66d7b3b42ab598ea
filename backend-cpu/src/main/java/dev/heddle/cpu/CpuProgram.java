package dev.heddle.cpu;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.plan.RunStates;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A graph compiled for the CPU. */
final class CpuProgram implements Program {
  private final Plan plan;
  private final Weights weights;
  private final RunStates<RunState> states;
  private final Consumer<CpuProgram> whenClosed;
  private final AtomicBoolean closed = new AtomicBoolean();

  CpuProgram(
      Plan plan, Weights weights, RunStates<RunState> states, Consumer<CpuProgram> whenClosed) {
    this.plan = plan;
    this.weights = weights;
    this.states = states;
    this.whenClosed = whenClosed;
  }

  @Override
  public Outputs run(Inputs inputs) {
    return run(inputs, null);
  }

  @Override
  public Outputs run(Inputs inputs, Outputs last) {
    RunState state;
    try {
      state = states.lend();
    } catch (RuntimeException | Error e) {
      if (last != null) {
        last.close();
      }
      throw e;
    }
    try {
      return state.run(inputs, last);
    } finally {
      states.giveBack(state);
    }
  }

  @Override
  public Plan plan() {
    return plan;
  }

  @Override
  public void close() {
    states.close();
    if (closed.compareAndSet(false, true)) {
      weights.close();
      whenClosed.accept(this);
    }
  }
}
