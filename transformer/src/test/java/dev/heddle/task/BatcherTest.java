package dev.heddle.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.RunInterruptedException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A text's row is its first id; runs are counted by their texts. */
@Timeout(30)
class BatcherTest {
  private static final int BAD = 13;

  private final List<Integer> runs = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch firstRuns = new CountDownLatch(1);
  private final CountDownLatch goOn = new CountDownLatch(1);
  private final Batcher batcher = new Batcher(this::rows, (count, tokens, longest) -> tokens, 10);

  private float[][] rows(List<TokenIds> texts) {
    runs.add(texts.size());
    if (runs.size() == 1) {
      firstRuns.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RunInterruptedException("a test");
      }
    }
    if (texts.stream().anyMatch(text -> text.ids()[0] == BAD)) {
      throw new IllegalArgumentException("bad");
    }
    return texts.stream().map(text -> new float[] {text.ids()[0]}).toArray(float[][]::new);
  }

  private static List<TokenIds> text(int id, int tokens) {
    int[] ids = new int[tokens];
    ids[0] = id;
    return List.of(TokenIds.of(ids));
  }

  /** Hands texts in, one caller each, and returns when all wait. */
  private List<FutureTask<float[][]>> callers(int[]... texts) throws InterruptedException {
    List<FutureTask<float[][]>> calls = new ArrayList<>();
    for (int[] each : texts) {
      FutureTask<float[][]> call = new FutureTask<>(() -> batcher.run(text(each[0], each[1])));
      Thread thread = Thread.ofPlatform().start(call);
      calls.add(call);
      if (calls.size() == 1 && runs.isEmpty()) {
        firstRuns.await();
      } else {
        while (thread.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
      }
    }
    return calls;
  }

  @Test
  void whatComesDuringARunGoesTogetherInTheNext() throws Exception {
    List<FutureTask<float[][]>> calls =
        callers(
            new int[] {1, 4},
            new int[] {2, 3},
            new int[] {3, 3},
            new int[] {4, 4},
            new int[] {5, 9});
    goOn.countDown();
    for (int i = 0; i < calls.size(); i++) {
      assertArrayEquals(new float[][] {{i + 1}}, calls.get(i).get());
    }
    // As many as the budget of ten tokens allows, in the order in which they came.
    assertEquals(List.of(1, 3, 1), runs);
  }

  @Test
  void aFailureIsItsCallersAlone() throws Exception {
    List<FutureTask<float[][]>> calls =
        callers(new int[] {1, 4}, new int[] {2, 3}, new int[] {BAD, 3}, new int[] {4, 4});
    goOn.countDown();
    for (int i : new int[] {0, 1, 3}) {
      assertArrayEquals(new float[][] {{i + 1}}, calls.get(i).get());
    }
    try {
      calls.get(2).get();
      throw new AssertionError("it did not fail");
    } catch (ExecutionException e) {
      assertEquals("bad", e.getCause().getMessage());
    }
  }

  @Test
  void whoIsInterruptedLeavesTheOthersToAnother() throws Exception {
    Thread[] first = new Thread[1];
    List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
    first[0] =
        Thread.ofPlatform()
            .start(() -> {
              try {
                batcher.run(text(1, 2));
              } catch (RuntimeException e) {
                thrown.add(e);
                assertTrue(Thread.currentThread().isInterrupted());
              }
            });
    firstRuns.await();
    List<FutureTask<float[][]>> calls = callers(new int[] {2, 3}, new int[] {3, 3});
    first[0].interrupt();
    assertArrayEquals(new float[][] {{2}}, calls.get(0).get());
    assertArrayEquals(new float[][] {{3}}, calls.get(1).get());
    first[0].join();
    assertEquals(1, thrown.size());
    assertInstanceOf(RunInterruptedException.class, thrown.getFirst());
    assertEquals(2, runs.get(1));
  }
}
