package dev.heddle.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.backend.Backend;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the benchmarks gave.
 *
 * @param ceilings of this run, in bytes and floating-point operations a second
 * @param rows every subject, in order
 * @param notRun subjects that there was no time for
 * @param decodeStep a small model's; null where there was no time
 * @param torch what PyTorch says of itself; null where there is none
 * @param torchMissing why there is no PyTorch, or why it stopped; null for nothing
 * @param clocks the GPU's, meanwhile
 * @param failure why there are no ceilings; null for nothing
 */
record BenchPart(
    double seconds,
    Ceilings ceilings,
    List<Row> rows,
    List<String> notRun,
    DecodeStep decodeStep,
    JsonNode torch,
    String torchMissing,
    Clocks clocks,
    String failure) {
  boolean isGood() {
    return failure == null
        && notRun.isEmpty()
        && rows.stream().allMatch(row -> row.failure() == null)
        && (decodeStep == null || decodeStep.failure() == null);
  }

  /**
   * How to measure.
   *
   * @param python the interpreter to look for PyTorch with; null for none
   * @param device the GPU's number
   * @param small whether tiny shapes do
   */
  record Settings(String python, int device, boolean small) {
    private double seconds() {
      return small ? 0 : 0.5;
    }
  }

  /** Measures all. Each subject is the GPU's first, then PyTorch's, so that both find it alike. */
  static BenchPart run(
      Settings settings, Supplier<Backend> opener, Deadline deadline, Consumer<String> progress) {
    long begin = System.nanoTime();
    Ceilings ceilings = Ceilings.NONE;
    DecodeStep step = null;
    String failure = null;
    List<Measurement> measured = new ArrayList<>();
    List<String> notRun = new ArrayList<>();
    try (TorchPeer peer = new TorchPeer(settings.python(), settings.device(), settings.seconds());
        Clocks.Watch clocks = new Clocks.Watch(settings.device());
        Bench bench = new Bench(opener, settings.seconds())) {
      try {
        ceilings = Ceilings.measure(bench.backend(), peer, settings.small());
        step = DecodeStep.measure(bench.backend(), settings.small());
      } catch (RuntimeException e) {
        failure = e.toString();
      }
      if (step == null || step.failure() != null) {
        bench.reopen();
      }
      for (Subject subject : settings.small() ? Subjects.small() : Subjects.gpu()) {
        String name = subject.name();
        if (deadline.hasPassed()) {
          notRun.add(name);
          continue;
        }
        Measurement each = bench.measure(subject).with(peer.time(subject));
        progress.accept(
            "%s: %s"
                .formatted(
                    name,
                    each.failure() == null
                        ? "%.1f us".formatted(each.seconds() * 1e6)
                        : "failed: " + each.failure()));
        measured.add(each);
      }
      Ceilings all = ceilings.with(measured);
      return new BenchPart(
          (System.nanoTime() - begin) * 1e-9,
          all,
          measured.stream().map(each -> Row.of(each, all, settings.small())).toList(),
          notRun,
          step,
          peer.about(),
          peer.refusal(),
          clocks.clocks(),
          failure);
    }
  }
}
