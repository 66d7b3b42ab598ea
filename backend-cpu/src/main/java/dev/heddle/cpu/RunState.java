package dev.heddle.cpu;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.MemoryPlanner;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.SymbolValues;
import dev.heddle.plan.Blueprint;
import dev.heddle.plan.Blueprint.Action;
import dev.heddle.plan.Blueprint.Home;
import dev.heddle.plan.Blueprint.Instruction;
import dev.heddle.plan.Blueprint.Lifetime;
import dev.heddle.plan.Operand;

/**
 * All that one run at a time needs and the next may use again: operands, steps, the places of
 * buffers. Once its extents have been seen, a run allocates its outputs and nothing else.
 */
final class RunState {
  private final Blueprint<CpuKernel> blueprint;
  private final CpuMemory memory;
  private final SymbolValues symbols;
  private final CpuInputs inputs;
  private final RunOutputs outputs;
  private final Operand[] operands;
  private final long[] offsetsWithin;
  private final Site[] sites;
  private final Step[] steps;
  private final MemoryPlanner planner;
  private final long[] bufferBytes;
  private final long[] bufferOffsets;
  private long arenaBytes;

  RunState(Blueprint<CpuKernel> blueprint, CpuMemory memory, WorkerPool workers) {
    this.blueprint = blueprint;
    this.memory = memory;
    Graph graph = blueprint.graph();
    this.symbols = new SymbolValues(graph);
    this.inputs = new CpuInputs(graph, symbols, memory.scope());
    this.operands = blueprint.values().stream().map(Operand::new).toArray(Operand[]::new);
    this.offsetsWithin = new long[operands.length];
    this.outputs =
        new RunOutputs(
            memory,
            graph.outputs().keySet().toArray(String[]::new),
            graph.outputs().values().stream()
                .map(value -> operands[blueprint.values().indexOf(value)])
                .toArray(Operand[]::new));
    int count = blueprint.instructions().size();
    this.sites = new Site[count];
    this.steps = new Step[count];
    for (int i = 0; i < count; i++) {
      Instruction<CpuKernel> instruction = blueprint.instructions().get(i);
      sites[i] =
          new Site(
              new dev.heddle.plan.Site(
                  instruction.node(),
                  operands(instruction.inputs()),
                  operands(instruction.outputs()),
                  symbols),
              workers);
      if (instruction.action() instanceof Action.Run<CpuKernel> run) {
        steps[i] = run.kernel().open(sites[i]);
      }
    }
    int buffers = blueprint.buffers().size();
    this.planner =
        new MemoryPlanner(
            blueprint.buffers().stream().mapToInt(Lifetime::first).toArray(),
            blueprint.buffers().stream().mapToInt(Lifetime::last).toArray(),
            NativePool.ALIGNMENT);
    this.bufferBytes = new long[buffers];
    this.bufferOffsets = new long[buffers];
  }

  private Operand[] operands(int[] positions) {
    Operand[] chosen = new Operand[positions.length];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = positions[i] < 0 ? null : operands[positions[i]];
    }
    return chosen;
  }

  /** Runs once; see {@link dev.heddle.backend.Program#run(Inputs, Outputs)}. */
  Outputs run(Inputs given, Outputs last) {
    outputs.offer(last);
    try {
      take(given);
      NativePool.Block arena = memory.acquire(arenaBytes, "a run's intermediate results");
      try {
        return run(arena.address());
      } finally {
        memory.release(arena);
      }
    } finally {
      outputs.decline();
      inputs.release();
    }
  }

  private void take(Inputs given) {
    try {
      if (inputs.take(given)) {
        bind();
      }
    } catch (RuntimeException | Error e) {
      inputs.forget();
      throw e;
    }
  }

  private Outputs run(long arena) {
    outputs.acquire();
    try {
      place(arena);
      for (int i = 0; i < steps.length; i++) {
        if (Thread.currentThread().isInterrupted()) {
          throw new RunInterruptedException("interrupted before " + sites[i].node());
        }
        if (steps[i] != null) {
          steps[i].run();
        }
      }
    } catch (RuntimeException | Error e) {
      outputs.release();
      throw e;
    }
    return outputs.hand();
  }

  // New extents.

  private void bind() {
    inputs.bindSymbols();
    bindOperands();
    for (int i = 0; i < steps.length; i++) {
      bindInstruction(i, blueprint.instructions().get(i).action());
    }
    for (int i = 0; i < operands.length; i++) {
      switch (blueprint.homes().get(i)) {
        case Home.Arena home -> bufferBytes[home.buffer()] = operands[i].bytes();
        case Home.Input home -> bufferBytes[home.buffer()] = inputs.copiedBytes(home.position());
        case Home.Weight home -> {}
        case Home.Output home -> {}
        case Home.Within home -> {}
        case Home.Nowhere home -> {}
      }
    }
    arenaBytes = planner.place(bufferBytes, bufferOffsets);
    outputs.bind();
  }

  private void bindOperands() {
    try {
      for (Operand operand : operands) {
        operand.bind(symbols);
      }
    } catch (ArithmeticException | GraphException e) {
      throw new InvalidInputException(
          "graph %s: %s".formatted(blueprint.graph().name(), e.getMessage()), e);
    }
  }

  private void bindInstruction(int index, Action<CpuKernel> action) {
    switch (action) {
      case Action.Run<CpuKernel> run -> bufferBytes[run.workspace()] = steps[index].bind();
      case Action.View<CpuKernel> view -> {
        int output = blueprint.instructions().get(index).outputs()[0];
        offsetsWithin[output] = view.offset().bytes(sites[index].plan());
      }
    }
  }

  // New places.

  private void place(long arena) {
    for (int i = 0; i < operands.length; i++) {
      operands[i].place(
          switch (blueprint.homes().get(i)) {
            case Home.Arena home -> arena + bufferOffsets[home.buffer()];
            case Home.Input home ->
                inputs.place(home.position(), arena + bufferOffsets[home.buffer()]);
            case Home.Weight home -> home.place();
            case Home.Output home -> outputs.address(home.position());
            case Home.Within home -> operands[home.value()].address() + offsetsWithin[i];
            case Home.Nowhere home -> 0;
          });
    }
    for (int i = 0; i < steps.length; i++) {
      if (blueprint.instructions().get(i).action() instanceof Action.Run<CpuKernel> run) {
        sites[i].plan().placeWorkspace(arena + bufferOffsets[run.workspace()]);
      }
    }
  }
}
