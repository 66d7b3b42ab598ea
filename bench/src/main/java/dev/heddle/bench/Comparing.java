package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.bench.result.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** One comparison: what is measured in it, and how the time is shared. */
final class Comparing implements AutoCloseable {
  /** Texts at a time that are embedded, and how long they are. */
  private static final int[] BATCHES = {1, 8, 32};

  private static final int TOKENS = 128;

  /** Texts at a time that are continued, how long they are, and how long they get. */
  private static final int[] CONTINUED = {1, 4};

  private static final int PROMPT_TOKENS = 128;
  private static final int NEW_TOKENS = 64;
  private static final int ROUNDS = 5;

  /** How much longer a model's step takes than an operation's. */
  private static final double MODEL_WEIGHT = 5;

  /**
   * A step's seconds, for each system, over the measuring time: what goes before takes the rest.
   */
  private static final double EMBEDDING = 4;

  private static final double OPERATION = 3;

  /** Less tells nothing, unless it is asked for. */
  private static final double LEAST_SECONDS = 0.05;

  private final CompareOptions options;
  private final double minutes;
  private final Consumer<String> progress;
  private final Recorder recorder = new Recorder();
  private final List<Budget.Step> steps = new ArrayList<>();
  private OperationBenchmark operations;

  Comparing(CompareOptions options, double minutes, Consumer<String> progress) {
    this.options = options;
    this.minutes = minutes;
    this.progress = progress;
  }

  boolean isEmpty() {
    return steps.isEmpty();
  }

  /** Measures all that was added. */
  Results run() {
    new Budget(minutes * 60, progress).take(steps);
    // What processes took counts as ours once they have ended.
    close();
    return recorder.results();
  }

  /** Adds single operations, and the machine's ceilings before them. */
  void addOperations() {
    List<Entrant> entrants = options.operations();
    List<Subject> subjects =
        Subjects.cpu().stream()
            .filter(subject -> options.wants(subject.name()))
            .filter(subject -> options.wantsType(subject.stored().toString()))
            .toList();
    if (!subjects.isEmpty()) {
      steps.add(new Budget.Step("ceilings", 2, _ -> open(entrants), () -> {}));
    }
    for (Subject subject : subjects) {
      steps.add(
          new Budget.Step(
              subject.name(),
              entrants.size(),
              seconds -> recorder.add(operations.run(subject, share(seconds, entrants, OPERATION))),
              () -> recorder.add(OperationBenchmark.without(subject, entrants, noTime()))));
    }
  }

  private void open(List<Entrant> entrants) {
    List<String> backends =
        entrants.stream().filter(Entrant::isHeddle).map(each -> each.settings().backend()).toList();
    Roofline roofline = Roofline.of(backends, options.allThreads());
    roofline.all().forEach(recorder::add);
    operations = new OperationBenchmark(entrants, roofline, message -> {});
  }

  private String noTime() {
    return "no time was left of %s minutes: give it more by --minutes".formatted(minutes);
  }

  @Override
  public void close() {
    if (operations != null) {
      operations.close();
    }
  }

  /** Adds a model: at every batch with all threads, at the largest with fewer. */
  void addModel(String name) {
    BenchedModel model = BenchedModel.open(name);
    if (model.continuesTexts()) {
      for (int batch : CONTINUED) {
        addTexts(model, batch);
      }
      return;
    }
    for (int batch : BATCHES) {
      addEmbedding(model, batch, options.allThreads());
    }
    for (int threads = 1; threads < options.allThreads(); threads *= 2) {
      addEmbedding(model, BATCHES[BATCHES.length - 1], threads);
    }
  }

  private void addEmbedding(BenchedModel model, int batch, int threads) {
    Workload workload = model.source().fixed(batch, model.atMost(TOKENS));
    List<Entrant> entrants = options.entrants(EmbeddingSystemProvider.class, threads);
    add(
        List.of(workload.work(model.name(), false)),
        threads,
        seconds -> {
          try (ModelBenchmark benchmark =
              new ModelBenchmark(entrants, model.files(), model.name(), message -> {})) {
            recorder.add(benchmark.run(workload, false, share(seconds, entrants, EMBEDDING)));
          }
        },
        entrants);
  }

  private double share(double seconds, List<Entrant> entrants, double over) {
    double most = options.seconds;
    return Math.clamp(seconds / entrants.size() / over, Math.min(LEAST_SECONDS, most), most);
  }

  private void addTexts(BenchedModel model, int batch) {
    List<Entrant> entrants = options.entrants(TextSystemProvider.class, options.allThreads());
    int tokens = model.atMost(PROMPT_TOKENS + NEW_TOKENS);
    int prompt = tokens - Math.min(NEW_TOKENS, tokens / 2);
    TextSettings settings =
        new TextSettings(entrants.getFirst().settings(), Activations.FLOAT32, batch, tokens);
    TextBenchmark benchmark = new TextBenchmark(model, message -> {});
    add(
        List.of(
            benchmark.work("prefill", settings, prompt, false),
            benchmark.work("decode", settings, prompt, false)),
        options.allThreads(),
        _ -> recorder.add(benchmark.run(entrants, settings, prompt, ROUNDS, false)),
        entrants);
  }

  private void add(List<Work> works, int threads, Budget.Body body, List<Entrant> entrants) {
    String name =
        "%s %s, %d %s"
            .formatted(
                works.stream().map(Work::group).collect(Collectors.joining(" and ")),
                works.getLast().shape(),
                threads,
                threads == 1 ? "thread" : "threads");
    if (options.wants(name)) {
      steps.add(
          new Budget.Step(name, MODEL_WEIGHT * entrants.size(), body, () -> skip(works, entrants)));
    }
  }

  private void skip(List<Work> works, List<Entrant> entrants) {
    for (Work work : works) {
      recorder.add(
          entrants.stream()
              .map(entrant -> Line.without(work, entrant.contender(null, null), noTime()))
              .toList());
    }
  }
}
