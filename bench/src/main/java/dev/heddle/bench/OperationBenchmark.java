package dev.heddle.bench;

import dev.heddle.bench.OperationProcess.Prepared;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Times;
import dev.heddle.bench.result.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Times operations, systems side by side.
 *
 * <p>Each system is a process. All are given the same operands, and each one's result is held
 * against the reference interpreter's before it is timed. Then they take turns, round by round, so
 * that each turn of one stands beside a turn of every other, after a {@link WarmUp} in steps of a
 * quarter of the measuring time.
 */
final class OperationBenchmark implements AutoCloseable {
  /** Turns of each system. */
  private static final int ROUNDS = 8;

  private static final double STEP_SHARE = 0.25;

  private final List<Turn<OperationProcess>> turns = new ArrayList<>();
  private final Roofline roofline;
  private final Consumer<String> progress;

  /**
   * Starts all systems.
   *
   * @param progress is told what the systems say of themselves, or why they cannot
   */
  OperationBenchmark(List<Entrant> entrants, Roofline roofline, Consumer<String> progress) {
    this.roofline = roofline;
    this.progress = progress;
    entrants.forEach(entrant -> turns.add(start(entrant)));
  }

  private Turn<OperationProcess> start(Entrant entrant) {
    return new Turn<>(
        entrant, null, () -> new OperationProcess(entrant), OperationProcess::child, progress);
  }

  /** One of the systems and what it makes of a subject. */
  private final class Trial {
    final Turn<OperationProcess> turn;
    final Timings timings = new Timings();
    final Prepared prepared;
    final double seconds;
    private int rounds;

    Trial(Turn<OperationProcess> turn, Subject subject, double seconds) {
      this.turn = turn;
      this.seconds = seconds;
      prepared = turn.take(process -> process.prepare(subject));
      if (isReady()) {
        warmUp();
      }
    }

    private void warmUp() {
      double median =
          WarmUp.run(
              seconds,
              () -> {
                Timings step =
                    turn.take(process -> process.time(seconds * STEP_SHARE, new Timings()));
                return step == null ? 0 : step.times().median();
              });
      rounds = WarmUp.rounds(seconds, median, ROUNDS);
    }

    boolean isReady() {
      return !turn.hasFailed() && prepared.state() == OperationProcess.READY;
    }

    void time() {
      if (isReady() && rounds-- > 0) {
        if (turns.size() > 1) {
          Turn.rest();
        }
        turn.take(process -> process.time(seconds / ROUNDS, timings));
      }
    }

    Line line(Subject subject, Work work) {
      Contender by = contender(turn.entrant(), turn.version(), subject);
      if (turn.hasFailed()) {
        return Line.without(work, by, turn.failure());
      }
      turn.take(process -> {
        process.release();
        return null;
      });
      return switch (prepared.state()) {
        case OperationProcess.READY -> {
          Times times = timings.times();
          String kernel = prepared.text().isEmpty() ? null : prepared.text();
          yield Line.of(
              work, by, times, roofline.rate(subject, by.backend(), times.median()), kernel);
        }
        case OperationProcess.WRONG -> Line.wrong(work, by, "wrong result: " + prepared.text());
        default -> Line.without(work, by, prepared.text());
      };
    }
  }

  /** As results name one of the systems at a subject. */
  private static Contender contender(Entrant entrant, String version, Subject subject) {
    return new Contender(
        entrant.system(),
        version,
        entrant.isHeddle() ? entrant.settings().backend() : null,
        subject.stored().toString(),
        subject.arithmetic(),
        entrant.settings().threads());
  }

  /** As results name a subject. */
  private static Work work(Subject subject) {
    return new Work(
        subject.group(),
        subject.shape(),
        subject.parameters(),
        subject.flops(),
        subject.bytesRead() + subject.bytesWritten());
  }

  /** A line for each system of a subject that is not measured. */
  static List<Line> without(Subject subject, List<Entrant> entrants, String reason) {
    return entrants.stream()
        .map(entrant -> Line.without(work(subject), contender(entrant, null, subject), reason))
        .toList();
  }

  /**
   * A line for each system.
   *
   * @param seconds measuring time of each
   */
  List<Line> run(Subject subject, double seconds) {
    Work work = work(subject);
    List<Trial> trials = turns.stream().map(turn -> new Trial(turn, subject, seconds)).toList();
    for (int round = 0; round < ROUNDS; round++) {
      trials.forEach(Trial::time);
    }
    List<Line> lines = trials.stream().map(trial -> trial.line(subject, work)).toList();
    restart();
    return lines;
  }

  /**
   * One that ran and failed may compute the next subject; one that never ran does not try again.
   */
  private void restart() {
    turns.replaceAll(
        turn -> turn.hasFailed() && turn.version() != null ? start(turn.entrant()) : turn);
  }

  @Override
  public void close() {
    turns.forEach(Turn::close);
  }
}
