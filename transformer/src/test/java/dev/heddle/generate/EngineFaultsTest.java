package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.HeddleException;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.DType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What goes wrong with one request is told to its caller, costs the others nothing, and leaks not.
 */
@Timeout(60)
class EngineFaultsTest {
  private static final int PAGE = 8;

  /** The first token of a prompt that a test looks for. */
  private static final int MARK = 333;

  private final Model model = Models.open(Path.of("src/test/data/hf/gpt2"));
  private final WatchedBackend watched = new WatchedBackend();
  private Engine engine;

  @AfterEach
  void nothingIsLeft() {
    EngineStats stats = engine.stats();
    engine.close();
    model.close();
    assertEquals(0, watched.liveBytes());
    assertEquals(stats.pages(), stats.freePages(), stats.toString());
    assertEquals(0, stats.running() + stats.queued(), stats.toString());
    assertEquals(stats.requests(), stats.ended());
  }

  private Engine.Builder builder() {
    return Engine.builder(model)
        .backends(watched.backends())
        .backend("watched")
        .sharePrefixes(false)
        .stepTokens(8)
        .storage(new DecoderGraph.Storage(DType.F32, PAGE));
  }

  private static GenerationRequest request(int first, int count, int newTokens) {
    Random random = new Random(count);
    int[] prompt = IntStream.range(0, count).map(i -> 5 + random.nextInt(300)).toArray();
    prompt[0] = first;
    return GenerationRequest.of(prompt, options(newTokens).build());
  }

  private static GenerationOptionsBuilder options(int newTokens) {
    return GenerationOptions.builder().maxNewTokens(newTokens).eosTokenIds(List.of());
  }

  private static int[] ids(GenerationStream stream) {
    return stream.result().first().ids();
  }

  @Test
  void aFullQueueRefusesAndSaysHowLongItIs() {
    engine = builder().sequences(1).queueLength(3).build();
    List<GenerationStream> taken = new ArrayList<>();
    List<QueueFullException> refused = new ArrayList<>();
    watched.watch(step -> {
      for (int i = 0; i < 5 && refused.size() < 2; i++) {
        try {
          taken.add(engine.submit(request(5, 3, 2)));
        } catch (QueueFullException e) {
          refused.add(e);
        }
      }
    });
    engine.generate(request(6, 3, 2));
    assertEquals(3, taken.size());
    taken.forEach(each -> assertEquals(2, ids(each).length));
    for (QueueFullException each : refused) {
      assertEquals(3, each.length());
      assertTrue(each.getMessage().startsWith("3 requests wait"), each.getMessage());
    }
    assertEquals(2, engine.stats().refused());
  }

  @Test
  void whatAListenerThrowsIsItsCallersAlone() {
    engine = builder().build();
    int[] alone = ids(engine.submit(request(5, 20, 30)));
    GenerationStream other = engine.submit(request(5, 20, 30));
    IllegalArgumentException own = new IllegalArgumentException("own");
    IllegalArgumentException thrown =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                engine.generate(
                    request(6, 20, 30),
                    (sequence, id, text) -> {
                      throw own;
                    }));
    assertSame(own, thrown);
    assertArrayEquals(alone, ids(other));
    waitUntilIdle();
  }

  /** A request that was cancelled leaves within a step: a later one has been behind it. */
  private void waitUntilIdle() {
    engine.generate(request(5, 1, 1));
  }

  @Test
  void whoReadsNothingHoldsNobodyUpAndGetsAllLater() {
    int[] alone;
    try (Engine own = builder().build()) {
      alone = ids(own.submit(request(MARK, 10, 50)));
    }
    // Room for one long request, or some short ones.
    engine = builder().unreadTokens(4).sequences(2).cacheTokens(64).build();
    GenerationStream unread = engine.submit(request(MARK, 10, 50));
    for (int i = 0; i < 3; i++) {
      assertEquals(54, engine.generate(request(5, 10, 54)).first().ids().length);
    }
    List<GenerationStream> pair =
        List.of(engine.submit(request(5, 10, 54)), engine.submit(request(6, 10, 54)));
    pair.forEach(each -> assertEquals(54, ids(each).length));
    assertTrue(engine.stats().preempted() > 0);
    // What it had is there yet, and the rest is made as it is read.
    assertArrayEquals(alone, unread.tokens().mapToInt(GenerationStream.Token::id).toArray());
  }

  @Test
  void aRequestCanBeCancelledWhereverItIs() {
    engine = builder().sequences(2).unreadTokens(4).build();
    int[] alone = ids(engine.submit(request(5, 10, 30)));
    // While it waits, at the beginning and the end of its prompt, and behind it.
    List<Predicate<WatchedBackend.Step>> phases =
        List.of(
            step -> step.has(6, 0),
            step -> step.has(MARK, 0),
            step -> step.reaches(44),
            step -> step.reaches(48));
    for (Predicate<WatchedBackend.Step> phase : phases) {
      Cancellation cancellation = new Cancellation();
      watched.watch(step -> {
        if (phase.test(step)) {
          cancellation.cancel();
        }
      });
      GenerationStream other = engine.submit(request(5, 10, 30));
      GenerationStream more = engine.submit(request(6, 10, 30));
      GenerationStream cancelled =
          engine.submit(request(MARK, 45, 15).withCancellation(cancellation));
      assertEquals(StopReason.CANCELLED, cancelled.result().first().stopped());
      assertArrayEquals(alone, ids(other));
      ids(more);
    }
    // While it rests, as nobody reads it.
    watched.watch(step -> {});
    GenerationStream resting = engine.submit(request(MARK, 10, 40));
    GenerationStream other = engine.submit(request(5, 10, 30));
    assertArrayEquals(alone, ids(other));
    resting.next();
    resting.close();
    assertEquals(1, ids(resting).length);
    // Beams.
    Cancellation cancellation = new Cancellation();
    watched.watch(step -> {
      if (step.sequences() == 4) {
        cancellation.cancel();
      }
    });
    GenerationOptions beams = options(20).numBeams(4).earlyStopping(EarlyStopping.NEVER).build();
    Generation search =
        engine.generate(new GenerationRequest(new int[] {7}, beams, 0, null, null, cancellation));
    assertEquals(StopReason.CANCELLED, search.first().stopped());
  }

  @Test
  void aDeadlineEndsARequestThatWaitsAndOneThatRuns() {
    engine = builder().sequences(1).build();
    List<GenerationStream> late = new ArrayList<>();
    watched.watch(step -> {
      if (late.isEmpty()) {
        late.add(engine.submit(request(6, 3, 5).withDeadline(Duration.ZERO)));
      }
      if (step.positions()[0] == 20) {
        pause(Duration.ofMillis(60));
      }
    });
    Generation running = engine.generate(request(5, 4, 40).withDeadline(Duration.ofMillis(50)));
    assertEquals(StopReason.DEADLINE, running.first().stopped());
    assertTrue(running.first().ids().length < 40);
    assertEquals(StopReason.DEADLINE, late.getFirst().result().first().stopped());
    assertEquals(0, ids(late.getFirst()).length);
    // Nobody wakes the engine but the deadline itself.
    GenerationStream unread = slow(request(5, 4, 40).withDeadline(Duration.ofMillis(50)));
    assertEquals(StopReason.DEADLINE, unread.result().first().stopped());
  }

  private GenerationStream slow(GenerationRequest request) {
    watched.watch(step -> pause(Duration.ofMillis(10)));
    return engine.submit(request);
  }

  private static void pause(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatTheCacheCannotHoldIsRefusedOrEndsAlone() {
    engine = builder().sequences(1).cacheTokens(16).build();
    int pages = engine.stats().pages();
    KvCacheFullException refused =
        assertThrows(KvCacheFullException.class, () -> engine.submit(request(5, 30, 30)));
    assertTrue(
        refused.getMessage().contains("the cache holds " + pages * PAGE), refused.getMessage());
    // Of five sequences nobody knows before how much they share: found out when they run.
    GenerationStream other = engine.submit(request(5, 4, 20));
    GenerationRequest many =
        GenerationRequest.of(
            new int[] {1, 2, 3}, options(25).doSample(true).numReturnSequences(5).build());
    GenerationStream failing = engine.submit(many);
    assertEquals(20, ids(other).length);
    KvCacheFullException full = assertThrows(KvCacheFullException.class, failing::result);
    assertTrue(full.getMessage().contains("request 1"), full.getMessage());
    assertEquals(20, ids(engine.submit(request(5, 4, 20))).length);
    assertEquals(1, engine.stats().failed());
  }

  @Test
  void aFailureOfTheBackendIsTheRequestsThatCausesIt() {
    engine = builder().build();
    List<int[]> alone = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      alone.add(ids(engine.submit(request(10 + i, 12, 20))));
    }
    RuntimeException reason = new OutOfDeviceMemoryException(1, 0, 1, "a test", "nothing");
    List<Integer> steps = Collections.synchronizedList(new ArrayList<>());
    watched.watch(step -> {
      steps.add(step.sequences());
      if (step.has(MARK, 0)) {
        throw reason; // Whenever it is part of a step.
      }
      if (steps.size() == 12) {
        throw new IllegalStateException("once"); // And then no more.
      }
    });
    List<GenerationStream> streams = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      streams.add(engine.submit(request(10 + i, 12, 20)));
    }
    GenerationStream failing = engine.submit(request(MARK, 9, 20));
    for (int i = 0; i < 5; i++) {
      assertArrayEquals(alone.get(i), ids(streams.get(i)), "request " + i);
    }
    assertSame(reason, assertThrows(OutOfDeviceMemoryException.class, failing::hasNext));
    assertSame(reason, assertThrows(OutOfDeviceMemoryException.class, failing::result));
    assertEquals(1, engine.stats().failed());
    // A device that is lost fails all.
    watched.watch(step -> {
      throw new HeddleException("lost");
    });
    GenerationStream one = engine.submit(request(5, 12, 20));
    GenerationStream two = engine.submit(request(6, 12, 20));
    assertEquals("lost", assertThrows(HeddleException.class, one::result).getMessage());
    assertEquals("lost", assertThrows(HeddleException.class, two::result).getMessage());
    watched.watch(step -> {});
    assertArrayEquals(alone.getFirst(), ids(engine.submit(request(10, 12, 20))));
  }

  @Test
  void closingTellsAllWhoRunOrWait() {
    engine = builder().sequences(1).unreadTokens(2).build();
    GenerationStream resting = engine.submit(request(5, 4, 40));
    resting.next();
    List<GenerationStream> others = new ArrayList<>();
    watched.watch(step -> {
      if (step.has(7, 0)) {
        others.add(engine.submit(request(6, 4, 40)));
        // The step after this one will not be.
        Thread.ofVirtual().start(engine::close);
        while (!isClosing()) {
          Thread.onSpinWait();
        }
      }
    });
    GenerationStream running = engine.submit(request(7, 4, 40));
    assertEquals(StopReason.CLOSED, running.result().first().stopped());
    assertEquals(1, ids(running).length);
    assertEquals(StopReason.CLOSED, others.getFirst().result().first().stopped());
    assertEquals(0, ids(others.getFirst()).length);
    // What waits for its reader is not lost.
    assertTrue(resting.hasNext());
    assertEquals(StopReason.CLOSED, resting.result().first().stopped());
    assertThrows(IllegalStateException.class, () -> engine.submit(request(5, 4, 4)));
  }

  private boolean isClosing() {
    try {
      engine.submit(request(8, 4, 40)).close();
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  @Test
  void aCallerThatIsInterruptedLeavesAndTheOthersStay() throws Exception {
    engine = builder().build();
    Thread[] caller = new Thread[1];
    List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
    boolean[] interrupted = new boolean[1];
    caller[0] =
        Thread.ofVirtual()
            .unstarted(() -> {
              try {
                engine.generate(request(MARK, 20, 40));
              } catch (RuntimeException e) {
                thrown.add(e);
                interrupted[0] = Thread.currentThread().isInterrupted();
              }
            });
    watched.watch(step -> {
      if (step.has(MARK, 0)) {
        caller[0].interrupt();
        join(caller[0]);
      }
    });
    GenerationStream other = engine.submit(request(5, 10, 30));
    caller[0].start();
    caller[0].join();
    assertEquals(1, thrown.size());
    assertTrue(thrown.getFirst() instanceof RunInterruptedException, thrown.toString());
    assertTrue(interrupted[0]);
    assertEquals(30, ids(other).length);
    assertFalse(engine.stats().running() > 0);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
