package dev.heddle.kernels;

import dev.heddle.backend.Inputs;
import dev.heddle.graph.Graph;
import dev.heddle.graph.SymbolValues;
import dev.heddle.plan.Caches;
import dev.heddle.plan.RunInputs;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * What one run was given. Tensors of the own device are read in place. Small ones of the host lie
 * side by side in one block, at places that depend on extents alone, so that one command takes them
 * to the device and a recorded run finds them; large ones are written into the arena.
 */
final class KernelInputs implements AutoCloseable {
  /** Bytes up to which an input is staged. */
  private static final long SMALL = 64 << 10;

  private enum Way {
    IN_PLACE,
    STAGED,
    WRITTEN
  }

  private final KernelMemory memory;
  private final RunInputs given;
  private final Caches caches;
  private final Way[] ways;
  private final long[] stagedAt;
  private final DeviceTensor[] leased;
  private final DeviceMemory[] memories;
  private long stagedBytes;
  private HostMemory stage;
  private DeviceMemory staged;

  KernelInputs(Graph graph, SymbolValues symbols, KernelMemory memory) {
    this.memory = memory;
    this.given = new RunInputs(graph, symbols);
    this.caches = new Caches(graph);
    int count = given.count();
    this.ways = new Way[count];
    this.stagedAt = new long[count];
    this.leased = new DeviceTensor[count];
    this.memories = new DeviceMemory[count];
  }

  /**
   * Takes what a run was given.
   *
   * @return true if extents, or what is copied, may differ from the last time
   * @throws dev.heddle.backend.InvalidInputException if something is missing or does not fit
   */
  boolean take(Inputs inputs) {
    boolean changed = given.take(inputs);
    for (int i = 0; i < ways.length; i++) {
      Way way = take(i, given.tensor(i));
      changed |= way != ways[i];
      ways[i] = way;
    }
    return changed;
  }

  private Way take(int position, Tensor tensor) {
    if (tensor instanceof DeviceTensor own && own.backend() == memory) {
      own.retain();
      leased[position] = own;
      memories[position] = own.block().memory();
      return Way.IN_PLACE;
    }
    if (caches.contains(position)) {
      throw caches.notOwn(position, tensor);
    }
    return tensor.bytes() <= SMALL ? Way.STAGED : Way.WRITTEN;
  }

  /** Finds the symbols' values from the shapes given, and where staged inputs lie. */
  void bind() {
    given.bindSymbols();
    stagedBytes = 0;
    for (int i = 0; i < ways.length; i++) {
      if (ways[i] == Way.STAGED) {
        stagedAt[i] = stagedBytes;
        stagedBytes = memory.align(stagedBytes + given.tensor(i).bytes());
      }
    }
  }

  /** Bytes that input {@code position} takes in the arena. */
  long arenaBytes(int position) {
    return ways[position] == Way.WRITTEN ? given.tensor(position).bytes() : 0;
  }

  /** Whether the block that inputs are staged in must grow. */
  boolean needsMore() {
    return stage == null || staged.bytes() < stagedBytes;
  }

  /** Takes a block that is large enough. */
  void grow() {
    if (needsMore()) {
      long before = staged == null ? 0 : staged.bytes();
      free();
      staged = memory.allocate(Math.max(1, stagedBytes), before, "a run's small inputs");
      stage = memory.device().allocateHost(staged.bytes(), "a run's small inputs");
    }
  }

  /** Bytes of {@link #stage} that a run has to bring to {@link #staged}. */
  long stagedBytes() {
    return stagedBytes;
  }

  HostMemory stage() {
    return stage;
  }

  DeviceMemory staged() {
    return staged;
  }

  /** By input: the memory of those that are read in place. */
  DeviceMemory[] memories() {
    return memories;
  }

  /**
   * The place of input {@code position}.
   *
   * @param arena where it is written to, {@code offset} bytes behind the begin, if it must be
   */
  long place(int position, KernelQueue queue, DeviceMemory arena, long offset) {
    if (ways[position] == Way.IN_PLACE) {
      return Places.input(position) + leased[position].offset();
    }
    Tensor tensor = given.tensor(position);
    HostTensor host = tensor.toHost();
    try {
      MemorySegment bytes = host.memory();
      if (ways[position] == Way.STAGED) {
        MemorySegment.copy(bytes, 0, stage.bytes(), stagedAt[position], bytes.byteSize());
        return Places.staged(stagedAt[position]);
      }
      queue.write(bytes, arena, offset);
      return Places.arena(offset);
    } finally {
      if (host != tensor) {
        host.close();
      }
    }
  }

  /** Ends the leases: the run has ended. */
  void release() {
    for (int i = 0; i < leased.length; i++) {
      memories[i] = null;
      if (leased[i] != null) {
        leased[i].release();
        leased[i] = null;
      }
    }
    given.release();
  }

  /** Makes the next {@link #take} report a change. */
  void forget() {
    given.forget();
  }

  private void free() {
    if (staged != null) {
      staged.close();
      staged = null;
    }
    if (stage != null) {
      stage.close();
      stage = null;
    }
  }

  @Override
  public void close() {
    free();
  }
}
