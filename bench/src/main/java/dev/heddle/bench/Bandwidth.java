package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.op.Fill;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * What the machine reads in one stream, and what it copies: memory far larger than its caches, from
 * beginning to end, each thread its own part. Copies are counted as STREAM (McCalpin, 1995) counts
 * them, bytes read and bytes written, and write as kernels do, through the caches: stores that go
 * past them are faster still. The memory is what the cpu backend's operations have, in huge pages
 * on Linux: in small ones a virtual machine reads at 0.6 of the speed (Zen 4). Not for several
 * threads at once.
 */
final class Bandwidth implements AutoCloseable {
  /** Bytes that are read, by all threads together and by each at least. */
  private static final long BYTES = 256 << 20;

  private static final long LEAST = 16 << 20;

  /** Two threads may begin on one core, and it takes the system some passes to part them. */
  private static final int PASSES = 20;

  /** Bytes of a call: so few that the loop is compiled before the first pass ends. */
  private static final long PIECE = 1 << 17;

  private final StreamLoops loops = StreamLoops.best();
  private final Backend backend;
  private final List<Outputs> held = new ArrayList<>();
  private final MemorySegment[] parts;
  private final long[] sums;
  private MemorySegment[] copies;

  Bandwidth(int threads) {
    backend = new Backends().open("cpu", BackendOptions.DEFAULT.withThreads(threads)).value();
    sums = new long[threads];
    try {
      parts = allocate(threads);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The threads' parts of what a fill has written. */
  private MemorySegment[] allocate(int threads) {
    long bytes = Math.ceilDiv(Math.max(BYTES / threads, LEAST), PIECE) * PIECE;
    Dim floats = Dim.of(bytes / Float.BYTES * threads);
    GraphBuilder g = new GraphBuilder("memory");
    g.output("y", g.add("y", new Fill(DType.F32, List.of(floats), 1)));
    try (Program program = backend.compile(g.build(), CompileOptions.DEFAULT)) {
      Outputs outputs = program.run(new Inputs());
      held.add(outputs);
      MemorySegment all = outputs.host("y").memory();
      return IntStream.range(0, threads)
          .mapToObj(i -> all.asSlice(i * bytes, bytes))
          .toArray(MemorySegment[]::new);
    }
  }

  /** Bytes a second that are read. */
  double measure() {
    return best(i -> {
      long from = parts[i].address();
      for (long at = from; at < from + parts[i].byteSize(); at += PIECE) {
        sums[i] += loops.sum(at, at + PIECE);
      }
    });
  }

  /** Bytes a second that are read and written. */
  double copy() {
    if (copies == null) {
      copies = allocate(parts.length);
    }
    return 2
        * best(i -> {
          long from = parts[i].address();
          for (long at = 0; at < parts[i].byteSize(); at += PIECE) {
            loops.copy(from + at, from + at + PIECE, copies[i].address() + at);
          }
        });
  }

  private double best(IntConsumer part) {
    double bytes = (double) parts.length * parts[0].byteSize();
    return bytes / Passes.best(parts.length, PASSES, part);
  }

  /** The sum of all that was read: so that it is read. */
  long sum() {
    return Arrays.stream(sums).sum();
  }

  @Override
  public void close() {
    held.forEach(Outputs::close);
    backend.close();
  }
}
