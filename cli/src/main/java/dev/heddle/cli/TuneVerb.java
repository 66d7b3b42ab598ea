package dev.heddle.cli;

import dev.heddle.backend.Backend;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.Tunable;
import dev.heddle.backend.Tunable.Measured;
import dev.heddle.backend.Tunable.Tuning;
import dev.heddle.graph.Graph;
import dev.heddle.model.Model;
import dev.heddle.pass.ComputeIn;
import dev.heddle.pass.Passes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle tune}: which parameters of a device's kernels suit a model best. */
@Command(
    name = "tune",
    description = "Measure which tiles of a device's kernels suit a model best, and keep them.",
    footerHeading = "%n",
    footer = {
      "Tiles change how fast a product is, and no bit of it. Each shape of the model is",
      "measured on random data; what is found is kept for the device, in the user's cache,",
      "and used by every later run there. heddle explain shows which tiles a node has.",
      "",
      "Examples:",
      "  heddle tune --backend opencl --model DIR",
      "  heddle tune --backend opencl --model DIR --rows 4096 --json"
    })
public final class TuneVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private ModelSelection model;
  @Mixin private BackendSelection selection;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "512",
      description = "Tokens that are computed at a time (default: ${DEFAULT-VALUE}).")
  private int rows;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public TuneVerb() {}

  @Override
  public Integer call() {
    if (rows < 1) {
      throw new ParameterException(
          spec.commandLine(), "--rows %d: expected 1 or more".formatted(rows));
    }
    try (Model opened = model.open();
        Backend backend = selection.load(chosen -> chosen)) {
      if (!(backend instanceof Tunable tunable)) {
        throw new BadInputException(
            "%s has no kernels to tune; give --backend opencl".formatted(backend.device()));
      }
      Graph fused = Passes.standard().apply(opened.graph());
      ComputeType type = selection.options().models().computeType();
      Graph graph = new ComputeIn(type.on(backend, fused)).apply(fused);
      Tuning tuning;
      try (Progress progress = Progress.of("Measuring products", -1)) {
        List<Measured> done = new ArrayList<>();
        tuning =
            tunable.tune(
                graph,
                rows,
                measured -> {
                  done.add(measured);
                  progress.to(done.size());
                });
      }
      print(tuning, tunable.peakFlops());
    }
    return ExitCode.OK;
  }

  private void print(Tuning tuning, double peak) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(
          Json.pretty(
              Json.object(
                  "file", tuning.file().toString(),
                  "peak_flops_per_second", peak,
                  "measured", tuning.measured().stream().map(TuneVerb::json).toList())));
      return;
    }
    Table table =
        new Table()
            .left("product")
            .right("before")
            .right("after")
            .right("GFLOP/s")
            .right("of peak")
            .left("tiles");
    for (Measured each : tuning.measured()) {
      double flops = each.flops() / each.afterSeconds();
      table.row(
          each.operation(),
          millis(each.beforeSeconds()),
          millis(each.afterSeconds()),
          "%.1f".formatted(flops * 1e-9),
          "%.2f".formatted(flops / peak),
          each.after().equals(each.before()) ? "as before" : each.after());
    }
    table.print(out, "");
    out.printf("peak: %.1f GFLOP/s in multiply-adds that stay in registers%n", peak * 1e-9);
    out.println("Kept in " + tuning.file());
  }

  private static String millis(double seconds) {
    return "%.3f ms".formatted(seconds * 1e3);
  }

  private static Map<String, Object> json(Measured each) {
    return Json.object(
        "operation", each.operation(),
        "before", each.before(),
        "before_seconds", each.beforeSeconds(),
        "after", each.after(),
        "after_seconds", each.afterSeconds(),
        "flops", each.flops());
  }
}
