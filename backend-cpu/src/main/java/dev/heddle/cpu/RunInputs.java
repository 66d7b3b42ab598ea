package dev.heddle.cpu;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.SymbolValues;
import dev.heddle.graph.Value;
import dev.heddle.plan.Caches;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * What one run was given: checked, and kept alive until the run ends.
 *
 * <p>Large float tensors in native memory that nobody but the tensor can free are read in place,
 * under a lease. Everything else is copied into the run's arena first: Java arrays, which have no
 * address; views of memory whose owner may free it, and behind whose end a page may begin that
 * cannot be read; and integers, so that what was checked (ids, starts of sequences) cannot change
 * while kernels go by it.
 */
final class RunInputs {
  /** Copying fewer bytes than this is cheaper than to think about. */
  private static final long SMALL = 16_384;

  private final Graph graph;
  private final List<Value> expected;
  private final Caches caches;
  private final MemorySegment.Scope own;
  private final SymbolValues symbols;
  private final List<String> symbolNames;
  private final HostTensor[] tensors;
  private final MemorySegment[] memories;
  private final boolean[] downloaded;
  private final boolean[] copied;
  private final Shape[] shapes;
  private final long[] bound;
  private final long[] boundBefore;
  private boolean fresh = true;

  /**
   * @param own the life of the backend's own tensors, which outlives every run
   */
  RunInputs(Graph graph, SymbolValues symbols, MemorySegment.Scope own) {
    this.graph = graph;
    this.expected = graph.inputs();
    this.caches = new Caches(graph);
    this.own = own;
    this.symbols = symbols;
    this.symbolNames = symbols.names();
    int count = expected.size();
    this.tensors = new HostTensor[count];
    this.memories = new MemorySegment[count];
    this.downloaded = new boolean[count];
    this.copied = new boolean[count];
    this.shapes = new Shape[count];
    this.bound = new long[symbolNames.size()];
    this.boundBefore = new long[symbolNames.size()];
  }

  /**
   * Takes what a run was given.
   *
   * @return true if extents, or what is copied, may differ from the last time
   * @throws InvalidInputException if something is missing or does not fit
   */
  boolean take(Inputs inputs) {
    boolean changed = fresh;
    fresh = false;
    for (int i = 0; i < tensors.length; i++) {
      Value value = expected.get(i);
      Tensor given = inputs.get(value.name());
      if (given == null) {
        throw missing(value, inputs);
      }
      if (given.dtype() != value.type().dtype()) {
        throw new InvalidInputException(
            "graph %s: input \"%s\" is %s %s; expected %s"
                .formatted(graph.name(), value.name(), given.dtype(), given.shape(), value.type()));
      }
      boolean copy = !lease(i, given);
      changed |= copy != copied[i] || !given.shape().equals(shapes[i]);
      copied[i] = copy;
      shapes[i] = given.shape();
    }
    return bindGiven(inputs) || changed;
  }

  private InvalidInputException missing(Value value, Inputs inputs) {
    StringBuilder given = new StringBuilder();
    inputs.forEach((name, tensor) -> given.append(given.isEmpty() ? "" : ", ").append(name));
    return new InvalidInputException(
        "graph %s: input \"%s\" is missing; expected %s. Given are [%s]"
            .formatted(graph.name(), value.name(), value.type(), given));
  }

  /** Takes a lease on what was given; true if it may be read in place. */
  private boolean lease(int position, Tensor given) {
    HostTensor tensor = given.toHost();
    try {
      tensor.retain();
      MemorySegment memory = tensor.memory();
      tensors[position] = tensor;
      memories[position] = memory;
      downloaded[position] = tensor != given;
      boolean isOwn = memory.scope().equals(own);
      if (caches.contains(position)) {
        if (!isOwn) {
          throw caches.notOwn(position, given);
        }
        return true;
      }
      return memory.isNative()
          && tensor.dtype().isFloat()
          && tensor.bytes() >= SMALL
          && memory.address() % tensor.dtype().bytes() == 0
          && (tensor.ownsMemory() || isOwn);
    } finally {
      if (tensors[position] == null && tensor != given) {
        tensor.close();
      }
    }
  }

  private boolean bindGiven(Inputs inputs) {
    Arrays.fill(bound, -1);
    for (int i = 0; i < inputs.symbolCount(); i++) {
      int index = symbolNames.indexOf(inputs.symbol(i));
      if (index >= 0) {
        bound[index] = inputs.symbolValue(i);
      }
    }
    boolean changed = !Arrays.equals(bound, boundBefore);
    System.arraycopy(bound, 0, boundBefore, 0, bound.length);
    return changed;
  }

  /** Finds the symbols' values from the shapes given. */
  void bindSymbols() {
    try {
      symbols.reset();
      for (int i = 0; i < bound.length; i++) {
        if (bound[i] >= 0) {
          symbols.bind(symbolNames.get(i), bound[i]);
        }
      }
      for (int i = 0; i < shapes.length; i++) {
        symbols.learn(i, shapes[i]);
      }
      for (int i = 0; i < shapes.length; i++) {
        symbols.check(i, shapes[i]);
      }
    } catch (GraphException e) {
      throw new InvalidInputException(e.getMessage(), e);
    }
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
  }

  /** Makes the next {@link #take} report a change. */
  void forget() {
    fresh = true;
  }
}
