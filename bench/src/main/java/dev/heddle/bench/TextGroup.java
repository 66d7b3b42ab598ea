package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.result.Work;
import java.util.ArrayList;
import java.util.List;

/** A model that continues texts: one at a time, and several. */
final class TextGroup implements Budget.Group {
  /** Texts at a time, how long they are, and how much longer they get. */
  private static final int[] BATCHES = {1, 4};

  private static final int PROMPT_TOKENS = 128;
  private static final int NEW_TOKENS = 32;

  /** Turns of a system that is fast enough. */
  private static final int ROUNDS = 5;

  /** With its check and its warm-up, a system takes so many measuring times. */
  private static final double OVER = 4;

  private final List<Budget.Step> steps = new ArrayList<>();

  TextGroup(BenchedModel model, CompareOptions options, Recorder recorder) {
    List<Entrant> entrants = options.entrants(TextSystemProvider.class, options.allThreads());
    TextBenchmark benchmark = new TextBenchmark(model, _ -> {});
    int tokens = model.atMost(PROMPT_TOKENS + NEW_TOKENS);
    int prompt = tokens - Math.min(NEW_TOKENS, tokens / 2);
    for (int batch : BATCHES) {
      if (entrants.isEmpty()) {
        return;
      }
      TextSettings settings =
          new TextSettings(entrants.getFirst().settings(), Activations.FLOAT32, batch, tokens);
      String shape = benchmark.work("decode", settings, prompt, false).shape();
      String name = "prefill and decode %s, %d threads".formatted(shape, options.allThreads());
      if (options.wants(name)) {
        steps.add(
            new Budget.Step(
                name,
                1 + batch,
                seconds -> {
                  double share = options.share(seconds, entrants.size(), OVER);
                  recorder.add(benchmark.run(entrants, settings, prompt, ROUNDS, share, false));
                },
                () -> {
                  for (String group : List.of("prefill", "decode")) {
                    Work work = benchmark.work(group, settings, prompt, false);
                    recorder.skip(Entrant.skipped(entrants, work, options.noTime()));
                  }
                }));
      }
    }
  }

  @Override
  public double share() {
    return 1;
  }

  @Override
  public List<Budget.Step> steps() {
    return steps;
  }
}
