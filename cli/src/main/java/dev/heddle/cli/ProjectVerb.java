package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.task.Embedder;
import dev.heddle.task.Embeddings;
import dev.heddle.task.TextTooLongException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code heddle project}: texts as points on a page. */
@Command(
    name = "project",
    description = "Show the lines of a file as points, those alike near one another.",
    footerHeading = "%n",
    footer = {
      "The page shows where the vectors of the texts lie, as PCA sees them (the two",
      "directions in which they vary most) or UMAP (neighbours stay neighbours); point",
      "at a text to see its nearest by the cosine of the vectors, or search for words.",
      "It needs no network. UMAP is there for 5 to 4,095 texts.",
      "",
      "Examples:",
      "  heddle project --model DIR --input lines.txt --out points.html",
      "  sort -u log.txt | heddle project --model DIR --input - --out points.html"
    })
public final class ProjectVerb implements Verb {
  private static final int FEWEST = 3;
  private static final int NEIGHBOURS = 8;

  @Spec private CommandSpec spec;
  @Mixin private ModelSelection model;
  @Mixin private BackendSelection selection;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description = "A UTF-8 file with a text a line; - for standard input.")
  private String input;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = {
        "Cut longer texts to N tokens; 0: a text that is longer than the model takes is an error."
      })
  private Integer maxTokens;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The page to write: points.html.")
  private Path file;

  /** For the service loader. */
  public ProjectVerb() {}

  @Override
  public Integer call() throws IOException {
    OutputFile.check("--out", file);
    List<String> texts =
        TextFile.read("--input", input).text().lines().filter(line -> !line.isBlank()).toList();
    if (texts.size() < FEWEST) {
      throw new BadInputException(
          "--input %s: has %d lines with text; expected %d or more"
              .formatted(input, texts.size(), FEWEST));
    }
    try (Model opened = model.open();
        Embedder embedder = embedder(opened)) {
      BackendSelection.logReason(embedder.reason());
      float[][] vectors = embed(embedder, texts).vectors();
      Files.writeString(file, page(opened.name(), embedder.device().backend(), texts, vectors));
    }
    spec.commandLine()
        .getOut()
        .printf("%s: %,d texts, %s%n", file, texts.size(), Amount.bytes(Files.size(file)));
    return ExitCode.OK;
  }

  private Embedder embedder(Model opened) {
    Embedder.Builder builder =
        Embedder.builder(opened).backend(selection.choice()).backendOptions(selection.options());
    if (maxTokens != null) {
      builder.maxTokens(maxTokens);
    }
    return builder.build();
  }

  private Embeddings embed(Embedder embedder, List<String> texts) {
    try (Progress progress = Progress.of("embedding", texts.size())) {
      return embedder.embedAll(texts, progress::to);
    } catch (TextTooLongException e) {
      throw new BadInputException(
          "--input %s: \"%.40s…\" has %,d tokens; %s takes at most %,d. Cut it with --max-tokens %d"
              .formatted(
                  input,
                  texts.get(e.index()),
                  e.tokens(),
                  embedder.model().name(),
                  e.limit(),
                  e.limit()),
          e);
    }
  }

  static String page(String model, String backend, List<String> texts, float[][] vectors) {
    PrincipalComponents components = PrincipalComponents.of(vectors, 2);
    List<Object> projections = new ArrayList<>();
    projections.add(
        Json.object(
            "name", "PCA",
            "about",
                "The two directions in which the vectors vary most have %.1f %% and %.1f %% of the variance."
                    .formatted(100 * components.shares()[0], 100 * components.shares()[1]),
            "points", components.coordinates()));
    if (Manifold.takes(vectors.length)) {
      projections.add(
          Json.object(
              "name", "UMAP",
              "about", "Neighbours stay neighbours; how far groups lie apart means little.",
              "points", Manifold.of(vectors)));
    }
    Neighbours neighbours = Neighbours.of(vectors, NEIGHBOURS);
    return Page.of(
        "project",
        "Texts as " + model + " sees them",
        Json.object(
            "backend",
            backend,
            "dimensions",
            vectors[0].length,
            "texts",
            texts,
            "projections",
            projections,
            "neighbours",
            neighbours.indices(),
            "cosines",
            neighbours.cosines()));
  }
}
