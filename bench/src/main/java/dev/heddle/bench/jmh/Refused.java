package dev.heddle.bench.jmh;

import dev.heddle.backend.HeddleException;
import java.util.function.Supplier;

/** What cannot be timed, and why. JMH shows it and goes on: words alone, no trace of calls. */
final class Refused extends RuntimeException {
  private static final long serialVersionUID = 1;

  Refused(String why) {
    super(why, null, false, false);
  }

  /** What {@code body} gives; refuses where a backend is not there, or cannot compute it. */
  static <T> T unless(Supplier<T> body) {
    try {
      return body.get();
    } catch (HeddleException | UnsupportedOperationException | IllegalArgumentException e) {
      throw new Refused(e.getMessage());
    }
  }

  /** Refuses to time what computes something else than the reference: {@code wrong} says what. */
  static void ifWrong(String wrong) {
    if (wrong != null) {
      throw new Refused("wrong result: " + wrong);
    }
  }
}
