package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  @Test
  void itLastsUntilTimesStayButNotForever() {
    double[] compiling = {90, 91, 30, 30, 12, 11.9, 12.5, 11.8, 12, 12};
    AtomicInteger steps = new AtomicInteger();
    assertEquals(11.8, WarmUp.run(1e9, () -> compiling[steps.getAndIncrement()]));
    assertEquals(8, steps.get(), "the fifth step is the last that improves");
    steps.set(0);
    WarmUp.run(1e9, () -> 1.0 / steps.incrementAndGet());
    assertEquals(16, steps.get());
  }

  @Test
  void whatIsSlowHasFewerTurns() {
    assertEquals(6, WarmUp.rounds(1, 0.01, 6));
    assertEquals(4, WarmUp.rounds(1, 0.24, 6));
    assertEquals(3, WarmUp.rounds(1, 9, 6));
    assertEquals(2, WarmUp.rounds(1, 9, 2), "as many as are asked for");
  }
}
