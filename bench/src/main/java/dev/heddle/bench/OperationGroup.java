package dev.heddle.bench;

import dev.heddle.bench.ops.Subject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Single operations, and the machine's ceilings before them. */
final class OperationGroup implements Budget.Group {
  /** They are many. */
  private static final double SHARE = 2;

  /** With checks and warm-up, a system takes so many measuring times. */
  private static final double OVER = 3;

  private final CompareOptions options;
  private final Recorder recorder;
  private final List<Entrant> entrants;
  private final List<Budget.Step> steps;
  private OperationBenchmark benchmark;

  /** Those of {@code subjects} that are wanted. */
  OperationGroup(List<Subject> subjects, CompareOptions options, Recorder recorder) {
    this.options = options;
    this.recorder = recorder;
    entrants = options.operations();
    steps = inTurns(subjects.stream().filter(options::wants).toList()).map(this::step).toList();
  }

  /** One of each table after the other: should time run out, all tables have some. */
  private static Stream<Subject> inTurns(List<Subject> subjects) {
    Map<String, Integer> seen = new HashMap<>();
    Map<Integer, List<Subject>> turns = new TreeMap<>();
    for (Subject subject : subjects) {
      int turn = seen.merge(subject.group(), 1, Integer::sum);
      turns.computeIfAbsent(turn, _ -> new ArrayList<>()).add(subject);
    }
    return turns.values().stream().flatMap(List::stream);
  }

  private Budget.Step step(Subject subject) {
    return new Budget.Step(
        subject.name(),
        1,
        seconds ->
            recorder.add(benchmark.run(subject, options.share(seconds, entrants.size(), OVER))),
        () -> recorder.skip(OperationBenchmark.without(subject, entrants, options.noTime())));
  }

  @Override
  public double share() {
    return SHARE;
  }

  @Override
  public List<Budget.Step> steps() {
    return steps;
  }

  @Override
  public void open() {
    List<String> backends =
        entrants.stream().filter(Entrant::isHeddle).map(each -> each.settings().backend()).toList();
    Roofline roofline = Roofline.of(backends, options.allThreads());
    roofline.all().forEach(recorder::add);
    benchmark = new OperationBenchmark(entrants, roofline, _ -> {});
  }

  @Override
  public void close() {
    if (benchmark != null) {
      benchmark.close();
    }
  }
}
