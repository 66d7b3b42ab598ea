package dev.heddle.cli;

import dev.heddle.model.DecoderGraph;
import dev.heddle.tensor.DType;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option of every verb that keeps keys and values. */
final class CacheSelection {
  private static final int PAGE_TOKENS = 128;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--cache-type",
      paramLabel = "T",
      defaultValue = "auto",
      description = {
        "How keys and values of past tokens are kept: auto (as --dtype has it), f32, f16 or",
        "q8_0, 0.27 of f32's memory, for heads of a multiple of 32 elements."
      })
  private String type;

  /** The choice as generators and scorers take it. */
  DecoderGraph.Storage storage() {
    DType dtype =
        switch (type) {
          case "auto" -> null;
          case "f32" -> DType.F32;
          case "f16" -> DType.F16;
          case "q8_0" -> DType.Q8_0;
          default ->
              throw new ParameterException(
                  spec.commandLine(), "--cache-type " + type + ": expected auto, f32, f16 or q8_0");
        };
    return new DecoderGraph.Storage(dtype, PAGE_TOKENS);
  }
}
