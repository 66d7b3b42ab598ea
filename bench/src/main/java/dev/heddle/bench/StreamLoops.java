package dev.heddle.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loops that read memory, and copy it. Stretches begin and end at multiples of {@value #ALIGNMENT}
 * bytes.
 */
sealed interface StreamLoops {
  /** Bytes: a cache line, and four vectors of any machine. */
  int ALIGNMENT = 256;

  /** The sum of a stretch's longs. */
  long sum(MemorySegment memory, long from, long to);

  /** Copies a stretch to the same place of other memory. */
  void copy(MemorySegment memory, MemorySegment other, long from, long to);

  /** With the Vector API where the JVM was started with it. */
  static StreamLoops best() {
    boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    return vectors ? new Vectors() : new Plain();
  }

  /** Without the Vector API. */
  final class Plain implements StreamLoops {
    @Override
    public long sum(MemorySegment memory, long from, long to) {
      long sum = 0;
      for (long i = from; i < to; i += Long.BYTES) {
        sum += memory.get(JAVA_LONG, i);
      }
      return sum;
    }

    @Override
    public void copy(MemorySegment memory, MemorySegment other, long from, long to) {
      MemorySegment.copy(memory, from, other, from, to - from);
    }
  }

  /** Four vectors at a time: more than one load is under way. */
  final class Vectors implements StreamLoops {
    private static final VectorSpecies<Long> S = LongVector.SPECIES_PREFERRED;
    private static final int BYTES = S.vectorByteSize();

    @Override
    public long sum(MemorySegment memory, long from, long to) {
      LongVector a = LongVector.zero(S);
      LongVector b = LongVector.zero(S);
      LongVector c = LongVector.zero(S);
      LongVector d = LongVector.zero(S);
      for (long i = from; i < to; i += 4L * BYTES) {
        a = a.add(load(memory, i));
        b = b.add(load(memory, i + BYTES));
        c = c.add(load(memory, i + 2L * BYTES));
        d = d.add(load(memory, i + 3L * BYTES));
      }
      return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    @Override
    public void copy(MemorySegment memory, MemorySegment other, long from, long to) {
      for (long i = from; i < to; i += 2L * BYTES) {
        load(memory, i).intoMemorySegment(other, i, ByteOrder.nativeOrder());
        load(memory, i + BYTES).intoMemorySegment(other, i + BYTES, ByteOrder.nativeOrder());
      }
    }

    private static LongVector load(MemorySegment memory, long at) {
      return LongVector.fromMemorySegment(S, memory, at, ByteOrder.nativeOrder());
    }
  }
}
