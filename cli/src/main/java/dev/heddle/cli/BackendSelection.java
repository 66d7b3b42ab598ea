package dev.heddle.cli;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.backend.ComputeType;
import java.lang.System.Logger.Level;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every verb that computes: where, with how many threads, in which type. */
public final class BackendSelection {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--backend",
      paramLabel = "B",
      description = {
        "auto, cpu, cuda, opencl, reference, or a device as heddle devices names it: opencl:0.",
        "Without it HEDDLE_BACKEND decides, then auto: the usable device of highest priority."
      })
  private String backend;

  @Option(
      names = "--device",
      paramLabel = "D",
      description = "The backend's device: its number, or part of its name.")
  private String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "CPU threads that compute (default: one a core that the process may use).")
  private int threads;

  @Option(
      names = "--dtype",
      paramLabel = "T",
      defaultValue = "auto",
      description = {
        "The type that models compute in: auto, f32, bf16, f16, or tf32 with --numerics fastest.",
        "auto is bf16 on NVIDIA GPUs from compute capability 8.0 on, f32 elsewhere and where",
        "weights are quantised."
      })
  private String dtype;

  @Option(
      names = "--numerics",
      paramLabel = "N",
      defaultValue = "invariant",
      description = {
        "invariant: the same numbers alone or in any batch. fastest: the GPU's library of",
        "products, which picks its algorithm by size."
      })
  private String numerics;

  @Option(
      names = "--activations",
      paramLabel = "A",
      defaultValue = "float32",
      description = {
        "What quantised weights are multiplied with: float32, or int8, rounded to 8 bits in",
        "blocks of 32 (the cpu backend). The same for prompts and single tokens."
      })
  private String activations;

  /** For picocli. */
  public BackendSelection() {}

  /**
   * Opens the chosen backend and loads something on it, as {@link Backends#load} does, and logs
   * which was taken and why.
   */
  public <T> T load(Function<Backend, T> loader) {
    Backends.Selected<T> selected = new Backends().load(backend, options(), loader);
    logReason(selected.reason());
    return selected.value();
  }

  /** Says which backend was taken, and why. */
  static void logReason(String reason) {
    System.getLogger("dev.heddle.cli").log(Level.INFO, reason);
  }

  /** The choice as {@link Backends} takes it; null where none was made. */
  public String choice() {
    return backend;
  }

  /** Device, threads and arithmetic. */
  public BackendOptions options() {
    if (threads < 0) {
      throw new ParameterException(
          spec.commandLine(), "--threads " + threads + ": expected 0 (all) or more");
    }
    Activations chosen =
        switch (activations) {
          case "float32" -> Activations.FLOAT32;
          case "int8" -> Activations.INT8;
          default ->
              throw new ParameterException(
                  spec.commandLine(),
                  "--activations " + activations + ": expected float32 or int8");
        };
    return BackendOptions.DEFAULT
        .withDevice(device)
        .withThreads(threads)
        .withActivations(chosen)
        .withModels(models());
  }

  private CompileOptions models() {
    Numerics wanted =
        switch (numerics) {
          case "invariant" -> Numerics.INVARIANT;
          case "fastest" -> Numerics.FASTEST;
          default ->
              throw new ParameterException(
                  spec.commandLine(), "--numerics " + numerics + ": expected invariant or fastest");
        };
    try {
      return CompileOptions.MODEL.withNumerics(wanted).withComputeType(ComputeType.of(dtype));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--dtype %s: %s".formatted(dtype, e.getMessage()));
    }
  }

  /**
   * Refuses other types and numerics than the default ones: for verbs that hold what is computed
   * against float32, or measure it beside others.
   */
  public BackendOptions float32Options() {
    BackendOptions options = options();
    ComputeType type = options.models().computeType();
    boolean other = type != ComputeType.AUTO && type != ComputeType.F32;
    if (other || options.models().numerics() != Numerics.INVARIANT) {
      throw new ParameterException(
          spec.commandLine(),
          "%s: this verb computes in f32 with invariant numerics"
              .formatted(other ? "--dtype " + dtype : "--numerics " + numerics));
    }
    return options.withModels(CompileOptions.DEFAULT);
  }
}
