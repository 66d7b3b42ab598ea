package dev.heddle.bench;

import dev.heddle.bench.ops.HeddleOperations;
import dev.heddle.bench.ops.Operation;
import dev.heddle.bench.ops.RandomData;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Times;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Whether {@code heddle bench ops} tells the time that a hand-written loop around the same call
 * does: prints the ratio of both, turn by turn, and the ceilings. A person looks at it on a quiet
 * machine; no build depends on it.
 *
 * <p>{@code ByHand THREADS SECONDS [NAME…]}, names as {@code heddle bench ops --list} has them.
 */
final class ByHand {
  private static final int ROUNDS = 9;

  private ByHand() {}

  public static void main(String[] args) {
    Settings settings = new Settings(Integer.parseInt(args[0]), "cpu", null, "f32");
    double seconds = Double.parseDouble(args[1]);
    for (Ceiling ceiling : Roofline.cpu(settings.threads()).all()) {
      System.out.printf("%s %s%n", ceiling.name(), ceiling.unit().format(ceiling.perSecond()));
    }
    for (String name : Arrays.copyOfRange(args, 2, args.length)) {
      compare(settings, Subjects.named(name), seconds);
    }
  }

  private static void compare(Settings settings, Subject subject, double seconds) {
    double[] ratios = new double[ROUNDS];
    double[] bench = new double[ROUNDS];
    try (OperationProcess process = new OperationProcess(Entrant.heddle(settings));
        HeddleOperations operations = new HeddleOperations(settings);
        RandomData data = new RandomData()) {
      List<HostTensor> operands = subject.operands(data);
      process.prepare(subject);
      try (Operation operation = operations.prepare(subject, operands)) {
        // Both are warm then.
        process.time(3 * seconds, new Timings());
        loop(operation, 3 * seconds);
        for (int round = 0; round < ROUNDS; round++) {
          bench[round] = process.time(seconds, new Timings()).times().median();
          ratios[round] = bench[round] / loop(operation, seconds);
        }
      }
      operands.stream().filter(Objects::nonNull).forEach(HostTensor::close);
    }
    Times times = Times.of(bench, Times.UNKNOWN);
    Arrays.sort(ratios);
    System.out.printf(
        "%s: %.1f us, over a loop by hand %.3f (%.3f to %.3f in %d turns)%n",
        subject.name(),
        times.median() * 1e6,
        Times.quantile(ratios, 0.5),
        ratios[0],
        ratios[ROUNDS - 1],
        ROUNDS);
  }

  /** The median time of a call. */
  private static double loop(Operation operation, double seconds) {
    double[] times = new double[1 << 20];
    int calls = 0;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    while (calls < times.length && System.nanoTime() < end) {
      long start = System.nanoTime();
      operation.run();
      times[calls++] = (System.nanoTime() - start) * 1e-9;
    }
    double[] sorted = Arrays.copyOf(times, calls);
    Arrays.sort(sorted);
    return sorted[calls / 2];
  }
}
