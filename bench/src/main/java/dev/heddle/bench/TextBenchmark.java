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
 * <p>Each system is a process. They take turns, each with prompts of its own in every round, after
 * a warm-up by one rule: a few short calls, until their times no longer fall. What the machine
 * reads in a stream is measured in each round too: a step over one text reads all weights, and can
 * be no faster.
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
   */
  Found run(
      List<Entrant> entrants,
      TextSettings settings,
      int promptTokens,
      int rounds,
      boolean busyNeighbour) {
    int newTokens = settings.tokens() - promptTokens;
    Work prefill = work("prefill", settings, promptTokens, busyNeighbour);
    Work decode = work("decode", settings, promptTokens, busyNeighbour);
    progress.accept(decode.shape());
    int threads = settings.machine().threads();
    Bandwidth bandwidth = new Bandwidth(threads);
    double[] streams = new double[rounds];
    Map<Turn<TextWorkerProcess>, List<TextTiming>> timings = new LinkedHashMap<>();
    try {
      for (Entrant entrant : entrants) {
        Turn<TextWorkerProcess> turn = start(entrant, settings);
        timings.put(turn, new ArrayList<>());
        ModelBenchmark.untilSteady(() -> {
          TextTiming timing = time(turn, settings, promptTokens, warmUpTokens(newTokens));
          return timing == null ? 0 : timing.promptNanos() + timing.newNanos();
        });
      }
      bandwidth.measure();
      try (BusyNeighbour _ = busyNeighbour ? new BusyNeighbour() : null) {
        for (int round = 0; round < rounds; round++) {
          timings.forEach((turn, own) -> own.add(time(turn, settings, promptTokens, newTokens)));
          streams[round] = bandwidth.measure();
        }
      }
    } finally {
      timings.keySet().forEach(Turn::close);
    }
    double stream = median(streams);
    List<Line> lines = new ArrayList<>();
    timings.forEach((turn, own) ->
        lines.add(
            turn.line(
                prefill,
                () -> times(own, timing -> timing.promptNanos() * 1e-9),
                _ -> rate(own, TextTiming::promptTokensPerSecond, 0))));
    if (newTokens > 1) {
      timings.forEach((turn, own) ->
          lines.add(
              turn.line(
                  decode,
                  () -> times(own, timing -> timing.stepSeconds(settings.sequences())),
                  _ ->
                      rate(
                          own,
                          TextTiming::newTokensPerSecond,
                          settings.sequences() == 1 ? stream / model.weightBytes() : 0))));
    }
    return new Found(lines, new Ceiling(null, "stream", threads, stream, Unit.BYTES));
  }

  private static int warmUpTokens(int newTokens) {
    return Math.min(newTokens, WARM_UP_TOKENS);
  }

  private Turn<TextWorkerProcess> start(Entrant entrant, TextSettings settings) {
    return new Turn<>(
        entrant,
        settings.activations() == Activations.INT8 ? "int8" : null,
        () -> new TextWorkerProcess(entrant, model.files(), settings),
        TextWorkerProcess::child,
        progress);
  }

  /** One turn of a system; null if it has failed. */
  private TextTiming time(
      Turn<TextWorkerProcess> turn, TextSettings settings, int promptTokens, int newTokens) {
    int[][] ids = new int[settings.sequences()][];
    Arrays.setAll(ids, _ -> model.source().prompt(promptTokens, prompts++));
    return turn.take(worker -> worker.generate(ids, newTokens));
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

  /**
   * The median of all turns, each by the tokens that the system itself counted.
   *
   * @param most tokens a second that memory allows; 0 where something else bounds it
   */
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
