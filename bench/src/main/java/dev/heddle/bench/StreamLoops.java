package dev.heddle.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loops that read memory, and copy it. Stretches begin and end at multiples of {@value #ALIGNMENT}
 * bytes. They go by addresses, as the kernels of the cpu backend do: with bounds to check for, the
 * compiler makes loops of them that read at 0.9 of the speed.
 */
sealed interface StreamLoops {
  /** Bytes: a cache line, and four vectors of any machine. */
  int ALIGNMENT = 256;

  /** The sum of a stretch's longs. */
  long sum(long from, long to);

  /** Copies a stretch to where {@code other} is. */
  void copy(long from, long to, long other);

  /** Of the process, by address. */
  final class Memory {
    @SuppressWarnings("restricted") // Stretches lie in memory that Bandwidth holds.
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Memory() {}
  }

  /** With the Vector API where the JVM was started with it. */
  static StreamLoops best() {
    boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    return vectors ? new Vectors() : new Plain();
  }

  /** Without the Vector API. */
  final class Plain implements StreamLoops {
    @Override
    public long sum(long from, long to) {
      long sum = 0;
      for (long i = from; i < to; i += Long.BYTES) {
        sum += Memory.ALL.get(JAVA_LONG, i);
      }
      return sum;
    }

    @Override
    public void copy(long from, long to, long other) {
      MemorySegment.copy(Memory.ALL, from, Memory.ALL, other, to - from);
    }
  }

  /** Four vectors at a time: more than one load is under way. */
  final class Vectors implements StreamLoops {
    private static final VectorSpecies<Long> S = LongVector.SPECIES_PREFERRED;
    private static final int BYTES = S.vectorByteSize();

    @Override
    public long sum(long from, long to) {
      LongVector a = LongVector.zero(S);
      LongVector b = LongVector.zero(S);
      LongVector c = LongVector.zero(S);
      LongVector d = LongVector.zero(S);
      for (long i = from; i < to; i += 4L * BYTES) {
        a = a.add(load(i));
        b = b.add(load(i + BYTES));
        c = c.add(load(i + 2L * BYTES));
        d = d.add(load(i + 3L * BYTES));
      }
      return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    @Override
    public void copy(long from, long to, long other) {
      for (long i = from; i < to; i += 2L * BYTES) {
        load(i).intoMemorySegment(Memory.ALL, other, ByteOrder.nativeOrder());
        load(i + BYTES).intoMemorySegment(Memory.ALL, other + BYTES, ByteOrder.nativeOrder());
        other += 2L * BYTES;
      }
    }

    private static LongVector load(long at) {
      return LongVector.fromMemorySegment(S, Memory.ALL, at, ByteOrder.nativeOrder());
    }
  }
}
