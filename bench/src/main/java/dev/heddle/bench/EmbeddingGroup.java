package dev.heddle.bench;

import java.util.ArrayList;
import java.util.List;

/** A model that embeds: at every batch with all threads, at the largest with fewer. */
final class EmbeddingGroup implements Budget.Group {
  /** Texts at a time, and how long they are. */
  private static final int[] BATCHES = {1, 8, 32};

  private static final int TOKENS = 128;

  /** From so many texts a thread on, a call takes longer than others. */
  private static final double SLOW_BATCH = 8;

  /** With its warm-up, a system takes so many measuring times. */
  private static final double OVER = 4;

  private final BenchedModel model;
  private final CompareOptions options;
  private final Recorder recorder;
  private final List<Budget.Step> steps = new ArrayList<>();
  private ModelBenchmark benchmark;

  EmbeddingGroup(BenchedModel model, CompareOptions options, Recorder recorder) {
    this.model = model;
    this.options = options;
    this.recorder = recorder;
    for (int batch : BATCHES) {
      add(batch, options.allThreads());
    }
    for (int threads = 1; threads < options.allThreads(); threads *= 2) {
      add(BATCHES[BATCHES.length - 1], threads);
    }
  }

  private List<Entrant> entrants(int threads) {
    return options.entrants(EmbeddingSystemProvider.class, threads);
  }

  private void add(int batch, int threads) {
    Workload workload = model.source().fixed(batch, model.atMost(TOKENS));
    String name =
        "embedding %s, %d %s"
            .formatted(
                workload.work(model.name(), false).shape(),
                threads,
                threads == 1 ? "thread" : "threads");
    if (options.wants(name) && !entrants(threads).isEmpty()) {
      steps.add(
          new Budget.Step(
              name,
              1 + batch / SLOW_BATCH / threads,
              seconds -> measure(workload, threads, seconds),
              () -> skip(workload, threads)));
    }
  }

  private void measure(Workload workload, int threads, double seconds) {
    if (threads == options.allThreads()) {
      measure(benchmark, workload, threads, seconds);
    } else {
      try (ModelBenchmark fewer = benchmark(threads)) {
        measure(fewer, workload, threads, seconds);
      }
    }
  }

  private void measure(ModelBenchmark with, Workload workload, int threads, double seconds) {
    double share = options.share(seconds, entrants(threads).size(), OVER);
    recorder.add(with.run(workload, false, share));
  }

  private void skip(Workload workload, int threads) {
    recorder.skip(
        Entrant.skipped(entrants(threads), workload.work(model.name(), false), options.noTime()));
  }

  private ModelBenchmark benchmark(int threads) {
    return new ModelBenchmark(entrants(threads), model.files(), model.name(), _ -> {});
  }

  @Override
  public double share() {
    return 1;
  }

  @Override
  public List<Budget.Step> steps() {
    return steps;
  }

  @Override
  public void open() {
    benchmark = benchmark(options.allThreads());
  }

  @Override
  public void close() {
    if (benchmark != null) {
      benchmark.close();
    }
  }
}
