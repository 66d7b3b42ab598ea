package dev.heddle.bench;

import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.bench.result.Work;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Times embedding systems side by side.
 *
 * <p>For each workload the systems take turns of {@code seconds / ROUNDS} each, after a warm-up, so
 * that each turn of one stands beside a turn of the other. Every system's vectors are compared with
 * those of the first that has any before its time counts.
 *
 * <p>The warm-up is the same rule for every system: steps of half the measuring time, two seconds
 * at most and two calls at least, until {@value #UNIMPROVED_STEPS} in a row have not brought the
 * median down by two percent; {@value #MOST_STEPS} at most. So a Java runtime is compiled code when
 * time counts, and nobody waits for one that is warm at once.
 */
final class ModelBenchmark implements AutoCloseable {
  /** Turns of each system. */
  private static final int ROUNDS = 6;

  private static final double STEP_SHARE = 0.5;
  private static final double LONGEST_STEP_SECONDS = 2;
  private static final int UNIMPROVED_STEPS = 3;
  private static final int MOST_STEPS = 10;

  /** Below this share of the best median so far, a step has improved it. */
  private static final double IMPROVED = 0.98;

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
    Map<Turn<WorkerProcess>, String> wrong = warmUp(workload, seconds);
    Map<Turn<WorkerProcess>, Timings> timings = new HashMap<>();
    try (BusyNeighbour _ = busyNeighbour ? new BusyNeighbour() : null) {
      for (int round = 0; round < ROUNDS; round++) {
        for (Turn<WorkerProcess> turn : turns) {
          if (!wrong.containsKey(turn)) {
            Timings own = timings.computeIfAbsent(turn, _ -> new Timings());
            turn.take(worker -> worker.time(seconds / ROUNDS, 1, own));
          }
        }
      }
    }
    return turns.stream()
        .map(turn ->
            wrong.containsKey(turn)
                ? turn.wrong(work, wrong.get(turn))
                : turn.line(
                    work,
                    () -> timings.get(turn).times(),
                    times -> new Rate(workload.batch() / times.median(), Unit.TEXTS, null, 0)))
        .toList();
  }

  /** What is wrong of those systems that compute something else than the first. */
  private Map<Turn<WorkerProcess>, String> warmUp(Workload workload, double seconds) {
    Map<Turn<WorkerProcess>, String> wrong = new HashMap<>();
    Turn<WorkerProcess> first = null;
    float[][] expected = null;
    for (Turn<WorkerProcess> turn : turns) {
      float[][] vectors =
          turn.take(worker -> {
            worker.load(workload.ids());
            return warmUp(worker, Math.min(LONGEST_STEP_SECONDS, seconds * STEP_SHARE));
          });
      if (vectors == null) {
        continue;
      }
      if (expected == null) {
        first = turn;
        expected = vectors;
        continue;
      }
      String difference = difference(expected, vectors);
      if (difference != null) {
        String why = "wrong result beside " + first.entrant() + ": " + difference;
        progress.accept(turn.entrant() + ": " + why);
        wrong.put(turn, why);
      }
    }
    return wrong;
  }

  /** Calls until times stay; the last call's vectors. */
  private static float[][] warmUp(WorkerProcess worker, double stepSeconds) {
    float[][][] vectors = new float[1][][];
    untilSteady(() -> {
      Timings timings = new Timings();
      vectors[0] = worker.time(stepSeconds, 2, timings);
      return timings.times().median();
    });
    return vectors[0];
  }

  /** Takes steps, which give their median times, until they no longer improve. */
  static void untilSteady(DoubleSupplier step) {
    double best = Double.POSITIVE_INFINITY;
    int unimproved = 0;
    for (int i = 0; i < MOST_STEPS && unimproved < UNIMPROVED_STEPS; i++) {
      double median = step.getAsDouble();
      unimproved = median < best * IMPROVED ? 0 : unimproved + 1;
      best = Math.min(best, median);
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
