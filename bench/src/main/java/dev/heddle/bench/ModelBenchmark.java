package dev.heddle.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Times embedding systems side by side.
 *
 * <p>For each workload the systems take turns of {@code seconds / ROUNDS} each, after a warm-up, so
 * that each turn of one stands beside a turn of the other. Every system's vectors are compared with
 * the first one's before any time counts.
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

  private final List<WorkerProcess> workers = new ArrayList<>();
  private final Settings settings;
  private final double seconds;
  private final Consumer<String> progress;

  ModelBenchmark(
      List<String> systems,
      Path model,
      Settings settings,
      double seconds,
      Consumer<String> progress) {
    this.settings = settings;
    this.seconds = seconds;
    this.progress = progress;
    try {
      for (String system : systems) {
        WorkerProcess worker = new WorkerProcess(system, model, settings);
        workers.add(worker);
        progress.accept(system + ": " + worker.description());
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** A row for each system. */
  List<Row> run(Workload workload, boolean busyNeighbour) {
    progress.accept(
        "%s %d x %d%s"
            .formatted(
                workload.name(),
                workload.batch(),
                workload.length(),
                busyNeighbour ? " beside a busy process" : ""));
    warmUp(workload);
    List<Timings> timings = workers.stream().map(worker -> new Timings()).toList();
    try (BusyNeighbour _ = busyNeighbour ? new BusyNeighbour() : null) {
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < workers.size(); i++) {
          workers.get(i).time(seconds / ROUNDS, 1, timings.get(i));
        }
      }
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < workers.size(); i++) {
      String system = workers.get(i).system();
      rows.add(Row.of(workload, busyNeighbour, settings.threads(), system, timings.get(i)));
    }
    return rows;
  }

  private void warmUp(Workload workload) {
    float[][] first = null;
    for (WorkerProcess worker : workers) {
      worker.load(workload.ids());
      float[][] vectors = warmUp(worker);
      if (first == null) {
        first = vectors;
      } else {
        compare(workers.getFirst().system(), first, worker.system(), vectors);
      }
    }
  }

  /** Calls until times stay; the last call's vectors. */
  private float[][] warmUp(WorkerProcess worker) {
    double seconds = Math.min(LONGEST_STEP_SECONDS, this.seconds * STEP_SHARE);
    float[][][] vectors = new float[1][][];
    untilSteady(() -> {
      Timings timings = new Timings();
      vectors[0] = worker.time(seconds, 2, timings);
      return timings.quantileMillis(0.5);
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

  static void compare(String systemA, float[][] a, String systemB, float[][] b) {
    for (int i = 0; i < a.length; i++) {
      double cosine = cosine(a[i], b[i]);
      if (!(cosine >= COSINE)) {
        throw new WrongResultException(
            "text %d: the vectors of %s and %s have cosine %.6f, not %.2f or more"
                .formatted(i, systemA, systemB, cosine, COSINE));
      }
    }
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
    workers.forEach(WorkerProcess::close);
  }
}
