package dev.heddle.kernels;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.MemoryPlanner;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.SymbolValues;
import dev.heddle.plan.Blueprint;
import dev.heddle.plan.Blueprint.Action;
import dev.heddle.plan.Blueprint.Home;
import dev.heddle.plan.Blueprint.Instruction;
import dev.heddle.plan.Blueprint.Lifetime;
import dev.heddle.plan.Operand;
import dev.heddle.plan.Site;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * All that one run at a time needs and the next may use again: a queue, an arena, operands,
 * launches.
 *
 * <p>A run whose caller gives back the last one's outputs keeps what it gives its queue. The next
 * one that reads and writes the same places gives that again: it computes nothing anew and
 * allocates nothing; and where the device can, it is one command.
 */
final class KernelRun implements AutoCloseable {
  private final Blueprint<Launch.Kernel> blueprint;
  private final KernelMemory memory;
  private final KernelQueue queue;
  private final HostMemory ownStatus;
  private final SymbolValues symbols;
  private final KernelInputs inputs;
  private final KernelOutputs outputs;
  private final Operand[] operands;
  private final long[] offsetsWithin;
  private final LaunchSite[] sites;
  private final Launch[] launches;
  private final MemoryPlanner planner;
  private final long[] bufferBytes;
  private final long[] bufferOffsets;
  private final DeviceMemory[] weights;
  private final Steps steps;

  /** By value: its place, of those that are inputs. */
  private final List<Integer> inputValues;

  private DeviceMemory arena;
  private long arenaBytes;

  /** What the launches fill; null where their commands go to the queue at once. */
  private Commands kept;

  /** Commands that this run gave the queue one by one. */
  private int oneByOne;

  KernelRun(Blueprint<Launch.Kernel> blueprint, KernelMemory memory, List<DeviceMemory> weights) {
    this.blueprint = blueprint;
    this.memory = memory;
    this.weights = weights.toArray(DeviceMemory[]::new);
    Graph graph = blueprint.graph();
    this.symbols = new SymbolValues(graph);
    this.inputs = new KernelInputs(graph, symbols, memory);
    this.operands = blueprint.values().stream().map(Operand::new).toArray(Operand[]::new);
    this.offsetsWithin = new long[operands.length];
    this.outputs =
        new KernelOutputs(
            memory,
            graph.outputs().keySet().toArray(String[]::new),
            graph.outputs().values().stream()
                .map(value -> operands[blueprint.values().indexOf(value)])
                .toArray(Operand[]::new));
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
    this.inputValues = inputValues(blueprint);
    this.steps =
        new Steps(
            symbols.names().size() + inputValues.size(),
            inputs.memories().length + outputs.memories().length + 1);
    this.ownStatus = memory.device().allocateHost(RunStatus.BYTES, "a run's status");
    this.queue = memory.device().openQueue();
  }

  private static List<Integer> inputValues(Blueprint<?> blueprint) {
    return IntStream.range(0, blueprint.homes().size())
        .filter(i -> blueprint.homes().get(i) instanceof Home.Input)
        .boxed()
        .toList();
  }

  private Operand[] operands(int[] positions) {
    Operand[] chosen = new Operand[positions.length];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = positions[i] < 0 ? null : operands[positions[i]];
    }
    return chosen;
  }

  // What launches ask for.

  DeviceLimits limits() {
    return memory.device().limits();
  }

  /** That of a node whose launch was opened before. */
  LaunchSite site(Node node) {
    int i = 0;
    while (sites[i].node() != node) {
      i++;
    }
    return sites[i];
  }

  DeviceMemory status() {
    return outputs.memories()[0];
  }

  /** The memory that a place is in; null for none. */
  DeviceMemory memory(long place) {
    return Places.memory(
        place, arena, inputs.staged(), inputs.memories(), outputs.memories(), weights);
  }

  void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {
    if (kept == null) {
      oneByOne++;
      queue.launch(kernel, arguments, groups, size);
    } else {
      kept.launch(kernel, arguments, groups, size);
    }
  }

  void multiply(Product product, Arguments operands) {
    if (kept == null) {
      oneByOne++;
      queue.multiply(product, operands);
    } else {
      kept.multiply(product, operands);
    }
  }

  void copy(DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes) {
    if (kept == null) {
      oneByOne++;
      queue.copy(from, fromOffset, to, toOffset, bytes);
    } else {
      kept.copy(from, fromOffset, to, toOffset, bytes);
    }
  }

  // A run.

  /**
   * Runs once; see {@link dev.heddle.backend.Program#run(Inputs, Outputs)}.
   *
   * @param again whether the caller will give back what this run gives
   */
  Outputs run(Inputs given, Outputs last, boolean again) {
    outputs.offer(last);
    try {
      take(given);
      grow();
      outputs.acquire(again);
      try {
        place();
        HostMemory status = again ? runAgain() : runOnce();
        queue.finish();
        checkStatus(status.bytes());
        return outputs.hand(again ? outputs.head() : 0);
      } catch (RuntimeException | Error e) {
        settle(e);
        throw e;
      }
    } finally {
      kept = null;
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

  private HostMemory runOnce() {
    oneByOne = 2;
    if (inputs.stagedBytes() > 0) {
      oneByOne++;
      queue.upload(inputs.stage(), inputs.staged(), inputs.stagedBytes());
    }
    queue.zero(status(), 0, RunStatus.BYTES);
    for (int i = 0; i < launches.length; i++) {
      checkInterrupt(i);
      if (launches[i] != null) {
        launches[i].run();
      }
    }
    queue.download(status(), ownStatus, RunStatus.BYTES);
    memory.count(0, oneByOne);
    return ownStatus;
  }

  private HostMemory runAgain() {
    name();
    Steps.Step step = steps.find();
    if (step == null) {
      enqueue(keep());
    } else {
      try {
        Recording recording = step.recording(queue);
        if (recording == null) {
          enqueue(step);
        } else {
          checkInterrupt(0);
          queue.launch(recording);
          memory.count(1, 0);
        }
      } catch (OutOfDeviceMemoryException | KernelLaunchException e) {
        steps.drop(step);
        throw e;
      }
    }
    return outputs.mirror();
  }

  /** Names all that commands depend on. */
  private void name() {
    long[] numbers = steps.numbers();
    symbols.copyTo(numbers);
    int at = numbers.length - inputValues.size();
    for (int i = 0; i < inputValues.size(); i++) {
      numbers[at + i] = operands[inputValues.get(i)].address();
    }
    Object[] things = steps.things();
    DeviceMemory[] read = inputs.memories();
    DeviceMemory[] written = outputs.memories();
    System.arraycopy(read, 0, things, 0, read.length);
    System.arraycopy(written, 0, things, read.length, written.length);
    things[read.length + written.length] = outputs.mirror();
  }

  private Steps.Step keep() {
    Commands commands = new Commands();
    int[] begins = new int[launches.length + 1];
    kept = commands;
    if (inputs.stagedBytes() > 0) {
      commands.upload(inputs.stage(), inputs.staged(), inputs.stagedBytes());
    }
    commands.zero(status(), 0, RunStatus.BYTES);
    for (int i = 0; i < launches.length; i++) {
      begins[i] = commands.count();
      if (launches[i] != null) {
        launches[i].run();
      }
    }
    begins[launches.length] = commands.count();
    commands.download(status(), outputs.mirror(), outputs.head());
    kept = null;
    return steps.add(commands, begins);
  }

  private void enqueue(Steps.Step step) {
    step.commands.enqueue(queue, 0, step.begins[0]);
    for (int i = 0; i < launches.length; i++) {
      checkInterrupt(i);
      step.commands.enqueue(queue, step.begins[i], step.begins[i + 1]);
    }
    step.commands.enqueue(queue, step.begins[launches.length], step.commands.count());
    memory.count(0, step.commands.count());
  }

  private void checkInterrupt(int instruction) {
    if (Thread.currentThread().isInterrupted()) {
      throw new RunInterruptedException("interrupted before " + sites[instruction].node());
    }
  }

  private void checkStatus(MemorySegment words) {
    if (!RunStatus.isClear(words)) {
      throw RunStatus.error(sites[RunStatus.node(words)].node(), words);
    }
  }

  /** After a failure: no command may use what is freed now. */
  private void settle(Throwable failure) {
    try {
      queue.finish();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    outputs.release();
  }

  // New extents.

  private void bind() {
    inputs.bind();
    try {
      for (Operand operand : operands) {
        operand.bind(symbols);
      }
    } catch (ArithmeticException | GraphException e) {
      throw new InvalidInputException(
          "graph %s: %s".formatted(blueprint.graph().name(), e.getMessage()), e);
    }
    // Until there are places, an operand's is what a view adds to the begin of its memory.
    for (Operand operand : operands) {
      operand.place(0);
    }
    for (int i = 0; i < launches.length; i++) {
      switch (blueprint.instructions().get(i).action()) {
        case Action.Run<Launch.Kernel> run -> bufferBytes[run.workspace()] = launches[i].bind();
        case Action.View<Launch.Kernel> view -> {
          int output = blueprint.instructions().get(i).outputs()[0];
          offsetsWithin[output] = view.offset().bytes(sites[i].site());
          if (blueprint.homes().get(output) instanceof Home.Within home) {
            operands[output].place(operands[home.value()].address() + offsetsWithin[output]);
          }
        }
      }
    }
    for (int i = 0; i < operands.length; i++) {
      switch (blueprint.homes().get(i)) {
        case Home.Arena home -> bufferBytes[home.buffer()] = operands[i].bytes();
        case Home.Input home -> bufferBytes[home.buffer()] = inputs.arenaBytes(home.position());
        case Home.Weight home -> {}
        case Home.Output home -> {}
        case Home.Within home -> {}
        case Home.Nowhere home -> {}
      }
    }
    arenaBytes = planner.place(bufferBytes, bufferOffsets);
    outputs.bind();
  }

  /** Takes the memory that this run needs of its own, and forgets what used the old. */
  private void grow() {
    if (inputs.needsMore() || arena == null || arena.bytes() < arenaBytes) {
      steps.clear();
      inputs.grow();
      growArena();
    }
  }

  private void growArena() {
    if (arena == null || arena.bytes() < arenaBytes) {
      long before = 0;
      if (arena != null) {
        before = arena.bytes();
        arena.close();
        arena = null;
      }
      arena = memory.allocate(arenaBytes, before, "a run's intermediate results");
    }
  }

  // New places.

  private void place() {
    for (int i = 0; i < operands.length; i++) {
      operands[i].place(
          switch (blueprint.homes().get(i)) {
            case Home.Arena home -> Places.arena(bufferOffsets[home.buffer()]);
            case Home.Input home ->
                inputs.place(home.position(), queue, arena, bufferOffsets[home.buffer()]);
            case Home.Weight home -> home.place();
            case Home.Output home -> outputs.place(home.position());
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

  @Override
  public void close() {
    steps.clear();
    queue.close();
    ownStatus.close();
    inputs.close();
    if (arena != null) {
      arena.close();
    }
    Arrays.fill(launches, null);
  }
}
