package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** By a clock that steps alone move on. */
class BudgetTest {
  private final List<String> events = new ArrayList<>();
  private double now;

  /** Steps that take so many seconds each, or what they are given if that is longer. */
  private final class Steps implements Budget.Group {
    private final String name;
    private final double share;
    private final List<Budget.Step> steps;

    Steps(String name, double share, int count, double least) {
      this.name = name;
      this.share = share;
      steps =
          IntStream.range(0, count)
              .mapToObj(i ->
                  new Budget.Step(
                      name + i,
                      1,
                      seconds -> {
                        now += Math.max(least, seconds);
                        events.add(name);
                      },
                      () -> events.add("no " + name)))
              .toList();
    }

    @Override
    public double share() {
      return share;
    }

    @Override
    public List<Budget.Step> steps() {
      return steps;
    }

    @Override
    public void open() {
      events.add("open " + name);
    }

    @Override
    public void close() {
      events.add("close " + name);
    }
  }

  private long count(String event) {
    return events.stream().filter(event::equals).count();
  }

  private void take(double seconds, Steps... groups) {
    new Budget(seconds, () -> (long) (now * 1e9), _ -> {}).take(List.of(groups));
  }

  @Test
  void everyGroupHasItsShareAndNoneBeginsWhatWouldNotEnd() {
    take(100, new Steps("slow", 1, 10, 8), new Steps("quick", 1, 100, 0.1));
    assertEquals(6, count("slow"), "eight seconds each of fifty");
    assertEquals(4, count("no slow"));
    assertEquals(100, count("quick"), "shorter where there are many");
    assertTrue(now > 85 && now <= 100, "all took " + now);
    assertEquals(List.of("open slow", "slow"), events.subList(0, 2));
    assertEquals(1, count("close quick"));
    assertTrue(events.lastIndexOf("quick") < events.indexOf("close quick"));
  }

  @Test
  void whatAGroupLeavesGoesToTheNext() {
    take(100, new Steps("none", 3, 0, 0), new Steps("slow", 1, 3, 30));
    assertEquals(3, count("slow"));
  }

  @Test
  void whatHadNoTimeInItsGroupHasWhatOthersLeave() {
    take(100, new Steps("slow", 1, 3, 20), new Steps("idle", 3, 0, 0));
    assertEquals(3, count("slow"));
    assertEquals(0, count("no slow"));
    assertEquals(2, count("open slow"), "once in its own time, once in what was left");
  }

  @Test
  void whatHasNoTimeIsNotOpened() {
    now = 7;
    Steps group = new Steps("late", 1, 2, 1);
    take(0, group);
    assertEquals(0, count("open late"));
    assertEquals(List.of("no late", "no late"), events.subList(events.size() - 2, events.size()));
  }
}
