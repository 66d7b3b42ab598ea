package dev.heddle.cpu;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * The constants of one program in native memory: copies, and what kernels made of them. Large ones
 * are shared with all programs of the process that hold the same bytes; each backend counts what it
 * uses.
 */
final class Weights implements AutoCloseable {
  private final Graph graph;
  private final NativePool memory;
  private final WeightStore store;
  private final WorkerPool workers;
  private final Map<Value, Long> copies = new HashMap<>();
  private final Map<Packing, Long> packings = new HashMap<>();
  private final List<NativePool.Block> blocks = new ArrayList<>();
  private final List<WeightStore.Piece> pieces = new ArrayList<>();
  private final Map<Integer, OneDnnTile> tiles = new HashMap<>();
  private long bytes;

  /** A constant, and how its elements are laid out anew. */
  private record Packing(Value value, Object layout) {}

  /** Lays a constant out anew. */
  interface Packer {
    /**
     * @param from the constant's elements, row-major
     * @param to as many bytes as were asked for, to be written all
     * @param workers whom the work may be shared with
     */
    void pack(long from, long to, WorkerPool workers);
  }

  Weights(Graph graph, NativePool memory, WeightStore store, WorkerPool workers) {
    this.graph = graph;
    this.memory = memory;
    this.store = store;
    this.workers = workers;
  }

  /** True where {@code value} is known at compile time. */
  boolean contains(Value value) {
    return graph.constant(value) != null;
  }

  /** Address of a constant's elements; copied once. */
  long address(Value value) {
    Long address = copies.get(value);
    if (address == null) {
      HostTensor tensor = graph.constant(value);
      address = place(tensor.bytes(), value, to -> Memory.copyIn(tensor.memory(), to));
      copies.put(value, address);
    }
    return address;
  }

  /**
   * Address of a constant laid out anew, once for each layout.
   *
   * @param layout equal for equal layouts
   * @param size bytes that the layout takes
   */
  long pack(Value value, Object layout, long size, Packer packer) {
    Long address = packings.get(new Packing(value, layout));
    if (address == null) {
      address = place(size, value, to -> pack(value, packer, to));
      packings.put(new Packing(value, layout), address);
    }
    return address;
  }

  private void pack(Value value, Packer packer, long to) {
    if (copies.containsKey(value)) {
      packer.pack(address(value), to, workers);
      return;
    }
    HostTensor tensor = graph.constant(value);
    NativePool.Block copy = memory.acquire(tensor.bytes(), "the layout of " + value);
    try {
      Memory.copyIn(tensor.memory(), copy.address());
      packer.pack(copy.address(), to, workers);
    } finally {
      memory.release(copy);
    }
  }

  private long place(long size, Value value, LongConsumer fill) {
    String what = "the weight " + value;
    bytes += size;
    if (size < WeightStore.LEAST) {
      NativePool.Block block = memory.acquire(size, what);
      blocks.add(block);
      fill.accept(block.address());
      return block.address();
    }
    memory.count(size, what);
    try {
      WeightStore.Piece piece = store.take(size, fill);
      pieces.add(piece);
      return piece.address();
    } catch (OutOfMemoryError e) {
      memory.uncount(size);
      throw memory.refused(size, what, e);
    } catch (RuntimeException | Error e) {
      memory.uncount(size);
      throw e;
    }
  }

  /** OneDNN's product of {@code k} terms, one for all of the program's. */
  OneDnnTile oneDnn(OneDnn library, int k, int width) {
    return tiles.computeIfAbsent(k, inner -> new OneDnnTile(library, inner, width));
  }

  /** Bytes of all copies and layouts. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    blocks.forEach(memory::release);
    blocks.clear();
    for (WeightStore.Piece piece : pieces) {
      memory.uncount(piece.size());
      store.release(piece);
    }
    pieces.clear();
    tiles.values().forEach(OneDnnTile::close);
    tiles.clear();
  }
}
