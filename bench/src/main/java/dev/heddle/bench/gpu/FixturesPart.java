package dev.heddle.bench.gpu;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.fixture.CaseResult;
import dev.heddle.fixture.Fixtures;
import dev.heddle.fixture.Target;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.model.Trace;
import dev.heddle.tensor.HostTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What others computed with small models, computed again; and the models that are shipped, every
 * state of every layer, beside the {@code cpu} backend.
 */
final class FixturesPart {
  /** For the mean square of the differences over that of the numbers: two orders of float32. */
  private static final double NMSE = 1e-6;

  private static final int TOKENS = 24;

  private FixturesPart() {}

  /**
   * Runs them.
   *
   * @param folders of reference data, as {@code heddle verify --fixtures} takes them
   * @param small whether the first model of each kind does
   */
  static Part run(
      List<Path> folders,
      BackendOptions options,
      Supplier<Backend> opener,
      boolean small,
      Deadline deadline) {
    Part.Tally tally =
        new Part.Tally(
            "fixtures",
            "what transformers computed with small models; the shipped models beside the cpu"
                + " backend, layer by layer");
    for (String name : Models.names().subList(0, small ? 1 : Models.names().size())) {
      if (deadline.hasPassed()) {
        tally.notRun();
        continue;
      }
      try {
        String wrong = differs(name, opener);
        if (wrong == null) {
          tally.passed();
        } else {
          tally.failed(name, wrong);
        }
      } catch (RuntimeException e) {
        tally.failed(name, e.toString());
      }
    }
    Target target = new Target(GpuCheckVerb.BACKEND, options);
    for (Path folder : folders) {
      if (deadline.hasPassed()) {
        tally.notRun();
        continue;
      }
      try {
        Fixtures suites = new Fixtures(target, result -> add(result, tally), note -> {});
        if (small) {
          runFirst(suites, folder);
        } else {
          suites.run(folder);
        }
      } catch (IOException | RuntimeException e) {
        tally.failed(folder.toString(), e.toString());
      }
    }
    return tally.part();
  }

  /** The first model of a folder such as {@code hf}: alone in a folder of that name. */
  private static void runFirst(Fixtures suites, Path folder) throws IOException {
    Path parent = Files.createTempDirectory("heddle-fixtures");
    Path own = parent.resolve(folder.toAbsolutePath().getFileName());
    Files.createDirectory(own);
    Path first;
    try (Stream<Path> models = Files.list(folder)) {
      first = models.sorted().findFirst().orElseThrow();
    }
    Path link = Files.createSymbolicLink(own.resolve(first.getFileName()), first.toAbsolutePath());
    try {
      suites.run(own);
    } finally {
      Files.delete(link);
      Files.delete(own);
      Files.delete(parent);
    }
  }

  private static void add(CaseResult result, Part.Tally tally) {
    switch (result.status()) {
      case PASSED -> tally.passed();
      case FAILED -> tally.failed(result.name(), result.reason());
      case UNSUPPORTED -> tally.unsupported(result.reason());
    }
  }

  private static String differs(String name, Supplier<Backend> opener) {
    try (Model model = Models.open(name)) {
      Map<String, HostTensor> expected =
          trace(model, () -> new Backends().open("cpu", BackendOptions.DEFAULT).value());
      Map<String, HostTensor> actual = trace(model, opener);
      for (String tensor : expected.keySet()) {
        double error = nmse(actual.get(tensor), expected.get(tensor));
        if (!(error <= NMSE)) {
          return "%s: a normalised mean square error of %.3g to the cpu backend's; at most %.0g"
              .formatted(tensor, error, NMSE);
        }
      }
      return null;
    }
  }

  private static Map<String, HostTensor> trace(Model model, Supplier<Backend> opener) {
    try (Backend backend = opener.get();
        Trace trace = Trace.of(model, backend)) {
      // Ids that any vocabulary has, in no order.
      return trace.run(IntStream.range(0, TOKENS).map(i -> 3 + i * 7 % 29).toArray(), null, null);
    }
  }

  static double nmse(HostTensor actual, HostTensor expected) {
    double errors = 0;
    double squares = 0;
    for (long i = 0; i < expected.shape().elements(); i++) {
      double want = expected.getDouble(i);
      double difference = actual.getDouble(i) - want;
      errors += difference * difference;
      squares += want * want;
    }
    return errors == 0 ? 0 : errors / squares;
  }
}
