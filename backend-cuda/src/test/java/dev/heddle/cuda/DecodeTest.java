package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.generate.TokenListener;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A LLaMA that generates: each token is one graph, which stays as it is from token to token. */
@NeedsDevice
class DecodeTest {
  private static final Path MISTRAL = Path.of("../transformer/src/test/data/hf/mistral");
  private static final int[] PROMPT = {1, 17, 400};

  /** Tokens of a page. */
  private static final int PAGE = 8;

  /** Tokens at which a table of 4 pages no longer suffices, and one of 8. */
  private static final int FIRST = 4 * PAGE + 1;

  private static final int LAST = 8 * PAGE;

  /** The first of a width is given command by command, the second is recorded. */
  private static final int WARM = FIRST + 3;

  @TempDir private Path folder;
  private Model model;

  @BeforeEach
  void aLlamaWithoutTokenizerOrWindow() throws IOException {
    Simulator.need();
    Simulator.reset();
    Files.copy(MISTRAL.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    String config =
        Files.readString(MISTRAL.resolve("config.json"))
            .replace("\"mistral\"", "\"llama\"")
            .replace("\"sliding_window\": 7,", "")
            .replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1");
    Files.writeString(folder.resolve("config.json"), config);
    model = Models.open(folder);
  }

  @AfterEach
  void nothingIsLeft() {
    model.close();
    assertEquals("", Simulator.report());
    assertEquals(0, Simulator.count("live_device_bytes"));
  }

  private Generator generator(ComputeType type) {
    return Generator.builder(model)
        .backend("cuda")
        .backendOptions(
            BackendOptions.DEFAULT.withModels(CompileOptions.MODEL.withComputeType(type)))
        .storage(new DecoderGraph.Storage(null, PAGE))
        .cacheTokens(2 * LAST)
        .sequences(1)
        .build();
  }

  private static GenerationOptions options(boolean sampled) {
    return GenerationOptions.builder()
        .doSample(sampled)
        .temperature(0.8)
        .topK(20)
        .topP(0.95)
        .seed(5)
        .maxNewTokens(LAST - PROMPT.length + 1)
        .build();
  }

  @ParameterizedTest
  @CsvSource({"AUTO, false", "F32, true"})
  void aTokenIsOneGraphAndNoByteOfTheJavaHeap(ComputeType type, boolean sampled) {
    try (Generator generator = generator(type)) {
      Counts counts = new Counts();
      generator.generate(PROMPT, options(sampled), counts);
      counts.check();
      Allocations allocations = new Allocations();
      long end = System.nanoTime() + 60_000_000_000L;
      do {
        generator.generate(PROMPT, options(sampled), allocations);
      } while (allocations.least > 0 && System.nanoTime() < end);
      assertTrue(
          allocations.least <= 0,
          "%d bytes for %d tokens".formatted(allocations.least, LAST - WARM));
    }
  }

  /** What the driver was asked for between two tokens. */
  private static final class Counts implements TokenListener {
    private static final String[] NAMES = {"graph_launches", "launches", "live_graph_execs"};
    private final long[] before = new long[NAMES.length];
    private int length = PROMPT.length;
    private int checked;

    @Override
    public boolean token(int sequence, int id, String text) {
      // The token at this position was chosen by a step over the one before it.
      length++;
      long[] own = new long[NAMES.length];
      for (int i = 0; i < own.length; i++) {
        long now = Simulator.count(NAMES[i]);
        own[i] = now - before[i];
        before[i] = now;
      }
      if (length - 1 >= WARM && length - 1 <= LAST) {
        assertEquals(1, own[0], "graphs launched for token " + length);
        assertEquals(0, own[1], "kernels launched for token " + length);
        assertEquals(0, own[2], "graphs made for token " + length);
        checked++;
      }
      return true;
    }

    void check() {
      assertTrue(checked > 3 * PAGE, checked + " tokens");
      // A table of 1 page, of 2, of 4 and of 8.
      assertTrue(before[2] <= 4, before[2] + " graphs");
    }
  }

  /** What the generating thread and the device's allocate from one token to a later one. */
  private static final class Allocations implements TokenListener {
    /** What asking itself allocates; an object for each token would be more. */
    private static final long QUESTION = 256;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final long[] ids = new long[2];
    private int length;
    private long begun;
    private long least = Long.MAX_VALUE;

    Allocations() {
      ids[0] = Thread.currentThread().threadId();
      ids[1] =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("heddle-cuda-"))
              .mapToLong(Thread::threadId)
              .findFirst()
              .orElseThrow();
    }

    @Override
    public boolean token(int sequence, int id, String text) {
      length++;
      if (PROMPT.length + length == WARM + 1) {
        begun = bytes();
      } else if (PROMPT.length + length == LAST + 1) {
        least = Math.min(least, bytes() - begun - QUESTION);
        length = 0;
      }
      return true;
    }

    private long bytes() {
      long[] each = threads.getThreadAllocatedBytes(ids);
      return each[0] + each[1];
    }
  }
}
