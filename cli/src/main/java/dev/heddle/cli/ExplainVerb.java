package dev.heddle.cli;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.model.Model;
import dev.heddle.model.UnsupportedModelException;
import dev.heddle.pass.Passes;
import dev.heddle.weights.WeightFile;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle explain}: what a model costs and how it runs, or what a weight file holds. */
@Command(
    name = "explain",
    description = "Show what a model costs and how it runs, or what a weight file holds.",
    footerHeading = "%n",
    footer = {
      "Of a model: parameters, bytes, floating-point operations a token, and the graph",
      "after all passes with each node's kernel and why it was chosen. Of a safetensors",
      "or GGUF file: metadata and tensors. A broken file is refused with exit code 2 and",
      "the file, field, byte and reason. The JSON's fields are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle explain --model DIR",
      "  heddle explain --model DIR --backend reference --tokens 16",
      "  heddle explain --model model.safetensors"
    })
public final class ExplainVerb implements Verb {
  private static final int USUAL_TOKENS = 128;

  @Spec private CommandSpec spec;
  @Mixin private ModelSelection model;
  @Mixin private BackendSelection selection;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Length of the text that costs are counted for (default: 128).")
  private Integer tokens;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public ExplainVerb() {}

  @Override
  public Integer call() {
    Path file = bareWeights(model.reference());
    if (file != null) {
      try (WeightFile weights = WeightFile.open(file)) {
        explain(new WeightFileExplanation(weights));
      }
    } else {
      try (Model opened = model.open()) {
        explain(opened);
      } catch (UnsupportedModelException e) {
        throw new BadInputException(
            e.getMessage() + "; to see its weights alone, name their file", e);
      }
    }
    return ExitCode.OK;
  }

  /** Where {@code reference} has weights, but nothing that tells how to compute with them. */
  private static Path bareWeights(String reference) {
    Path path;
    try {
      path = Path.of(reference);
    } catch (InvalidPathException e) {
      return null;
    }
    if (Files.isDirectory(path)) {
      boolean tells =
          Stream.of("config.json", "modules.json", "model.onnx", "onnx/model.onnx")
              .anyMatch(name -> Files.exists(path.resolve(name)));
      return tells ? null : path;
    }
    boolean named = reference.endsWith(".safetensors") || reference.endsWith(".gguf");
    boolean isFile = Files.exists(path) && !reference.endsWith(".onnx");
    return named || isFile ? path : null;
  }

  private void explain(WeightFileExplanation explanation) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.pretty(explanation.json()));
    } else {
      explanation.print(out);
    }
  }

  private void explain(Model opened) {
    int length = tokens(opened.network().contextLength());
    Graph graph = Passes.standard().apply(opened.graph());
    BackendOptions options = selection.options();
    Backends.Selected<Compiled> selected =
        new Backends()
            .load(
                selection.choice(),
                options,
                backend -> new Compiled(backend, backend.compile(graph, options.models())));
    try (Compiled compiled = selected.value()) {
      ModelExplanation explanation =
          new ModelExplanation(
              opened,
              graph,
              compiled.backend.device(),
              selected.reason(),
              compiled.program.plan(),
              length);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(Json.pretty(explanation.json()));
      } else {
        explanation.print(out);
        if (model.reference().endsWith(".onnx")) {
          explanation.printTensors(opened.graph(), out);
        }
      }
    }
  }

  private int tokens(int contextLength) {
    int longest = contextLength > 0 ? contextLength : Integer.MAX_VALUE;
    if (tokens == null) {
      return Math.min(USUAL_TOKENS, longest);
    }
    if (tokens < 1 || tokens > longest) {
      throw new ParameterException(
          spec.commandLine(),
          "--tokens %d: the model takes 1%s"
              .formatted(tokens, contextLength > 0 ? " to " + contextLength : " or more"));
    }
    return tokens;
  }

  /** The program and the backend it is on. */
  private record Compiled(Backend backend, Program program) implements AutoCloseable {
    @Override
    public void close() {
      program.close();
      backend.close();
    }
  }
}
