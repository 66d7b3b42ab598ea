package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.DType;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What steps and generations leave behind in the Java heap and on the backend: nothing. */
class GenerationMemoryTest {
  private static final int[] PROMPT = {1, 2, 3};

  /** Requests of the long run; {@code -Dheddle.requests=100000} for the whole of it. */
  private static final int REQUESTS = Integer.getInteger("heddle.requests", 10_000);

  /** Until Java's compilers have seen all of it, vectors are objects. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final WatchedBackend backend = new WatchedBackend();
  private final Model model = Models.open(Path.of("src/test/data/hf/gpt2"));
  private Engine engine;

  private void open(boolean sharePrefixes, int pageTokens) {
    engine =
        Engine.builder(model)
            .backends(backend.backends())
            .backend("watched")
            .cacheTokens(1024)
            .sequences(16)
            .sharePrefixes(sharePrefixes)
            .storage(new DecoderGraph.Storage(DType.F32, pageTokens))
            .build();
  }

  @AfterEach
  void nothingIsLeft() {
    engine.close();
    model.close();
    assertEquals(0, backend.liveBytes());
    EngineStats stats = engine.stats();
    assertEquals(stats.pages(), stats.freePages());
  }

  /** Of the engine's own thread. */
  private static long allocated() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(each -> each.getName().equals("heddle engine"))
            .findFirst()
            .orElseThrow()
            .threadId();
    return threads.getThreadAllocatedBytes(thread);
  }

  private long allocated(GenerationOptions options) {
    long before = allocated();
    engine.generate(GenerationRequest.of(PROMPT, options));
    return allocated() - before;
  }

  private enum Way {
    GREEDY,
    /** By the backend. */
    DRAWN,
    /** From the logits. */
    SAMPLED
  }

  @ParameterizedTest
  @EnumSource
  void aTokenAllocatesNothing(Way way) {
    open(false, 64);
    GenerationOptionsBuilder options =
        GenerationOptions.builder().doSample(way != Way.GREEDY).temperature(0.8).topK(20).seed(5);
    options.topP(0.95).minP(way == Way.SAMPLED ? 0.01 : 0);
    GenerationOptions few = options.maxNewTokens(20).build();
    GenerationOptions many = options.maxNewTokens(60).build();
    long end = System.nanoTime() + PATIENCE.toNanos();
    double least = Double.MAX_VALUE;
    // An id more is four bytes in the ids.
    while (least > 8 && System.nanoTime() < end) {
      least = Math.min(least, (allocated(many) - allocated(few)) / 40.0);
    }
    assertTrue(least <= 8, least + " bytes a token");
  }

  @Test
  void manyRequestsLeaveNothingBehind() throws Exception {
    open(true, 16);
    requests(2_000);
    long live = backend.liveBytes();
    long used = used();
    requests(REQUESTS);
    EngineStats stats = engine.stats();
    assertEquals(REQUESTS + 2_000, stats.ended());
    assertEquals(0, stats.failed() + stats.running() + stats.queued());
    long grown = used() - used;
    assertTrue(grown < 1 << 20, "the heap has %,d bytes more".formatted(grown));
    // Inputs and outputs are as wide as the widest step.
    long grownThere = backend.liveBytes() - live;
    assertTrue(grownThere < 1 << 18, "the backend has %,d bytes more".formatted(grownThere));
  }

  /** Of some callers: read, streamed, closed before their end, cancelled. */
  private void requests(int count) throws Exception {
    int callers = 32;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int c = 0; c < callers; c++) {
        int caller = c;
        all.add(
            threads.submit(() -> {
              for (int i = caller; i < count; i += callers) {
                request(i);
              }
            }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
  }

  private void request(int i) {
    int[] prompt = new int[1 + i % 40];
    Arrays.setAll(prompt, at -> 5 + (i * 31 + at * at) % 390);
    GenerationOptions options =
        GenerationOptions.builder().doSample(i % 2 > 0).maxNewTokens(1 + i % 4).seed(i).build();
    GenerationRequest request = GenerationRequest.of(prompt, options);
    switch (i % 8) {
      case 0 -> {
        try (GenerationStream stream = engine.submit(request)) {
          stream.next();
        }
      }
      case 1 -> engine.generate(request, (sequence, id, text) -> false);
      case 2 -> {
        Cancellation cancellation = new Cancellation();
        try (GenerationStream stream = engine.submit(request.withCancellation(cancellation))) {
          cancellation.cancel();
          stream.result();
        }
      }
      default -> engine.generate(request);
    }
  }

  private static long used() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }

  @Test
  void whatAPrefixSparedChangesNoToken() {
    open(true, 16);
    int[] prompt = new int[20];
    Arrays.setAll(prompt, at -> 7 + at * at % 300);
    GenerationOptions options = GenerationOptions.builder().maxNewTokens(12).build();
    Generation first = engine.generate(GenerationRequest.of(prompt, options));
    assertEquals(0, first.cachedTokens());
    // Of a prompt that is all there the last token is run again: its logits are wanted.
    for (int i = 0; i < 2; i++) {
      Generation again = engine.generate(GenerationRequest.of(prompt, options));
      assertEquals(19, again.cachedTokens());
      assertArrayEquals(first.first().ids(), again.first().ids());
    }
    assertEquals(1, engine.stats().keptPrefixes());
  }
}
