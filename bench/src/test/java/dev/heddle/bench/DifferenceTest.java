package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.Difference.Verdict;
import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.SampleResults;
import dev.heddle.bench.result.Times;
import dev.heddle.bench.result.Unit;
import dev.heddle.bench.result.Work;
import dev.heddle.cli.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DifferenceTest {
  private static final Contender CPU = new Contender("heddle", "1", "cpu", "f32", null, 2);

  private static Work work(String shape) {
    return new Work("matmul", shape, Map.of(), 1, 1);
  }

  private static Line line(String shape, double median, double spread) {
    return Line.of(
        work(shape),
        CPU,
        new Times(median, median, spread, 10, 0),
        new Rate(1 / median, Unit.FLOPS, null, 0),
        null);
  }

  private static Verdict verdict(Line before, Line after) {
    return new Difference(before, after).verdict();
  }

  @Test
  void onlyWhatBothSpreadsDoNotExplainHasChanged() {
    assertEquals(Verdict.SAME, verdict(line("a", 1, 0.03), line("a", 1.04, 0.02)));
    assertEquals(Verdict.SLOWER, verdict(line("a", 1, 0.01), line("a", 1.04, 0.02)));
    assertEquals(Verdict.FASTER, verdict(line("a", 1.04, 0.01), line("a", 1, 0.02)));
    Line none = Line.without(work("a"), CPU, "not there");
    Line wrong = Line.wrong(work("a"), CPU, "differs");
    assertEquals(Verdict.SLOWER, verdict(line("a", 1, 0), none));
    assertEquals(Verdict.SLOWER, verdict(none, wrong));
    assertEquals(Verdict.SAME, verdict(none, none));
    assertEquals(Verdict.NEW, verdict(none, line("a", 1, 0)));
    assertEquals(Verdict.NEW, verdict(null, line("a", 1, 0)));
    assertEquals(Verdict.GONE, verdict(line("a", 1, 0), null));
  }

  private static String diff(int code, Path folder, List<Line> before, List<Line> after)
      throws IOException {
    Path a = folder.resolve("a.json");
    Path b = folder.resolve("b.json");
    Files.writeString(a, SampleResults.of(before.toArray(Line[]::new)).json());
    Files.writeString(b, SampleResults.of(after.toArray(Line[]::new)).json());
    StringWriter out = new StringWriter();
    CommandLine command = new CommandLine(new BenchVerb()).setOut(new PrintWriter(out));
    assertEquals(code, command.execute("diff", a.toString(), b.toString()));
    return out.toString();
  }

  @Test
  void theCommandFailsWhereAnythingIsSlower(@TempDir Path folder) throws IOException {
    Line slow = line("a", 2, 0.01);
    Line fast = line("a", 1, 0.01);
    Line other = line("b", 1, 0.01);
    String faster = diff(ExitCode.OK, folder, List.of(slow, other), List.of(other, fast));
    assertTrue(faster.contains("2.00 ×"), faster);
    assertTrue(
        faster.endsWith("1 faster, 0 slower, 1 same, 0 new, 0 gone" + System.lineSeparator()));
    String slower = diff(ExitCode.FAILED, folder, List.of(fast, other), List.of(slow));
    assertTrue(slower.contains("1 slower, 0 same, 0 new, 1 gone"), slower);
  }
}
