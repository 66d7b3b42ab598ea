package dev.heddle.bench;

import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.bench.result.Work;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Times embedding systems side by side.
 *
 * <p>For each workload the systems take turns of {@code seconds / ROUNDS} each, after a warm-up, so
 * that each turn of one stands beside a turn of the other. Every system's vectors are compared with
 * those of the first that has any before its time counts.
 *
 * <p>The {@link WarmUp} has steps of the measuring time, two seconds at most.
 */
final class ModelBenchmark implements AutoCloseable {
  /** Turns of each system. */
  private static final int ROUNDS = 6;

  private static final double STEP_SHARE = 1;
  private static final double LONGEST_STEP_SECONDS = 2;

  /** Vectors agree if the cosine of each pair is at least this: dynamic int8 models stay above. */
  private static final double COSINE = 0.99;

  private final List<Turn<WorkerProcess>> turns = new ArrayList<>();
  private final String name;
  private final Consumer<String> progress;

  /**
   * Starts all systems.
   *
   * @param name the model's, for the results
   * @param progress is told what is done
   */
  ModelBenchmark(List<Entrant> entrants, Path model, String name, Consumer<String> progress) {
    this.name = name;
    this.progress = progress;
    try {
      for (Entrant entrant : entrants) {
        turns.add(
            new Turn<>(
                entrant,
                null,
                () -> new WorkerProcess(entrant, model),
                WorkerProcess::child,
                progress));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * A line for each system.
   *
   * @param seconds measuring time of each
   */
  List<Line> run(Workload workload, boolean busyNeighbour, double seconds) {
    Work work = workload.work(name, busyNeighbour);
    progress.accept(work.shape());
    List<Trial> trials = turns.stream().map(turn -> new Trial(turn, workload, seconds)).toList();
    compare(trials);
    try (BusyNeighbour _ = busyNeighbour ? new BusyNeighbour() : null) {
      for (int round = 0; round < ROUNDS; round++) {
        trials.forEach(Trial::time);
      }
    }
    return trials.stream().map(trial -> trial.line(work)).toList();
  }

  /** One of the systems and what it makes of a workload. */
  private static final class Trial {
    final Turn<WorkerProcess> turn;
    final Workload workload;
    final double seconds;
    final Timings timings = new Timings();
    float[][] vectors;
    String wrong;
    private int rounds;

    Trial(Turn<WorkerProcess> turn, Workload workload, double seconds) {
      this.turn = turn;
      this.workload = workload;
      this.seconds = seconds;
      turn.take(worker -> {
        worker.load(workload.ids());
        double median = WarmUp.run(seconds, () -> step(worker));
        rounds = WarmUp.rounds(seconds, median, ROUNDS);
        return null;
      });
    }

    private double step(WorkerProcess worker) {
      Timings step = new Timings();
      vectors = worker.time(Math.min(LONGEST_STEP_SECONDS, seconds * STEP_SHARE), 1, step);
      return step.times().median();
    }

    void time() {
      if (wrong == null && rounds-- > 0) {
        turn.take(worker -> worker.time(seconds / ROUNDS, 1, timings));
      }
    }

    Line line(Work work) {
      return wrong != null
          ? turn.wrong(work, wrong)
          : turn.line(
              work,
              timings::times,
              times -> new Rate(workload.batch() / times.median(), Unit.TEXTS, null, 0));
    }
  }

  /** Holds vectors against those of the first system that has any. */
  private void compare(List<Trial> trials) {
    Trial first = null;
    for (Trial trial : trials) {
      if (trial.turn.hasFailed()) {
        continue;
      }
      if (first == null) {
        first = trial;
        continue;
      }
      String difference = difference(first.vectors, trial.vectors);
      if (difference != null) {
        trial.wrong = "wrong result beside " + first.turn.entrant() + ": " + difference;
        progress.accept(trial.turn.entrant() + ": " + trial.wrong);
      }
    }
  }

  /** What tells vectors from those that are expected, in words; null for nothing. */
  static String difference(float[][] expected, float[][] vectors) {
    for (int i = 0; i < expected.length; i++) {
      double cosine = cosine(expected[i], vectors[i]);
      if (!(cosine >= COSINE)) {
        return "the vectors of text %d have cosine %.6f, not %.2f or more"
            .formatted(i, cosine, COSINE);
      }
    }
    return null;
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double squaresA = 0;
    double squaresB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      squaresA += (double) a[i] * a[i];
      squaresB += (double) b[i] * b[i];
    }
    return dot / Math.sqrt(squaresA * squaresB);
  }

  @Override
  public void close() {
    turns.forEach(Turn::close);
  }
}
