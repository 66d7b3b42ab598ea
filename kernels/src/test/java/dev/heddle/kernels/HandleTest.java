package dev.heddle.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A second release would end the process, so it is proven without a device that there is none. */
class HandleTest {
  private final Set<Handle<?>> live = ConcurrentHashMap.newKeySet();
  private final AtomicInteger releases = new AtomicInteger();
  private final AtomicInteger inUse = new AtomicInteger();

  private Handle<String> handle() {
    return Handle.own(
        "object",
        "this object",
        live,
        object -> {
          releases.incrementAndGet();
          assertEquals(0, inUse.get(), "released while a call uses it");
        });
  }

  @Test
  void closingTwiceReleasesOnce() {
    Handle<String> handle = handle();
    assertEquals(Set.of(handle), live);
    handle.close();
    handle.close();
    assertEquals(1, releases.get());
    assertTrue(live.isEmpty());
    assertEquals(
        "this object was closed",
        assertThrows(IllegalStateException.class, handle::enter).getMessage());
  }

  @Test
  void theLastCallReleasesWhatWasClosedMeanwhile() {
    Handle<String> handle = handle();
    assertEquals("object", handle.enter());
    handle.enter();
    handle.close();
    handle.close();
    handle.exit();
    assertEquals(0, releases.get());
    assertThrows(IllegalStateException.class, handle::enter);
    handle.exit();
    assertEquals(1, releases.get());
    handle.close();
    assertEquals(1, releases.get());
  }

  @Test
  void callsAndClosesOfManyThreadsReleaseOnceAndNeverInUse() throws Exception {
    int rounds = 2000;
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < rounds; round++) {
        Handle<String> handle = handle();
        CountDownLatch start = new CountDownLatch(4);
        CountDownLatch end = new CountDownLatch(4);
        for (int t = 0; t < 4; t++) {
          boolean closes = t < 2;
          threads.execute(() -> {
            start.countDown();
            try {
              start.await();
              for (int i = 0; !closes; i++) {
                handle.enter();
                inUse.incrementAndGet();
                Thread.onSpinWait();
                inUse.decrementAndGet();
                handle.exit();
              }
              handle.close();
            } catch (InterruptedException | IllegalStateException e) {
              // Closed: as expected.
            } finally {
              end.countDown();
            }
          });
        }
        end.await();
        assertEquals(round + 1, releases.get());
      }
    }
    assertTrue(live.isEmpty());
  }
}
