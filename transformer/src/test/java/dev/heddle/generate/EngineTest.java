package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many requests in one loop: each gets what it gets alone, and has its turn. */
@Timeout(240)
class EngineTest {
  private static final int CALLERS = 64;
  private static final int PAGE = 16;

  private final Model model = Models.open("shakespeare-llama");
  private final WatchedBackend watched = new WatchedBackend();

  @AfterEach
  void nothingIsLeft() {
    model.close();
    assertEquals(0, watched.liveBytes());
  }

  private Engine.Builder builder() {
    return Engine.builder(model)
        .backends(watched.backends())
        .backend("watched")
        .storage(new DecoderGraph.Storage(DType.F32, PAGE));
  }

  private static int[] ids(int seed, int count) {
    Random random = new Random(seed);
    return IntStream.range(0, count).map(i -> 5 + random.nextInt(700)).toArray();
  }

  private static GenerationOptionsBuilder options(int newTokens) {
    return GenerationOptions.builder().maxNewTokens(newTokens).eosTokenIds(List.of());
  }

  /** Of each kind some: greedy, drawn by the backend, by the host, several at once, beams. */
  private static GenerationRequest request(int i) {
    Random random = new Random(i);
    GenerationOptionsBuilder options = options(1 + random.nextInt(16)).seed(i);
    switch (i % 8) {
      case 1, 2, 3 -> options.doSample(true).temperature(0.9).topK(40).topP(0.95);
      case 4 -> options.doSample(true).minP(0.02);
      case 5 -> options.doSample(true).numReturnSequences(2);
      case 6 -> options.numBeams(2);
      default -> {}
    }
    return GenerationRequest.of(ids(i, 1 + random.nextInt(i % 4 == 0 ? 400 : 60)), options.build());
  }

  private static List<int[]> ids(Generation generation) {
    return generation.sequences().stream().map(GeneratedSequence::ids).toList();
  }

  private static void assertSame(List<int[]> expected, List<int[]> found, String what) {
    assertEquals(expected.size(), found.size(), what);
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), found.get(i), what + ", sequence " + i);
    }
  }

  private List<List<int[]>> alone(int count) {
    try (Engine engine = builder().sharePrefixes(false).sequences(4).build()) {
      return IntStream.range(0, count).mapToObj(i -> ids(engine.generate(request(i)))).toList();
    }
  }

  private static void together(Engine engine, List<List<int[]>> expected) throws Exception {
    Random random = new Random(1);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> waiting = new ArrayList<>();
      for (int i = 0; i < expected.size(); i++) {
        int caller = i;
        int pause = random.nextInt(200);
        Callable<Void> call =
            () -> {
              Thread.sleep(pause);
              Generation generation = engine.generate(request(caller));
              assertSame(expected.get(caller), ids(generation), "caller " + caller);
              return null;
            };
        waiting.add(callers.submit(call));
      }
      for (Future<?> each : waiting) {
        each.get();
      }
    }
  }

  @Test
  void everyCallerGetsWhatItGetsAlone() throws Exception {
    List<List<int[]>> expected = alone(CALLERS);
    try (Engine engine = builder().cacheTokens(CALLERS * 450).build()) {
      together(engine, expected);
      EngineStats stats = engine.stats();
      assertEquals(0, stats.preempted());
      assertEquals(CALLERS, stats.ended());
    }
    // The cache holds a few of them: pages are taken away and computed again. What fills a step up
    // to rows that the backend likes is in nobody's way.
    watched.fillSteps(5);
    try (Engine engine = builder().cacheTokens(420).sequences(12).stepTokens(100).build()) {
      together(engine, expected);
      EngineStats stats = engine.stats();
      assertTrue(stats.preempted() > 0, stats.toString());
      assertEquals(0, stats.failed());
      assertEquals(0, stats.running());
    }
  }

  @Test
  void textsAboutTextsAreWrittenSideBySide() throws Exception {
    try (Model marian = Models.open("dates-marian")) {
      GenerationOptions beams = marian.generationOptions().toBuilder().numBeams(2).build();
      List<GenerationRequest> requests = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        int[] source = marian.tokenizer().encode("March %d, 20%d".formatted(1 + i, 10 + i)).ids();
        GenerationOptions greedy = beams.toBuilder().numBeams(1).build();
        requests.add(GenerationRequest.of(source, i % 4 == 0 ? beams : greedy));
      }
      List<List<int[]>> alone = new ArrayList<>();
      try (Engine engine = Engine.builder(marian).backend("cpu").build()) {
        requests.forEach(each -> alone.add(ids(engine.generate(each))));
      }
      watched.fillSteps(4);
      Engine.Builder small =
          Engine.builder(marian)
              .backends(watched.backends())
              .backend("watched")
              .cacheTokens(64)
              .sequences(6)
              .storage(new DecoderGraph.Storage(DType.F32, PAGE));
      try (Engine engine = small.build();
          ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<Generation>> all = new ArrayList<>();
        requests.forEach(each -> all.add(callers.submit(() -> engine.generate(each))));
        for (int i = 0; i < all.size(); i++) {
          assertSame(alone.get(i), ids(all.get(i).get()), "text " + i);
        }
        assertEquals(engine.stats().pages(), engine.stats().freePages());
      }
    }
  }

  @Test
  void whoRunsGoesOnInEveryStepWhileALongPromptIsTakenIn() {
    List<WatchedBackend.Step> steps = Collections.synchronizedList(new ArrayList<>());
    int bound = 32;
    try (Engine engine = builder().stepTokens(bound).sharePrefixes(false).build()) {
      GenerationStream[] second = new GenerationStream[1];
      watched.watch(step -> {
        steps.add(step);
        if (steps.size() == 3) {
          second[0] = engine.submit(GenerationRequest.of(ids(2, 300), options(2).build()));
        }
      });
      engine.generate(GenerationRequest.of(ids(1, 4), options(30).build()));
      second[0].result();
    }
    // The first's prompt, 29 tokens behind it, and 300 of the second: 10 steps, one token behind.
    assertEquals(30, steps.size());
    for (int i = 3; i < 12; i++) {
      WatchedBackend.Step step = steps.get(i);
      assertEquals(2, step.sequences(), "step " + i);
      assertEquals(1, step.tokens(0), "step " + i);
      assertEquals(bound, step.tokens(1), "step " + i);
    }
    assertEquals(300 - 9 * bound, steps.get(12).tokens(1));
  }

  @Test
  void aCommonBeginningIsComputedOnce() {
    int[] common = ids(3, 256);
    int[] one = IntStream.concat(IntStream.of(common), IntStream.of(ids(4, 21))).toArray();
    int[] two = IntStream.concat(IntStream.of(common), IntStream.of(ids(5, 33))).toArray();
    GenerationOptions options = options(8).build();
    int[] alone;
    try (Engine engine = builder().sharePrefixes(false).build()) {
      alone = engine.generate(GenerationRequest.of(two, options)).first().ids();
    }
    try (Engine engine = builder().build()) {
      // The first still runs.
      GenerationStream[] running = new GenerationStream[1];
      running[0] = engine.submit(GenerationRequest.of(one, options(60).build()));
      running[0].next();
      long before = engine.stats().promptTokens();
      Generation second = engine.generate(GenerationRequest.of(two, options));
      assertArrayEquals(alone, second.first().ids());
      assertEquals(256, second.cachedTokens());
      assertEquals(33, engine.stats().promptTokens() - before);
      // The first has ended; and so has the second, which the third begins like.
      assertEquals(60, running[0].result().first().ids().length);
      Generation third = engine.generate(GenerationRequest.of(two, options));
      assertArrayEquals(alone, third.first().ids());
      assertEquals(two.length - 1, third.cachedTokens());
      assertEquals(34, engine.stats().promptTokens() - before);
      assertEquals(256 + two.length - 1, engine.stats().cachedTokens());
    }
  }

  /** The first ids of prompts in the order in which they were let in, of one at a time. */
  private List<Integer> order(Runnable[] handIn, Engine[] engine) {
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    watched.watch(step -> {
      if (step.positions()[0] == 0) {
        order.add(step.ids()[0]);
        if (order.size() == 1) {
          handIn[0].run();
        }
      }
    });
    engine[0].generate(GenerationRequest.of(new int[] {5}, options(2).build()));
    return order;
  }

  @Test
  void callersTakeTurnsHoweverMuchEachAsksFor() {
    try (Engine engine = builder().sequences(1).sharePrefixes(false).build()) {
      List<GenerationStream> streams = new ArrayList<>();
      Runnable handIn =
          () -> {
            for (int i = 0; i < 6; i++) {
              String caller = i < 4 ? "many" : "few";
              int[] prompt = {10 + i};
              streams.add(
                  engine.submit(
                      GenerationRequest.of(prompt, options(3).build()).withCaller(caller)));
            }
          };
      List<Integer> order = order(new Runnable[] {handIn}, new Engine[] {engine});
      streams.forEach(GenerationStream::result);
      assertEquals(List.of(5, 10, 14, 11, 15, 12, 13), order);
    }
  }

  @Test
  void aHigherPriorityGoesFirstAndTakesThePlaceOfALower() {
    GenerationRequest low = GenerationRequest.of(ids(7, 40), options(12).build());
    GenerationRequest high = GenerationRequest.of(ids(8, 30), options(4).build());
    int[] alone;
    try (Engine engine = builder().build()) {
      alone = engine.generate(low).first().ids();
    }
    try (Engine engine = builder().sequences(1).sharePrefixes(false).build()) {
      List<WatchedBackend.Step> steps = Collections.synchronizedList(new ArrayList<>());
      List<GenerationStream> urgent = Collections.synchronizedList(new ArrayList<>());
      watched.watch(step -> {
        steps.add(step);
        if (steps.size() == 5) {
          urgent.add(engine.submit(high.withPriority(1)));
        }
      });
      assertArrayEquals(alone, engine.generate(low).first().ids());
      assertEquals(4, urgent.getFirst().result().first().ids().length);
      assertEquals(1, engine.stats().preempted());
      assertEquals(30, steps.get(5).tokens(0));
      // Computed again: its prompt and the five tokens that were written.
      assertEquals(45, steps.get(9).tokens(0));
    }
  }
}
