package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A report as people read it. */
final class MarkdownReport {
  private static final int MOST_FAILURES = 50;

  private final Report report;
  private final StringBuilder text = new StringBuilder();

  MarkdownReport(Report report) {
    this.report = report;
    head();
    report.parts().forEach(this::part);
    if (report.bench() != null) {
      bench(report.bench());
    }
  }

  @Override
  public String toString() {
    return text.toString();
  }

  private void line(String format, Object... values) {
    text.append(values.length == 0 ? format : format.formatted(values)).append('\n');
  }

  private void row(Object... cells) {
    line(
        Stream.of(cells)
            .map(cell -> cell.toString().replace("|", "\\|").replaceAll("\\s*\\R\\s*", " "))
            .collect(Collectors.joining(" | ", "| ", " |")));
  }

  private void head() {
    line("# Check of %s", report.device().name());
    line("");
    if (report.small()) {
      line("A trial with tiny shapes: it shows that all of it runs; its times mean nothing.");
      line("");
    }
    row("", "");
    row("---", "---");
    row("result", result());
    row("made", report.made());
    row("commit", report.revision());
    row("device", report.device());
    report.device().details().forEach((key, value) -> row(key, value));
    row("host", report.java());
    if (report.bench() != null) {
      row("PyTorch", torch(report.bench()));
      row("clocks", clocks(report.bench().clocks()));
    }
    if (!report.notRun().isEmpty()) {
      row("not run", String.join(", ", report.notRun()));
    }
    line("");
  }

  private String result() {
    if (!report.notRun().isEmpty() && report.good()) {
      return "nothing failed of what was run";
    }
    return report.good() ? "nothing failed" : "**something failed or was left out: see below**";
  }

  private static String torch(BenchPart bench) {
    String about =
        bench.torch() == null
            ? "none"
            : bench.torch().properties().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue().asText())
                .collect(Collectors.joining(", "));
    return about + (bench.torchMissing() == null ? "" : ": " + bench.torchMissing());
  }

  private static String clocks(Clocks clocks) {
    return clocks.unknown() != null
        ? "unknown: " + clocks.unknown()
        : ("least, median and most of %d samples while it was measured: SM %s MHz, memory %s MHz,"
                + " %s W, %s °C; the most there is: %s")
            .formatted(
                clocks.samples(),
                clocks.smMhz(),
                clocks.memoryMhz(),
                clocks.watts(),
                clocks.celsius(),
                clocks.limits());
  }

  private void part(Part part) {
    line("## %s", Character.toUpperCase(part.name().charAt(0)) + part.name().substring(1));
    line("");
    line("%s (%s), in %.0f s.", part.counts(), part.what(), part.seconds());
    if (!part.failures().isEmpty()) {
      line("");
      part.failures().entrySet().stream()
          .limit(MOST_FAILURES)
          .forEach(failure -> line("- failed: `%s`: %s", failure.getKey(), failure.getValue()));
      if (part.failures().size() > MOST_FAILURES) {
        line("- and %d more, in the JSON", part.failures().size() - MOST_FAILURES);
      }
    }
    if (!part.unsupportedReasons().isEmpty()) {
      line("");
      part.unsupportedReasons()
          .forEach((reason, count) -> line("- not supported, %d: %s", count, reason));
    }
    line("");
  }

  private void bench(BenchPart bench) {
    line("## Benchmarks");
    line("");
    line(
        "In %.0f s. Data are normally distributed; each result was checked on a sample by the"
            + " reference interpreter before it was timed. Times are medians: ours of the host's"
            + " clock around runs of many operations each (one CUDA graph), the wait for its end"
            + " included; PyTorch's of CUDA events around as many. Sums are in float32. INVARIANT:"
            + " a row's result does not depend on the rows beside it; FASTEST: cuBLAS, which"
            + " chooses by size. PyTorch's numerics are its own.",
        bench.seconds());
    line("");
    if (bench.failure() != null) {
      line("- failed: %s", bench.failure());
      line("");
    }
    ceilings(bench.ceilings());
    Map<String, List<Row>> groups =
        bench.rows().stream()
            .collect(Collectors.groupingBy(Row::group, LinkedHashMap::new, Collectors.toList()));
    groups.forEach(this::table);
    lost(bench.rows());
    if (bench.decodeStep() != null) {
      decode(bench.decodeStep());
    }
    if (!bench.notRun().isEmpty()) {
      line("Not run for want of time:");
      line("");
      bench.notRun().forEach(name -> line("- %s", name));
      line("");
    }
  }

  private void ceilings(Ceilings ceilings) {
    line("| ceiling of this run | |");
    line("| --- | ---: |");
    row("copy, read and written", "%.0f GB/s".formatted(ceilings.copy() / 1e9));
    row("fma, float32 outside tensor cores", "%.1f TFLOP/s".formatted(ceilings.fma() / 1e12));
    ceilings
        .products()
        .forEach((type, rate) ->
            row(
                "product: the fastest of %s, whoever's".formatted(type),
                "%.1f TFLOP/s".formatted(rate / 1e12)));
    line("");
  }

  private void table(String group, List<Row> rows) {
    line("### %s", Character.toUpperCase(group.charAt(0)) + group.substring(1));
    line("");
    row("", "type", "numerics", "us", "rate", "torch us", "x torch", "of ceiling", "asked", "");
    row("---", "---", "---", "---:", "---:", "---:", "---:", "---:", "---", "---");
    for (Row each : rows) {
      boolean failed = each.failure() != null;
      row(
          each.shape(),
          each.dtype(),
          each.numerics(),
          failed ? "" : "%.1f".formatted(each.micros()),
          failed ? "" : "%.1f %s".formatted(each.rate(), each.unit()),
          each.torchMicros() == 0 ? "" : "%.1f".formatted(each.torchMicros()),
          each.ofTorch() == 0 ? "" : "%.2f".formatted(each.ofTorch()),
          each.ofCeiling() == 0
              ? ""
              : "%.0f %% %s".formatted(100 * each.ofCeiling(), each.ceiling()),
          asked(each),
          failed ? "**failed**" : each.verdict().equals("missed") ? "**missed**" : each.verdict());
    }
    line("");
    rows.stream()
        .filter(each -> each.failure() != null)
        .forEach(each ->
            line(
                "- failed: %s %s, %s: %s",
                each.shape(), each.dtype(), each.numerics(), each.failure()));
    rows.stream()
        .filter(each -> each.torchFailure() != null)
        .map(each ->
            "- PyTorch: %s %s: %s".formatted(each.shape(), each.dtype(), each.torchFailure()))
        .forEach(this::line);
    rows.stream()
        .filter(each -> each.kernel() != null)
        .collect(
            Collectors.groupingBy(
                Row::kernel,
                LinkedHashMap::new,
                Collectors.mapping(Row::numerics, Collectors.toSet())))
        .forEach((kernel, numerics) -> line("- by %s (%s)", kernel, words(numerics)));
    line("");
  }

  private static String words(Set<Numerics> numerics) {
    return numerics.stream().sorted().map(Numerics::name).collect(Collectors.joining(", "));
  }

  private static String asked(Row row) {
    return row.askedOfTorch() > 0
        ? "%.2f x torch".formatted(row.askedOfTorch())
        : row.askedOfCeiling() > 0 ? "%.0f %%".formatted(100 * row.askedOfCeiling()) : "";
  }

  /** What is slower than PyTorch or than was asked, in one place. */
  private void lost(List<Row> rows) {
    List<Row> lost =
        rows.stream()
            .filter(row -> row.verdict().equals("missed") || row.ofTorch() > 0 && row.ofTorch() < 1)
            .toList();
    if (lost.isEmpty()) {
      return;
    }
    line("Slower than PyTorch, or than was asked, %d of %d:", lost.size(), rows.size());
    line("");
    lost.forEach(row ->
        line(
            "- %s: %s %s, %s: %s%s",
            row.group(),
            row.shape(),
            row.dtype(),
            row.numerics(),
            row.ofTorch() == 0 ? "" : "%.2f of PyTorch's speed, ".formatted(row.ofTorch()),
            "%.0f %% of %s".formatted(100 * row.ofCeiling(), row.ceiling())));
    line("");
  }

  private void decode(DecodeStep step) {
    line("### Decode step of a small model");
    line("");
    if (step.failure() != null) {
      line("- failed: %s: %s", step.model(), step.failure());
    } else {
      line(
          "%s, float32, batch 1, logits back to the host, %d tokens, INVARIANT: %.1f us a token,"
              + " %.1f us of CPU (all threads of the process), %.2f graphs launched a token, and"
              + " %.2f commands outside of graphs.",
          step.model(),
          step.tokens(),
          step.micros(),
          step.cpuMicros(),
          step.recordings(),
          step.commands());
    }
    line("");
  }
}
