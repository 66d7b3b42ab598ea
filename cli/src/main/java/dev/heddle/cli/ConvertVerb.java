package dev.heddle.cli;

import dev.heddle.model.GgufExport;
import dev.heddle.weights.Conversion;
import dev.heddle.weights.Quantization;
import dev.heddle.weights.WeightFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle convert}: weights from one file format, or type, into another. */
@Command(
    name = "convert",
    description = "Bring a model's weights into another file format, or quantise them.",
    footerHeading = "%n",
    footer = {
      "What OUT becomes is told by its name: .gguf or .safetensors (floats as F32).",
      "IN is a safetensors or GGUF file, one of several parts, or a folder with one.",
      "Tensors are converted one after the other, of any architecture; their names",
      "stay. A Hugging Face folder of a decoder that GGUF knows becomes a GGUF model,",
      "with its configuration, its tokenizer and GGUF's names.",
      "",
      "Q4_K_M and its like are llama.cpp's mixtures; vectors and norms stay F32.",
      "",
      "Examples:",
      "  heddle convert model.gguf model.safetensors",
      "  heddle convert DIR model-q8_0.gguf --quantise Q8_0",
      "  heddle convert model.gguf model-q4.gguf --quantise Q4_K_M"
    })
public final class ConvertVerb implements Verb {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "IN", description = "A weight file, or a model's folder.")
  private Path in;

  @Parameters(index = "1", paramLabel = "OUT", description = "The file to write.")
  private Path out;

  @Option(
      names = {"--quantise", "--quantize"},
      paramLabel = "T",
      description =
          "Type of matrices in a GGUF file: F32, F16, BF16, Q8_0, Q4_K_M, … (default: as"
              + " they are).")
  private String quantise;

  /** For the service loader. */
  public ConvertVerb() {}

  @Override
  public Integer call() {
    OutputFile.check("OUT", out);
    boolean gguf = out.toString().endsWith(".gguf");
    if (!gguf && !out.toString().endsWith(".safetensors")) {
      throw new ParameterException(
          spec.commandLine(), "OUT " + out + ": expected a name in .gguf or .safetensors");
    }
    Quantization quantization = quantization(gguf);
    try (WeightFile weights = WeightFile.open(in)) {
      if (!gguf) {
        Conversion.toSafetensors(weights, out);
      } else if (GgufExport.knows(in)) {
        GgufExport.write(in, weights, out, quantization);
      } else {
        Conversion.toGguf(weights, out, quantization);
      }
      try (WeightFile written = WeightFile.open(out)) {
        spec.commandLine()
            .getErr()
            .printf(
                "%s: %s, %,d tensors, %s (%s: %s)%n",
                out,
                written.format(),
                written.tensors().size(),
                Amount.bytes(written.bytes()),
                in,
                Amount.bytes(weights.bytes()));
      }
    }
    return ExitCode.OK;
  }

  private Quantization quantization(boolean gguf) {
    if (quantise == null) {
      return null;
    }
    if (!gguf) {
      throw new ParameterException(
          spec.commandLine(),
          "--quantise " + quantise + ": only GGUF files hold quantised tensors");
    }
    return Quantization.of(quantise)
        .orElseThrow(() ->
            new ParameterException(
                spec.commandLine(),
                "--quantise %s: expected one of %s"
                    .formatted(
                        quantise,
                        Arrays.stream(Quantization.values())
                            .map(Enum::name)
                            .collect(Collectors.joining(", ")))));
  }
}
