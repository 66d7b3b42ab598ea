package dev.heddle.bench;

import dev.heddle.cli.Terminal;
import java.io.PrintWriter;

/** One line of a terminal that is written anew; where nobody looks, a line for each. */
final class ProgressLine implements AutoCloseable {
  private static final int COLUMNS = 79;

  private final PrintWriter err;
  private final boolean overwrites = Terminal.showsProgress();

  ProgressLine(PrintWriter err) {
    this.err = err;
  }

  /** What is done now. */
  void show(String text) {
    if (overwrites) {
      String cut = text.length() <= COLUMNS ? text : text.substring(0, COLUMNS - 1) + "…";
      err.print("\r" + cut + " ".repeat(COLUMNS - cut.length()));
    } else {
      err.println(text);
    }
    err.flush();
  }

  /** Takes it away. */
  @Override
  public void close() {
    if (overwrites) {
      err.print("\r" + " ".repeat(COLUMNS) + "\r");
      err.flush();
    }
  }
}
