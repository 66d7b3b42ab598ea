package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Times;
import dev.heddle.bench.result.Unit;
import dev.heddle.bench.result.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Times how systems continue texts, side by side: how fast they read prompts, and how fast they
 * write.
 *
 * <p>Each system is a process, whose continuations go through a {@link TextCheck} before it is
 * timed. They take turns, each with prompts of its own in every round, after a {@link WarmUp} in
 * steps of a short call. What the machine reads in a stream is measured in each round too: a step
 * over one text reads all weights, and can be no faster.
 */
final class TextBenchmark {
  /** Tokens that a text is continued with in the warm-up: compilers need no more. */
  private static final int WARM_UP_TOKENS = 32;

  private final BenchedModel model;
  private final Consumer<String> progress;
  private long prompts;

  /**
   * What was found.
   *
   * @param lines two for each system: prompts read, texts continued
   * @param stream bytes a second that the machine reads
   */
  record Found(List<Line> lines, Ceiling stream) {}

  /**
   * A benchmark.
   *
   * @param progress is told what is done
   */
  TextBenchmark(BenchedModel model, Consumer<String> progress) {
    this.model = model;
    this.progress = progress;
  }

  /**
   * Measures systems.
   *
   * @param settings but for threads and backend, which each entrant has its own of
   * @param rounds turns of each system
   * @param seconds measuring time of each: slow ones have fewer turns, three at least
   */
  Found run(
      List<Entrant> entrants,
      TextSettings settings,
      int promptTokens,
      int rounds,
      double seconds,
      boolean busyNeighbour) {
    int newTokens = settings.tokens() - promptTokens;
    Work prefill = work("prefill", settings, promptTokens, busyNeighbour);
    Work decode = work("decode", settings, promptTokens, busyNeighbour);
    progress.accept(decode.shape());
    int threads = settings.machine().threads();
    double[] streams = new double[rounds];
    TextCheck check = new TextCheck(model.source().sentences(), settings);
    List<Trial> trials = new ArrayList<>();
    try (Bandwidth bandwidth = new Bandwidth(threads)) {
      for (Entrant entrant : entrants) {
        Trial trial = new Trial(start(entrant, settings), settings, promptTokens);
        trials.add(trial);
        trial.check(check);
        trial.warmUp(seconds, rounds);
      }
      bandwidth.measure();
      try (BusyNeighbour _ = busyNeighbour ? new BusyNeighbour() : null) {
        for (int round = 0; round < rounds; round++) {
          trials.forEach(Trial::time);
          streams[round] = bandwidth.measure();
        }
      }
    } finally {
      trials.forEach(trial -> trial.turn.close());
    }
    double stream = Arrays.stream(streams).max().orElse(0);
    double most = settings.sequences() == 1 ? stream / model.weightBytes() : 0;
    List<Line> lines = new ArrayList<>();
    for (Trial trial : trials) {
      lines.add(
          trial.line(
              prefill,
              timing -> timing.promptNanos() * 1e-9,
              TextTiming::promptTokensPerSecond,
              0));
    }
    if (newTokens > 1) {
      for (Trial trial : trials) {
        lines.add(
            trial.line(
                decode,
                timing -> timing.stepSeconds(settings.sequences()),
                TextTiming::newTokensPerSecond,
                most));
      }
    }
    return new Found(lines, new Ceiling(null, "stream", threads, stream, Unit.BYTES));
  }

  /** One of the systems, and how it continues texts. */
  private final class Trial {
    final Turn<TextWorkerProcess> turn;
    private final TextSettings settings;
    private final int promptTokens;
    private final int newTokens;
    private final List<TextTiming> timings = new ArrayList<>();
    private String wrong;
    private int rounds;

    Trial(Turn<TextWorkerProcess> turn, TextSettings settings, int promptTokens) {
      this.turn = turn;
      this.settings = settings;
      this.promptTokens = promptTokens;
      newTokens = settings.tokens() - promptTokens;
    }

    void check(TextCheck check) {
      List<Continuation> continuations = new ArrayList<>();
      for (int[][] prompts : check.calls()) {
        turn.take(worker ->
            continuations.addAll(worker.generate(prompts, check.tokens()).continuations()));
      }
      if (!turn.hasFailed()) {
        wrong = check.wrong(turn.entrant(), continuations);
      }
      if (wrong != null) {
        progress.accept(turn.entrant() + ": " + wrong);
      }
    }

    void warmUp(double seconds, int most) {
      int tokens = Math.min(newTokens, WARM_UP_TOKENS);
      double[] call = {0};
      WarmUp.run(
          seconds,
          () -> {
            TextTiming timing = wrong == null ? call(tokens) : null;
            if (timing == null) {
              return 0;
            }
            double longer = Math.max(1.0, newTokens - 1) / Math.max(1, tokens - 1);
            call[0] = (timing.promptNanos() + timing.newNanos() * longer) * 1e-9;
            return timing.promptNanos() + timing.newNanos();
          });
      rounds = WarmUp.rounds(seconds, call[0], most);
    }

    void time() {
      if (wrong == null && rounds-- > 0) {
        timings.add(call(newTokens));
      }
    }

    /** One call with prompts of its own; null if the system has failed. */
    private TextTiming call(int tokens) {
      int[][] ids = new int[settings.sequences()][];
      Arrays.setAll(ids, _ -> model.source().prompt(promptTokens, prompts++));
      return turn.take(worker -> worker.generate(ids, tokens).timing());
    }

    /**
     * What was measured.
     *
     * @param most tokens a second that memory allows; 0 where something else bounds it
     */
    Line line(
        Work work,
        ToDoubleFunction<TextTiming> seconds,
        ToDoubleFunction<TextTiming> speed,
        double most) {
      return wrong != null
          ? turn.wrong(work, wrong)
          : turn.line(work, () -> times(timings, seconds), _ -> rate(timings, speed, most));
    }
  }

  private Turn<TextWorkerProcess> start(Entrant entrant, TextSettings settings) {
    return new Turn<>(
        entrant,
        settings.activations() == Activations.INT8 ? "int8" : null,
        () -> new TextWorkerProcess(entrant, model.files(), settings),
        TextWorkerProcess::child,
        progress);
  }

  /** As results name it. */
  Work work(String group, TextSettings settings, int promptTokens, boolean busy) {
    int newTokens = settings.tokens() - promptTokens;
    int texts = settings.sequences();
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("model", model.name());
    parameters.put("batch", texts);
    parameters.put("tokens", promptTokens);
    parameters.put("new_tokens", newTokens);
    parameters.put("busy", busy);
    String shape =
        "%s %d × %d tokens%s%s"
            .formatted(
                model.name(),
                texts,
                promptTokens,
                group.equals("decode") ? " and %d more".formatted(newTokens) : "",
                busy ? ", beside a busy process" : "");
    return new Work(group, shape, parameters, 0, group.equals("decode") ? model.weightBytes() : 0);
  }

  private static Times times(List<TextTiming> timings, ToDoubleFunction<TextTiming> seconds) {
    return Times.of(timings.stream().mapToDouble(seconds).toArray(), Times.UNKNOWN);
  }

  /** The median of all turns, each by the tokens that the system itself counted. */
  private static Rate rate(
      List<TextTiming> timings, ToDoubleFunction<TextTiming> speed, double most) {
    double rate = median(timings.stream().mapToDouble(speed).toArray());
    return most == 0
        ? new Rate(rate, Unit.TOKENS, null, 0)
        : new Rate(rate, Unit.TOKENS, "stream", rate / most);
  }

  private static double median(double[] numbers) {
    return Times.of(numbers, Times.UNKNOWN).median();
  }
}
