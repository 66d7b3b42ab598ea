package dev.heddle.bench.jmh;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.DecoderSteps;
import dev.heddle.bench.HeddleTextProvider;
import dev.heddle.bench.TextSettings;
import dev.heddle.bench.Workload;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.generate.Engine;
import dev.heddle.generate.GenerationRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An engine under load: texts of all lengths come and go, more of them than it has room for. */
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class MixBenchmark extends Suite {
  /** Requests and the engine that serves them. */
  @State(Scope.Benchmark)
  public static class Requests {
    /** Tokens of prompts, spread evenly, and of their continuations, at random. */
    private static final int SHORTEST = 4;

    private static final int LONGEST = 96;
    private static final int MOST_NEW = 48;

    /** Of the texts that are asked for alone, too, to see that they do not change. */
    private static final int ALONE = 4;

    /** A decoder, as {@code --model} takes it. */
    @Param("shakespeare-llama")
    public String model;

    /** Texts in all. */
    @Param("48")
    public int texts;

    /** Texts that the engine continues at a time. */
    @Param({"4", "16"})
    public int sequences;

    /** Callers, each of which asks for the next text when it has its last. */
    @Param("32")
    public int callers;

    private Engine engine;
    private List<GenerationRequest> requests;
    private ExecutorService threads;

    /**
     * Loads and checks: a few tokens' logits against the reference's, and that a text is the same
     * alone and among others.
     */
    @Setup
    public void open(Device device) {
      TextSettings settings =
          new TextSettings(device.settings(), Activations.FLOAT32, sequences, LONGEST + MOST_NEW);
      engine = Refused.unless(() -> HeddleTextProvider.engine(model, settings));
      threads = Executors.newVirtualThreadPerTaskExecutor();
      Workload mix =
          new Workload.Source(engine.model().tokenizer()).mixed(texts, SHORTEST, LONGEST);
      Random random = new Random(texts);
      requests =
          Arrays.stream(mix.ids())
              .map(ids ->
                  GenerationRequest.of(
                      ids, HeddleTextProvider.options(engine, 1 + random.nextInt(MOST_NEW))))
              .toList();
      try (Backend backend = device.openBackend()) {
        Refused.ifWrong(DecoderSteps.wrong(engine.model(), backend, mix.ids()[0]));
      }
      checkTogether();
      int tokens =
          requests.stream().mapToInt(each -> each.options().maxNewTokens().orElseThrow()).sum();
      Rates.timed(seconds -> List.of(new Rate(tokens / seconds, Unit.TOKENS, null, 0)));
    }

    private void checkTogether() {
      int[][] together = run();
      for (int i = 0; i < texts; i += Math.ceilDiv(texts, ALONE)) {
        int[] alone = engine.generate(requests.get(i)).first().ids();
        if (!Arrays.equals(alone, together[i])) {
          throw new Refused("wrong result: text %d depends on those beside it".formatted(i));
        }
      }
    }

    /** All texts, by callers that each take the next. */
    int[][] run() {
      int[][] ids = new int[texts][];
      AtomicInteger next = new AtomicInteger();
      List<Future<?>> running = new ArrayList<>();
      for (int caller = 0; caller < callers; caller++) {
        running.add(
            threads.submit(() -> {
              for (int i = next.getAndIncrement(); i < texts; i = next.getAndIncrement()) {
                ids[i] = engine.generate(requests.get(i)).first().ids();
              }
            }));
      }
      for (Future<?> each : running) {
        try {
          each.get();
        } catch (ExecutionException | InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      return ids;
    }

    /** Frees everything. */
    @TearDown
    public void close() {
      threads.close();
      engine.close();
    }
  }

  /** All texts. */
  @Benchmark
  public int[][] mix(Requests requests) {
    return requests.run();
  }
}
