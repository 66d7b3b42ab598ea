package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.task.Embedder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A server's threads, all of which embed texts by one model on one device. */
@NeedsDevice
class ServerTest {
  private static final int THREADS = 64;
  private static final String MODEL = "../transformer/src/test/data/hf/bert-embedder-mean";

  /** Up to 3 sequences of 1 to 6 ids. */
  private static int[][] batch(int which) {
    int[][] batch = new int[1 + which % 3][];
    for (int i = 0; i < batch.length; i++) {
      batch[i] = new int[1 + (5 * which + 7 * i) % 6];
      for (int j = 0; j < batch[i].length; j++) {
        batch[i][j] = (31 * which + 17 * i + j) % 100;
      }
    }
    return batch;
  }

  @Test
  void sixtyFourThreadsGetWhatEachGetsAloneInBoundedMemory() throws Exception {
    Simulator.need();
    Simulator.reset();
    try (Embedder embedder = Embedder.builder(MODEL).backend("cuda").build();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
      List<float[][]> alone = new ArrayList<>();
      for (int which = 0; which < 6; which++) {
        alone.add(embedder.embedIds(batch(which)));
      }
      // Callers' texts may go together in one run. More than all in one it is never, besides what
      // waits to be read, which is not more than that.
      embedder.embedIds(
          IntStream.range(0, THREADS)
              .mapToObj(t -> batch(t % alone.size()))
              .flatMap(Arrays::stream)
              .toArray(int[][]::new));
      long most = 2 * Simulator.count("live_device_bytes");
      CyclicBarrier together = new CyclicBarrier(THREADS);
      List<Future<Void>> done = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        int first = t;
        done.add(
            pool.submit(() -> {
              together.await();
              float[][] expected = alone.get(first % alone.size());
              float[][] vectors = embedder.embedIds(batch(first % alone.size()));
              assertEquals(expected.length, vectors.length);
              for (int i = 0; i < vectors.length; i++) {
                assertArrayEquals(expected[i], vectors[i]);
              }
              long live = Simulator.count("live_device_bytes");
              assertTrue(live <= most, "%,d bytes live; at most %,d".formatted(live, most));
              return null;
            }));
      }
      for (Future<Void> each : done) {
        each.get();
      }
    }
    // The simulator refuses what another thread than the context's asks of it.
    assertEquals("", Simulator.report());
    assertEquals(0, Simulator.count("live_device_bytes"));
  }
}
