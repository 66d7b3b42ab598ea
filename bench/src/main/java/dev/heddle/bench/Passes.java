package dev.heddle.bench;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** The same work again and again, on threads that begin each pass together. */
final class Passes {
  private Passes() {}

  /**
   * Seconds of the fastest pass, from the first thread's beginning to the last one's end: what else
   * runs can only slow it down.
   *
   * @param part what each thread, by its number, does in a pass
   */
  static double best(int threads, int passes, IntConsumer part) {
    long[][] begun = new long[passes][threads];
    long[][] ended = new long[passes][threads];
    AtomicInteger waiting = new AtomicInteger();
    IntConsumer all =
        thread -> {
          for (int pass = 0; pass < passes; pass++) {
            waiting.incrementAndGet();
            while (waiting.get() < (pass + 1) * threads) {
              // A thread that sleeps takes longer to wake than some passes take.
              Thread.yield();
            }
            begun[pass][thread] = System.nanoTime();
            part.accept(thread);
            ended[pass][thread] = System.nanoTime();
          }
        };
    run(threads, all);
    return IntStream.range(0, passes)
            .mapToLong(pass -> {
              long first =
                  IntStream.range(0, threads).mapToLong(i -> begun[pass][i]).min().orElse(0);
              return IntStream.range(0, threads)
                  .mapToLong(i -> ended[pass][i] - first)
                  .max()
                  .orElse(0);
            })
            .min()
            .orElse(0)
        * 1e-9;
  }

  /** Does each thread's part once; returns when all are done. */
  static void run(int threads, IntConsumer part) {
    Thread[] started =
        IntStream.range(0, threads)
            .mapToObj(i -> Thread.ofPlatform().start(() -> part.accept(i)))
            .toArray(Thread[]::new);
    try {
      for (Thread thread : started) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
