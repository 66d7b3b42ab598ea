package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.generate.Engine;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.GenerationRequest;
import dev.heddle.generate.GenerationStream;
import dev.heddle.generate.Generator;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
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

  /** Tokens of a sequence that begin the second half of a table of 8 pages, and that fill it. */
  private static final int FEW = 5 * PAGE - 4;

  private static final int MANY = 8 * PAGE;

  /** Prompts that differ. */
  private static final int KINDS = 3;

  /** The first of its extents is given command by command, the second is recorded. */
  private static final int WARM = 3;

  /** Until Java's compilers have seen all of it. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

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
        .cacheTokens(2 * MANY)
        .sequences(1)
        .build();
  }

  /** Draws, or not, until the sequence has {@code length} tokens. */
  private static GenerationOptions options(boolean sampled, int length) {
    return GenerationOptions.builder()
        .doSample(sampled)
        .temperature(0.8)
        .topK(20)
        .topP(0.95)
        .seed(5)
        .maxNewTokens(length - PROMPT.length)
        .build();
  }

  @ParameterizedTest
  @CsvSource({"AUTO, false", "F32, true"})
  void aTokenIsOneGraphAndNoGarbage(ComputeType type, boolean sampled) {
    try (Generator generator = generator(type)) {
      GenerationOptions few = options(sampled, FEW);
      GenerationOptions many = options(sampled, MANY);
      int[] ids = null;
      for (int i = 0; i < WARM; i++) {
        ids = generator.generate(PROMPT, many).first().ids();
      }
      long graphs = Simulator.count("graph_launches");
      long kernels = Simulator.count("launches");
      long made = Simulator.count("live_graph_execs");
      assertArrayEquals(ids, generator.generate(PROMPT, many).first().ids());
      // The prompt gives the first token.
      assertEquals(MANY - PROMPT.length, Simulator.count("graph_launches") - graphs);
      assertEquals(0, Simulator.count("launches") - kernels);
      assertEquals(made, Simulator.count("live_graph_execs"));
      // The prompt's, and those of tables of 1, 2, 4 and 8 pages.
      assertTrue(made <= 5, made + " graphs");
      long[] threads = threads();
      long most = 8L * (MANY - FEW);
      long least = Long.MAX_VALUE;
      long end = System.nanoTime() + PATIENCE.toNanos();
      // An id more is four bytes in the ids; an object would be sixteen or more.
      while (least > most && System.nanoTime() < end) {
        long other = allocated(threads, () -> generator.generate(PROMPT, few));
        long own = allocated(threads, () -> generator.generate(PROMPT, many));
        least = Math.min(least, own - other);
      }
      assertTrue(least <= most, "%d bytes for %d tokens".formatted(least, MANY - FEW));
    }
  }

  /** Requests that end one after another: steps have from 1 to 64 rows, and few graphs. */
  @Test
  void sequencesThatJoinAndLeaveShareFewGraphs() {
    int[][] alone = new int[KINDS][];
    try (Engine engine = engine(1)) {
      for (int kind = 0; kind < KINDS; kind++) {
        alone[kind] = engine.generate(request(kind, 33)).first().ids();
      }
    }
    try (Engine engine = engine(64)) {
      for (int round = 0; round < 2; round++) {
        List<GenerationStream> streams = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
          streams.add(engine.submit(request(i % KINDS, 2 + i / 2)));
        }
        for (int i = 0; i < streams.size(); i++) {
          int[] ids = streams.get(i).result().first().ids();
          assertArrayEquals(Arrays.copyOf(alone[i % KINDS], ids.length), ids, "caller " + i);
        }
      }
      // Two sequences fewer a step, in tables of 1, 2, 4 and 8 pages: extents that came twice.
      long graphs = Simulator.count("live_graph_execs");
      assertTrue(graphs < 30, graphs + " graphs");
    }
  }

  private Engine engine(int sequences) {
    return Engine.builder(model)
        .backend("cuda")
        .storage(new DecoderGraph.Storage(null, PAGE))
        .cacheTokens(64 * MANY)
        .sequences(sequences)
        .sharePrefixes(false)
        .build();
  }

  /** A prompt of a kind, and so many tokens after it. */
  private static GenerationRequest request(int kind, int tokens) {
    GenerationOptions options =
        GenerationOptions.builder().maxNewTokens(tokens).eosTokenIds(List.of()).build();
    return GenerationRequest.of(new int[] {1, 17 + kind, 400}, options);
  }

  /** Those that decode: the engine's, and the device's. */
  private static long[] threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> each.getName().matches("heddle engine|heddle-cuda-.*"))
        .mapToLong(Thread::threadId)
        .toArray();
  }

  private static long allocated(long[] threads, Runnable what) {
    ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = Arrays.stream(bean.getThreadAllocatedBytes(threads)).sum();
    what.run();
    return Arrays.stream(bean.getThreadAllocatedBytes(threads)).sum() - before;
  }
}
