package dev.heddle.bench;

import java.io.PrintWriter;
import java.util.List;

/** Rows as people read them: tokens a second, and each system against the first one. */
record TextTable(List<TextRow> rows) {
  private static final String HEADER = "%-13s %5s %6s %5s %-12s %10s %8s %10s %8s %8s%n";
  private static final String LINE = "%-13s %5d %6d %5d %-12s %10.1f %8s %10.1f %8s %8s%n";

  void print(PrintWriter out) {
    out.printf(
        HEADER,
        "workload",
        "batch",
        "prompt",
        "new",
        "system",
        "prompt t/s",
        "ratio",
        "new t/s",
        "ratio",
        "stream");
    TextRow first = null;
    for (TextRow row : rows) {
      if (first == null || row.system().equals(first.system())) {
        first = row;
      }
      if (row.failure() != null) {
        out.printf(
            "%-13s %5d %6d %5d %-12s %s%n",
            row.workload(),
            row.batch(),
            row.promptTokens(),
            row.newTokens(),
            row.system(),
            row.failure());
        continue;
      }
      out.printf(
          LINE,
          row.workload(),
          row.batch(),
          row.promptTokens(),
          row.newTokens(),
          row.system(),
          row.promptTokensPerSecond(),
          ratio(row, first, first.promptTokensPerSecond(), row.promptTokensPerSecond()),
          row.newTokensPerSecond(),
          ratio(row, first, first.newTokensPerSecond(), row.newTokensPerSecond()),
          row.streamShare() == 0 ? "" : "%.0f %%".formatted(100 * row.streamShare()));
    }
    if (first != null) {
      out.printf(
          "%d threads; ratio: tokens a second of %s over this system's; stream: share of the %.1f"
              + " GB/s that memory is read at%n",
          first.threads(), first.system(), first.streamBytesPerSecond() / 1e9);
    }
  }

  private static String ratio(TextRow row, TextRow first, double own, double other) {
    return row == first || own == 0 || other == 0 ? "" : "%.2f x".formatted(own / other);
  }
}
