package dev.heddle.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Weights as kernels want them, in native memory, one piece for all that hold the same bytes: the
 * second instance of a model, or its twin on another backend, takes no memory of its own. Pieces
 * are compared byte by byte, so it does not matter where weights came from or which passes they
 * went through. Contents never change. Safe for many threads.
 */
final class WeightStore {
  /** Smaller ones are not worth sharing. */
  static final long LEAST = 64 << 10;

  /**
   * The process's. It holds no settings and nothing that a caller could see but the memory that is
   * saved, and it is empty when all programs are closed.
   */
  static final WeightStore PROCESS = new WeightStore();

  private static final int SAMPLES = 64;

  /** Memory nodes of the processors: on several, weights are spread over all. */
  private static final Set<Integer> NODES = CpuTopology.current().nodes();

  private final Map<Long, List<Piece>> pieces = new HashMap<>();

  /** Native memory that somebody holds. */
  static final class Piece {
    private final SystemMemory.Piece memory;
    private final long size;
    private final long fingerprint;
    private int holders;

    private Piece(SystemMemory.Piece memory, long size) {
      this.memory = memory;
      this.size = size;
      this.fingerprint = fingerprint(memory.address(), size);
    }

    long address() {
      return memory.address();
    }

    long size() {
      return size;
    }

    private boolean equalsBytesOf(Piece other) {
      return size == other.size && Memory.equal(address(), other.address(), size);
    }
  }

  /**
   * A piece of {@code size} bytes that {@code fill}, given its address, writes all of. Whoever
   * takes it gives it back by {@link #release}.
   *
   * @throws OutOfMemoryError if the system has no more
   */
  Piece take(long size, LongConsumer fill) {
    SystemMemory.Piece memory = SystemMemory.take(size);
    if (NODES.size() > 1) {
      SystemMemory.spread(memory, size, NODES);
    }
    Piece mine;
    Piece shared;
    try {
      fill.accept(memory.address());
      mine = new Piece(memory, size);
      shared = share(mine);
    } catch (RuntimeException | Error e) {
      memory.free().run();
      throw e;
    }
    if (shared != mine) {
      memory.free().run();
    }
    return shared;
  }

  private synchronized Piece share(Piece mine) {
    List<Piece> alike = pieces.computeIfAbsent(mine.fingerprint, f -> new ArrayList<>());
    Piece shared = alike.stream().filter(mine::equalsBytesOf).findFirst().orElse(mine);
    if (shared == mine) {
      alike.add(mine);
    }
    shared.holders++;
    return shared;
  }

  /** Frees the piece if nobody else holds it. */
  void release(Piece piece) {
    synchronized (this) {
      piece.holders--;
      if (piece.holders > 0) {
        return;
      }
      List<Piece> alike = pieces.get(piece.fingerprint);
      alike.remove(piece);
      if (alike.isEmpty()) {
        pieces.remove(piece.fingerprint);
      }
    }
    piece.memory.free().run();
  }

  /** Bytes of all pieces, each counted once. */
  synchronized long bytes() {
    return pieces.values().stream().flatMap(List::stream).mapToLong(piece -> piece.size).sum();
  }

  /** The same for equal bytes; others seldom share it. */
  private static long fingerprint(long address, long size) {
    long hash = size;
    long step = Math.max(Long.BYTES, size / SAMPLES & -Long.BYTES);
    for (long at = 0; at <= size - Long.BYTES; at += step) {
      hash = hash * 0x9e3779b97f4a7c15L + Memory.getLong(address + at);
    }
    return hash ^ hash >>> 32;
  }
}
