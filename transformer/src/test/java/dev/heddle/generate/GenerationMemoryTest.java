package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.DType;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What steps and generations leave behind in the Java heap and on the backend: nothing. */
class GenerationMemoryTest {
  private static final int[] PROMPT = {1, 2, 3};

  /** Until Java's compilers have seen all of it, vectors are objects. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Backend backend = new Backends().open("cpu", BackendOptions.DEFAULT).value();
  private final Model model = Models.open(Path.of("src/test/data/hf/gpt2"));
  private final Decoding decoding = decoding();

  private Decoding decoding() {
    Model.Checkpoint checkpoint = (Model.Checkpoint) model.network();
    return new Decoding(
        model.name(),
        (Decoder) checkpoint.architecture(),
        checkpoint.weights(),
        backend,
        new KvCache.Size(256, 4, 16, new DecoderGraph.Storage(DType.F32, 64)),
        null,
        Decoding.Choice.IDS);
  }

  @AfterEach
  void nothingIsLeft() {
    decoding.close();
    backend.close();
    model.close();
    assertEquals(0, backend.liveBytes());
  }

  private List<GeneratedSequence> generate(GenerationOptions options, PrefixCache prefix) {
    int maxNewTokens = options.newTokens(PROMPT.length, decoding.contextLength());
    try (SampledContinuation each =
        new SampledContinuation(
            decoding,
            new Source(PROMPT, null),
            PROMPT,
            options,
            maxNewTokens,
            false,
            null,
            null,
            null,
            prefix,
            new Cancellation())) {
      while (each.step()) {
        // Goes on until all have ended.
      }
      return each.results();
    }
  }

  private long allocated(GenerationOptions options) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    generate(options, null);
    return threads.getCurrentThreadAllocatedBytes() - before;
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
    GenerationOptionsBuilder options =
        GenerationOptions.builder().doSample(way != Way.GREEDY).temperature(0.8).topK(20).seed(5);
    options.topP(0.95).minP(way == Way.SAMPLED ? 0.01 : 0);
    GenerationOptions few = options.maxNewTokens(10).build();
    GenerationOptions many = options.maxNewTokens(50).build();
    long end = System.nanoTime() + PATIENCE.toNanos();
    double least = Double.MAX_VALUE;
    // An id more is four bytes in the ids and four in the result.
    while (least > 8 && System.nanoTime() < end) {
      least = Math.min(least, (allocated(many) - allocated(few)) / 40.0);
    }
    assertTrue(least <= 8, least + " bytes a token");
  }

  @Test
  void tenThousandGenerationsLeaveNothingBehind() {
    GenerationOptions options =
        GenerationOptions.builder()
            .doSample(true)
            .temperature(0.9)
            .numReturnSequences(2)
            .maxNewTokens(2)
            .build();
    generate(options, null);
    long live = backend.liveBytes();
    int free = decoding.cache().freeTokens();
    long used = used();
    for (int i = 0; i < 10_000; i++) {
      generate(options, null);
    }
    assertEquals(live, backend.liveBytes());
    assertEquals(free, decoding.cache().freeTokens());
    long grown = used() - used;
    assertTrue(grown < 1 << 20, "the heap has %,d bytes more".formatted(grown));
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
  void whatThePrefixSparedChangesNoToken() {
    GenerationOptions options = GenerationOptions.builder().maxNewTokens(12).build();
    int[] alone = generate(options, null).getFirst().ids();
    try (PrefixCache prefix = new PrefixCache(decoding)) {
      assertArrayEquals(alone, generate(options, prefix).getFirst().ids());
      // Of a prompt that is all there the last token is run again: its logits are wanted.
      KvCache.Sequence held = prefix.take(PROMPT);
      assertEquals(PROMPT.length - 1, held.length());
      held.close();
      assertArrayEquals(alone, generate(options, prefix).getFirst().ids());
      assertArrayEquals(alone, generate(options, prefix).getFirst().ids());
    }
    assertEquals(256, decoding.cache().freeTokens());
  }
}
