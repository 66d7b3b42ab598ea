package dev.heddle.kernels;

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
import dev.heddle.plan.Caches;
import dev.heddle.plan.Operand;
import dev.heddle.plan.RunInputs;
import dev.heddle.plan.Site;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * All that one run at a time needs and the next may use again: a queue, an arena, operands,
 * launches.
 */
final class KernelRun implements AutoCloseable {
  private final Blueprint<Launch.Kernel> blueprint;
  private final KernelMemory memory;
  private final KernelQueue queue;
  private final DeviceMemory status;
  private final HostTensor statusWords = Places.host(RunStatus.BYTES);
  private final SymbolValues symbols;
  private final RunInputs inputs;
  private final Caches caches;
  private final Operand[] operands;
  private final long[] offsetsWithin;
  private final LaunchSite[] sites;
  private final Launch[] launches;
  private final MemoryPlanner planner;
  private final long[] bufferBytes;
  private final long[] bufferOffsets;
  private final String[] outputNames;
  private final Operand[] outputOperands;
  private final DeviceMemory[] weights;
  private final DeviceMemory[] inputMemories;
  private final DeviceMemory[] outputMemories;
  private final DeviceTensor[] leased;
  private DeviceMemory arena;
  private long arenaBytes;

  KernelRun(Blueprint<Launch.Kernel> blueprint, KernelMemory memory, List<DeviceMemory> weights) {
    this.blueprint = blueprint;
    this.memory = memory;
    this.weights = weights.toArray(DeviceMemory[]::new);
    Graph graph = blueprint.graph();
    this.symbols = new SymbolValues(graph);
    this.inputs = new RunInputs(graph, symbols);
    this.caches = new Caches(graph);
    this.inputMemories = new DeviceMemory[inputs.count()];
    this.leased = new DeviceTensor[inputs.count()];
    this.operands = blueprint.values().stream().map(Operand::new).toArray(Operand[]::new);
    this.offsetsWithin = new long[operands.length];
    this.outputNames = graph.outputs().keySet().toArray(String[]::new);
    this.outputOperands =
        graph.outputs().values().stream()
            .map(value -> operands[blueprint.values().indexOf(value)])
            .toArray(Operand[]::new);
    this.outputMemories = new DeviceMemory[outputNames.length];
    int count = blueprint.instructions().size();
    this.sites = new LaunchSite[count];
    this.launches = new Launch[count];
    for (int i = 0; i < count; i++) {
      Instruction<Launch.Kernel> instruction = blueprint.instructions().get(i);
      Site site =
          new Site(
              instruction.node(),
              operands(instruction.inputs()),
              operands(instruction.outputs()),
              symbols);
      sites[i] = new LaunchSite(site, this, i);
      if (instruction.action() instanceof Action.Run<Launch.Kernel> run) {
        launches[i] = run.kernel().open(sites[i]);
      }
    }
    this.planner =
        new MemoryPlanner(
            blueprint.buffers().stream().mapToInt(Lifetime::first).toArray(),
            blueprint.buffers().stream().mapToInt(Lifetime::last).toArray(),
            memory.device().limits().alignment());
    this.bufferBytes = new long[blueprint.buffers().size()];
    this.bufferOffsets = new long[bufferBytes.length];
    this.status = memory.allocate(RunStatus.BYTES, "a run's status");
    this.queue = memory.device().openQueue();
  }

  private Operand[] operands(int[] positions) {
    Operand[] chosen = new Operand[positions.length];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = positions[i] < 0 ? null : operands[positions[i]];
    }
    return chosen;
  }

  DeviceLimits limits() {
    return memory.device().limits();
  }

  KernelQueue queue() {
    return queue;
  }

  DeviceMemory status() {
    return status;
  }

  /** The memory that a place is in; null for none. */
  DeviceMemory memory(long place) {
    return Places.memory(place, arena, inputMemories, outputMemories, weights);
  }

  /** Runs once; see {@link dev.heddle.backend.Program#run}. */
  Outputs run(Inputs given) {
    boolean began = false;
    try {
      if (inputs.take(given)) {
        bind();
      }
      growArena();
      acquireOutputs();
      began = true;
      place();
      enqueue();
      checkStatus();
      return handOutputs();
    } catch (RuntimeException | Error e) {
      if (!began) {
        inputs.forget();
      }
      settle(e);
      throw e;
    } finally {
      releaseInputs();
    }
  }

  private void enqueue() {
    queue.zero(status, 0, RunStatus.BYTES);
    for (int i = 0; i < launches.length; i++) {
      if (Thread.currentThread().isInterrupted()) {
        throw new RunInterruptedException("interrupted before " + sites[i].node());
      }
      if (launches[i] != null) {
        launches[i].run();
      }
    }
  }

  private void checkStatus() {
    queue.read(status, 0, statusWords.memory());
    if (!RunStatus.isClear(statusWords.memory())) {
      throw RunStatus.error(
          sites[RunStatus.node(statusWords.memory())].node(), statusWords.memory());
    }
  }

  /** After a failure: no command may use what is freed now. */
  private void settle(Throwable failure) {
    try {
      queue.finish();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    for (int i = 0; i < outputMemories.length; i++) {
      if (outputMemories[i] != null) {
        outputMemories[i].close();
        outputMemories[i] = null;
      }
    }
  }

  // Outputs.

  private void acquireOutputs() {
    for (int i = 0; i < outputMemories.length; i++) {
      outputMemories[i] = memory.allocate(outputOperands[i].bytes(), "an output");
    }
  }

  private Outputs handOutputs() {
    Tensor[] tensors = new Tensor[outputMemories.length];
    for (int i = 0; i < tensors.length; i++) {
      Operand operand = outputOperands[i];
      tensors[i] = memory.tensor(operand.dtype(), operand.extents(), outputMemories[i]);
      outputMemories[i] = null;
    }
    return new Outputs(outputNames, tensors);
  }

  // New extents.

  private void bind() {
    inputs.bindSymbols();
    try {
      for (Operand operand : operands) {
        operand.bind(symbols);
      }
    } catch (ArithmeticException | GraphException e) {
      throw new InvalidInputException(
          "graph %s: %s".formatted(blueprint.graph().name(), e.getMessage()), e);
    }
    for (int i = 0; i < launches.length; i++) {
      switch (blueprint.instructions().get(i).action()) {
        case Action.Run<Launch.Kernel> run -> bufferBytes[run.workspace()] = launches[i].bind();
        case Action.View<Launch.Kernel> view -> {
          int output = blueprint.instructions().get(i).outputs()[0];
          offsetsWithin[output] = view.offset().bytes(sites[i].site());
        }
      }
    }
    for (int i = 0; i < operands.length; i++) {
      switch (blueprint.homes().get(i)) {
        case Home.Arena home -> bufferBytes[home.buffer()] = operands[i].bytes();
        case Home.Input home -> bufferBytes[home.buffer()] = operands[i].bytes();
        case Home.Weight home -> {}
        case Home.Output home -> {}
        case Home.Within home -> {}
        case Home.Nowhere home -> {}
      }
    }
    arenaBytes = planner.place(bufferBytes, bufferOffsets);
  }

  private void growArena() {
    if (arena == null || arena.bytes() < arenaBytes) {
      if (arena != null) {
        arena.close();
        arena = null;
      }
      arena = memory.allocate(arenaBytes, "a run's intermediate results");
    }
  }

  // New places.

  private void place() {
    for (int i = 0; i < operands.length; i++) {
      operands[i].place(
          switch (blueprint.homes().get(i)) {
            case Home.Arena home -> Places.arena(bufferOffsets[home.buffer()]);
            case Home.Input home -> placeInput(home.position(), bufferOffsets[home.buffer()]);
            case Home.Weight home -> home.place();
            case Home.Output home -> Places.output(home.position());
            case Home.Within home -> operands[home.value()].address() + offsetsWithin[i];
            case Home.Nowhere home -> 0;
          });
    }
    for (int i = 0; i < launches.length; i++) {
      if (blueprint.instructions().get(i).action() instanceof Action.Run<Launch.Kernel> run) {
        sites[i].site().placeWorkspace(Places.arena(bufferOffsets[run.workspace()]));
      }
    }
  }

  /** Tensors of this device are read in place, others copied into the arena. */
  private long placeInput(int position, long offset) {
    Tensor given = inputs.tensor(position);
    if (given instanceof DeviceTensor tensor && memory.owns(tensor)) {
      inputMemories[position] = tensor.retain();
      leased[position] = tensor;
      return Places.input(position);
    }
    if (caches.contains(position)) {
      throw caches.notOwn(position, given);
    }
    HostTensor host = given.toHost();
    try {
      if (host.bytes() > 0) {
        queue.write(host.memory(), arena, offset);
      }
      return Places.arena(offset);
    } finally {
      if (host != given) {
        host.close();
      }
    }
  }

  private void releaseInputs() {
    for (int i = 0; i < leased.length; i++) {
      inputMemories[i] = null;
      if (leased[i] != null) {
        leased[i].release();
        leased[i] = null;
      }
    }
    inputs.release();
  }

  @Override
  public void close() {
    queue.close();
    status.close();
    statusWords.close();
    if (arena != null) {
      arena.close();
    }
    Arrays.fill(launches, null);
  }
}
