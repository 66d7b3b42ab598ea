package dev.heddle.cpu;

import dev.heddle.backend.Inputs;
import dev.heddle.graph.Graph;
import dev.heddle.graph.SymbolValues;
import dev.heddle.plan.Caches;
import dev.heddle.plan.RunInputs;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * What one run was given: checked, and kept alive until the run ends.
 *
 * <p>Large float tensors in native memory that nobody but the tensor can free are read in place,
 * under a lease. Everything else is copied into the run's arena first: Java arrays, which have no
 * address; views of memory whose owner may free it, and behind whose end a page may begin that
 * cannot be read; and integers, so that what was checked (ids, starts of sequences) cannot change
 * while kernels go by it.
 */
final class CpuInputs {
  /** Copying fewer bytes than this is cheaper than to think about. */
  private static final long SMALL = 16_384;

  private final RunInputs given;
  private final Caches caches;
  private final MemorySegment.Scope own;
  private final HostTensor[] tensors;
  private final MemorySegment[] memories;
  private final boolean[] downloaded;
  private final boolean[] copied;

  /**
   * @param own the life of the backend's own tensors, which outlives every run
   */
  CpuInputs(Graph graph, SymbolValues symbols, MemorySegment.Scope own) {
    this.given = new RunInputs(graph, symbols);
    this.caches = new Caches(graph);
    this.own = own;
    int count = given.count();
    this.tensors = new HostTensor[count];
    this.memories = new MemorySegment[count];
    this.downloaded = new boolean[count];
    this.copied = new boolean[count];
  }

  /**
   * Takes what a run was given.
   *
   * @return true if extents, or what is copied, may differ from the last time
   * @throws dev.heddle.backend.InvalidInputException if something is missing or does not fit
   */
  boolean take(Inputs inputs) {
    boolean changed = given.take(inputs);
    for (int i = 0; i < tensors.length; i++) {
      boolean copy = !lease(i, given.tensor(i));
      changed |= copy != copied[i];
      copied[i] = copy;
    }
    return changed;
  }

  /** Takes a lease on what was given; true if it may be read in place. */
  private boolean lease(int position, Tensor from) {
    HostTensor tensor = from.toHost();
    try {
      tensor.retain();
      MemorySegment memory = tensor.memory();
      tensors[position] = tensor;
      memories[position] = memory;
      downloaded[position] = tensor != from;
      boolean isOwn = memory.scope().equals(own);
      if (caches.contains(position)) {
        if (!isOwn) {
          throw caches.notOwn(position, from);
        }
        return true;
      }
      return memory.isNative()
          && tensor.dtype().isFloat()
          && tensor.bytes() >= SMALL
          && memory.address() % tensor.dtype().bytes() == 0
          && (tensor.ownsMemory() || isOwn);
    } finally {
      if (tensors[position] == null && tensor != from) {
        tensor.close();
      }
    }
  }

  /** Finds the symbols' values from the shapes given. */
  void bindSymbols() {
    given.bindSymbols();
  }

  /** Bytes that input {@code position} takes in the arena. */
  long copiedBytes(int position) {
    return copied[position] ? memories[position].byteSize() : 0;
  }

  /** Address of input {@code position}, which is copied to {@code room} if it must be. */
  long place(int position, long room) {
    if (!copied[position]) {
      return memories[position].address();
    }
    Memory.copyIn(memories[position], room);
    return room;
  }

  /** Ends the leases. */
  void release() {
    for (int i = 0; i < tensors.length; i++) {
      if (tensors[i] != null) {
        tensors[i].release();
        if (downloaded[i]) {
          tensors[i].close();
        }
        tensors[i] = null;
        memories[i] = null;
      }
    }
    given.release();
  }

  /** Makes the next {@link #take} report a change. */
  void forget() {
    given.forget();
  }
}
