package dev.heddle.kernels;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.plan.RunStates;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A graph compiled for a {@link KernelDevice}. */
final class KernelProgram implements Program {
  private final Plan plan;
  private final Workshop workshop;
  private final RunStates<KernelRun> states;
  private final Consumer<KernelProgram> whenClosed;
  private final AtomicBoolean closed = new AtomicBoolean();

  KernelProgram(
      Plan plan,
      Workshop workshop,
      RunStates<KernelRun> states,
      Consumer<KernelProgram> whenClosed) {
    this.plan = plan;
    this.workshop = workshop;
    this.states = states;
    this.whenClosed = whenClosed;
  }

  @Override
  public Outputs run(Inputs inputs) {
    return run(inputs, null, false);
  }

  @Override
  public Outputs run(Inputs inputs, Outputs last) {
    return run(inputs, last, true);
  }

  private Outputs run(Inputs inputs, Outputs last, boolean again) {
    KernelRun state;
    try {
      state = states.lend();
    } catch (RuntimeException | Error e) {
      if (last != null) {
        last.close();
      }
      throw e;
    }
    try {
      return state.run(inputs, last, again);
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
      workshop.close();
      whenClosed.accept(this);
    }
  }
}
