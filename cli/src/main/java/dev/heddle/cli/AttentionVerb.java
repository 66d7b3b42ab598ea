package dev.heddle.cli;

import dev.heddle.generate.GeneratedSequence;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.generate.StopReason;
import dev.heddle.model.AttentionKind;
import dev.heddle.model.AttentionLayer;
import dev.heddle.model.AttentionSelection;
import dev.heddle.model.AttentionWeights;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.task.AttentionMapper;
import dev.heddle.task.AttentionMaps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle attention}: what the heads of a model attend to. */
@Command(
    name = "attention",
    description = "Show which tokens attend to which, as a page, a picture or JSON.",
    footerHeading = "%n",
    footer = {
      "The name of the file says what is written:",
      "  map.html  a page with every map that was asked for: choose layer and head, see",
      "            the weights and the lines between tokens; it needs no network",
      "  map.png   a picture of one map: the head asked for, or the mean of several;",
      "            without --layer of the last layer, without --kind of cross-attention",
      "            where there is some",
      "  map.json  the weights as numbers; docs/json.md lists the fields",
      "Layers and heads count from 0. What is not asked for is not computed.",
      "",
      "An encoder–decoder writes its own target, unless --target is given. Weights of an",
      "ONNX file are found in its graph, where they are a softmax over keys.",
      "",
      "Examples:",
      "  heddle attention --model DIR \"The loom is warm.\" --out map.html",
      "  heddle attention --model DIR \"The loom.\" --layer 2 --head 7 --out map.png",
      "  heddle attention --model DIR \"3. März 2017\" --target \"2017-03-03\" --kind cross \\",
      "      --out map.json"
    })
public final class AttentionVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private ModelSelection model;
  @Mixin private BackendSelection selection;

  @Parameters(paramLabel = "TEXT", description = "The text that is read.")
  private String text;

  @Option(
      names = "--target",
      paramLabel = "TEXT",
      description = "What an encoder–decoder has written about it (default: what it would write).")
  private String target;

  @Option(
      names = "--kind",
      paramLabel = "K",
      split = ",",
      description = "encoder, decoder or cross; several, with commas (default: all there are).")
  private Set<String> kinds = Set.of();

  @Option(
      names = "--layer",
      paramLabel = "L",
      split = ",",
      description = "The layer, from 0; several, with commas (default: all).")
  private Set<Integer> layers = Set.of();

  @Option(
      names = "--head",
      paramLabel = "H",
      split = ",",
      description = "The head, from 0; several, with commas (default: all).")
  private Set<Integer> heads = Set.of();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The file to write: .html, .png or .json.")
  private Path file;

  /** For the service loader. */
  public AttentionVerb() {}

  private enum Format {
    HTML,
    PNG,
    JSON;

    static Format of(Path file) {
      String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
      return Arrays.stream(values())
          .filter(format -> name.endsWith("." + format.name().toLowerCase(Locale.ROOT)))
          .findFirst()
          .orElseThrow(() ->
              new BadInputException(
                  "--out %s: expected a name that ends in .html, .png or .json".formatted(file)));
    }
  }

  @Override
  public Integer call() throws IOException {
    OutputFile.check("--out", file);
    Format format = Format.of(file);
    Set<AttentionKind> asked = kinds.stream().map(this::kind).collect(Collectors.toSet());
    try (Model opened = model.open()) {
      boolean writes =
          opened.network() instanceof Model.Checkpoint checkpoint
              && checkpoint.architecture() instanceof EncoderDecoder;
      if (target != null && !writes) {
        throw new ParameterException(
            spec.commandLine(),
            "--target was given, but %s is no encoder–decoder; leave it out"
                .formatted(opened.name()));
      }
      AttentionSelection wanted = new AttentionSelection(asked, layers, heads);
      if (format == Format.PNG) {
        wanted = ofPicture(wanted, AttentionMapper.layers(opened));
      }
      try (AttentionMapper mapper =
          AttentionMapper.builder(opened)
              .selection(wanted)
              .backend(selection.choice())
              .backendOptions(selection.options())
              .build()) {
        BackendSelection.logReason(mapper.reason());
        AttentionMaps maps =
            !writes
                ? mapper.map(text)
                : target == null ? mapper.map(text, written(opened)) : mapper.map(text, target);
        write(format, new AttentionExport(opened.name(), mapper.device().backend(), text, maps));
      }
    }
    return ExitCode.OK;
  }

  private AttentionKind kind(String name) {
    return Arrays.stream(AttentionKind.values())
        .filter(kind -> kind.spelling().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new ParameterException(
                spec.commandLine(),
                "--kind " + name + ": expected encoder, decoder or cross, or several of them"));
  }

  /** What the model writes about the text by itself, the token that ends it left out. */
  private int[] written(Model opened) {
    try (Generator generator =
        Generator.builder(opened)
            .backend(selection.choice())
            .backendOptions(selection.options())
            .build()) {
      GenerationOptions options = generator.options();
      GeneratedSequence written = generator.generate(text, options).first();
      int[] ids = written.ids();
      return written.stopped() == StopReason.EOS ? Arrays.copyOf(ids, ids.length - 1) : ids;
    }
  }

  /** One kind and one layer, unless more were asked for. */
  private static AttentionSelection ofPicture(AttentionSelection wanted, List<AttentionLayer> all) {
    Set<AttentionKind> kinds = wanted.kinds();
    if (kinds.isEmpty()) {
      boolean cross = all.stream().anyMatch(layer -> layer.kind() == AttentionKind.CROSS);
      kinds = Set.of(cross ? AttentionKind.CROSS : all.getFirst().kind());
    }
    if (kinds.size() > 1) {
      throw new BadInputException("--kind: a picture shows one kind; name one, or write a page");
    }
    AttentionKind kind = kinds.iterator().next();
    Set<Integer> layers = wanted.layers();
    if (layers.isEmpty()) {
      layers =
          Set.of(
              all.stream()
                  .filter(layer -> layer.kind() == kind)
                  .mapToInt(AttentionLayer::index)
                  .max()
                  .orElse(0));
    }
    return new AttentionSelection(kinds, layers, wanted.heads());
  }

  private void write(Format format, AttentionExport export) throws IOException {
    switch (format) {
      case HTML -> Files.writeString(file, export.page());
      case JSON -> Files.writeString(file, export.json());
      case PNG -> draw(export);
    }
    List<AttentionWeights> maps = export.maps().maps();
    spec.commandLine()
        .getOut()
        .printf(
            "%s: %s, %s%n",
            file,
            format == Format.PNG && maps.size() > 1
                ? "the mean of " + maps.size() + " maps"
                : maps.size() + (maps.size() == 1 ? " map" : " maps"),
            Amount.bytes(Files.size(file)));
  }

  private void draw(AttentionExport export) throws IOException {
    AttentionWeights map = mean(export.maps().maps());
    List<String> queries = labels(export.maps().queries(map));
    List<String> keys = labels(export.maps().keys(map));
    if (Math.max(queries.size(), keys.size()) > AttentionPicture.MAX_TOKENS) {
      throw new BadInputException(
          "the text has %,d tokens; a picture shows at most %,d. Write JSON"
              .formatted(keys.size(), AttentionPicture.MAX_TOKENS));
    }
    System.setProperty("java.awt.headless", "true");
    try {
      new AttentionPicture(title(export), map, queries, keys).write(file);
    } catch (InternalError | NoClassDefFoundError | UnsatisfiedLinkError e) {
      throw new BadInputException(
          "--out %s: Java draws no pictures here: %s. Install fontconfig and a font (a bundle's"
              + " Java"
              + " draws none anywhere), or write .html".formatted(file, e.getMessage()),
          new IllegalStateException(e));
    }
  }

  private static List<String> labels(List<AttentionMaps.Token> tokens) {
    return tokens.stream().map(AttentionExport::label).toList();
  }

  private static String title(AttentionExport export) {
    List<AttentionWeights> maps = export.maps().maps();
    AttentionWeights first = maps.getFirst();
    String which = "%s attention".formatted(first.kind().spelling());
    List<Integer> layers = maps.stream().map(AttentionWeights::layer).distinct().toList();
    List<Integer> heads = maps.stream().map(AttentionWeights::head).distinct().toList();
    return "%s: %s, %s, %s"
        .formatted(export.model(), which, named("layer", layers), named("head", heads));
  }

  private static String named(String what, List<Integer> numbers) {
    return numbers.size() == 1
        ? what + " " + numbers.getFirst()
        : "mean of %d %ss".formatted(numbers.size(), what);
  }

  /** The mean of maps of the same tokens. */
  static AttentionWeights mean(List<AttentionWeights> maps) {
    AttentionWeights first = maps.getFirst();
    float[] mean = new float[first.values().length];
    for (AttentionWeights map : maps) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += map.values()[i] / maps.size();
      }
    }
    return new AttentionWeights(
        first.kind(), first.layer(), first.head(), first.queries(), first.keys(), mean);
  }
}
