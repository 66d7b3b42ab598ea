package dev.heddle.bench;

import dev.heddle.bench.TextWorkerProcess.RefusedException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Times how systems continue texts, side by side: how fast they read prompts, and how fast they
 * write.
 *
 * <p>Each system is a process. They take turns, each with prompts of its own in every round, after
 * a warm-up by one rule: a few short calls, until their times no longer fall. One that fails has a
 * row that says why, and the others go on. What the machine reads in a stream is measured in each
 * round too: a step over one text reads all weights, and can be no faster.
 */
final class TextBenchmark {
  /** Tokens that a text is continued with in the warm-up: compilers need no more. */
  private static final int WARM_UP_TOKENS = 32;

  private final List<String> systems;
  private final Path model;
  private final Workload.Source source;
  private final long weightBytes;
  private final int rounds;
  private final Consumer<String> progress;
  private long prompts;

  /** A system that is measured, or why it is not. */
  private static final class Turn {
    final String system;
    final List<TextTiming> timings = new ArrayList<>();
    TextWorkerProcess worker;
    String description;
    String failure;

    Turn(String system) {
      this.system = system;
    }
  }

  TextBenchmark(
      List<String> systems,
      Path model,
      Workload.Source source,
      long weightBytes,
      int rounds,
      Consumer<String> progress) {
    this.systems = systems;
    this.model = model;
    this.source = source;
    this.weightBytes = weightBytes;
    this.rounds = rounds;
    this.progress = progress;
  }

  /** A row for each system. */
  List<TextRow> run(TextSettings settings, int promptTokens, boolean busyNeighbour) {
    int newTokens = settings.tokens() - promptTokens;
    String workload = "generate" + (busyNeighbour ? "+busy" : "");
    progress.accept(
        "%s %d x %d + %d".formatted(workload, settings.sequences(), promptTokens, newTokens));
    Bandwidth bandwidth = new Bandwidth(settings.machine().threads());
    double[] streams = new double[rounds];
    List<Turn> turns = new ArrayList<>();
    try {
      for (String system : systems) {
        Turn turn = new Turn(system);
        turns.add(turn);
        start(turn, settings);
        warmUp(turn, settings.sequences(), promptTokens, Math.min(newTokens, WARM_UP_TOKENS));
      }
      bandwidth.measure();
      try (BusyNeighbour _ = busyNeighbour ? new BusyNeighbour() : null) {
        for (int round = 0; round < rounds; round++) {
          for (Turn turn : turns) {
            time(turn, settings.sequences(), promptTokens, newTokens);
          }
          streams[round] = bandwidth.measure();
        }
      }
    } finally {
      turns.stream().filter(turn -> turn.worker != null).forEach(turn -> turn.worker.close());
    }
    double stream = TextRow.median(streams);
    return turns.stream()
        .map(turn ->
            TextRow.of(
                workload,
                settings,
                promptTokens,
                turn.system,
                turn.description,
                turn.timings,
                weightBytes,
                stream,
                turn.failure))
        .toList();
  }

  private void start(Turn turn, TextSettings settings) {
    try {
      turn.worker = new TextWorkerProcess(turn.system, model, settings);
      turn.description = turn.worker.description();
      progress.accept(turn.system + ": " + turn.description);
    } catch (RefusedException | UncheckedIOException e) {
      fail(turn, e);
    }
  }

  private void warmUp(Turn turn, int texts, int promptTokens, int newTokens) {
    ModelBenchmark.untilSteady(() -> {
      TextTiming timing = time(turn, texts, promptTokens, newTokens);
      return timing == null ? 0 : timing.promptNanos() + timing.newNanos();
    });
    turn.timings.clear();
  }

  /** One turn of a system that has not failed; null if it has now. */
  private TextTiming time(Turn turn, int texts, int promptTokens, int newTokens) {
    if (turn.worker == null) {
      return null;
    }
    int[][] ids = new int[texts][];
    Arrays.setAll(ids, i -> source.prompt(promptTokens, prompts++));
    try {
      TextTiming timing = turn.worker.generate(ids, newTokens);
      turn.timings.add(timing);
      return timing;
    } catch (RefusedException | UncheckedIOException e) {
      fail(turn, e);
      return null;
    }
  }

  private void fail(Turn turn, RuntimeException cause) {
    progress.accept(turn.system + ": " + cause.getMessage());
    turn.failure = cause.getMessage();
    turn.timings.clear();
    if (turn.worker != null) {
      turn.worker.close();
      turn.worker = null;
    }
  }
}
