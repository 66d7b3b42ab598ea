package dev.heddle.cli;

import dev.heddle.backend.Backend;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.Trace;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.SafetensorsWriter;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle trace}: everything a model computes on the way, in a file. */
@Command(
    name = "trace",
    description = "Write every hidden state and attention map of one run to a file.",
    footerHeading = "%n",
    footer = {
      "For finding where two implementations part. The file holds, in float32 unless",
      "said otherwise, of n tokens:",
      "  input_ids, token_type_ids   [n], int64, as they were given",
      "  hidden.0                    [n, hidden], after the embeddings",
      "  hidden.1, hidden.2, …       [n, hidden], after each layer",
      "  attention.0, attention.1, … [heads, n, n], of each layer",
      "  last_hidden_state           [n, hidden], of an encoder",
      "  pooler_output               [hidden], where the model has a pooler",
      "  logits                      [n, vocabulary], of a decoder",
      "Of an encoder–decoder it holds input_ids, decoder_input_ids, and the same under",
      "encoder.…, decoder.…, and cross.attention.i [heads, m, n].",
      "Of an ONNX file it holds the outputs, under these names or their own.",
      "",
      "Examples:",
      "  heddle trace --model DIR --ids 2,17,45,3 --out trace.safetensors",
      "  heddle trace --model DIR --ids 2,17,3,45,3 --type-ids 0,0,0,1,1 --out F",
      "  heddle explain --model trace.safetensors"
    })
public final class TraceVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private ModelSelection model;
  @Mixin private BackendSelection selection;

  @Option(
      names = "--ids",
      required = true,
      split = ",",
      paramLabel = "ID",
      description = "Token ids, special tokens included: 2,17,3.")
  private int[] ids;

  @Option(
      names = "--type-ids",
      split = ",",
      paramLabel = "ID",
      description = "Which text of a pair each token belongs to: 0,0,1 (default: zeros).")
  private int[] typeIds;

  @Option(
      names = "--decoder-ids",
      split = ",",
      paramLabel = "ID",
      description = {
        "Token ids of the decoder beside an encoder, the start token included (default: that"
            + " alone)."
      })
  private int[] decoderIds;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The safetensors file to write.")
  private Path file;

  /** For the service loader. */
  public TraceVerb() {}

  @Override
  public Integer call() {
    OutputFile.check("--out", file);
    Map<String, HostTensor> tensors;
    boolean layers;
    try (Model opened = model.open()) {
      if (decoderIds != null && !writesAbout(opened)) {
        throw new ParameterException(
            spec.commandLine(),
            "--decoder-ids were given, but %s is no encoder–decoder; leave them out"
                .formatted(opened.name()));
      }
      layers = opened.network() instanceof Model.Checkpoint;
      try (OnBackend on =
          selection.load(backend ->
              new OnBackend(backend, Trace.of(opened, backend, selection.options().models())))) {
        tensors = on.trace.run(ids, typeIds, decoderIds);
      }
    }
    SafetensorsWriter.write(file, tensors);
    PrintWriter out = spec.commandLine().getOut();
    print(tensors, out);
    if (!layers) {
      out.println("An ONNX file tells its outputs only. Its layers are in a trace of the folder");
      out.println("that it was made from.");
    }
    return ExitCode.OK;
  }

  private static boolean writesAbout(Model model) {
    return model.network() instanceof Model.Checkpoint checkpoint
        && checkpoint.architecture() instanceof EncoderDecoder;
  }

  /** The compiled model and the backend it is on. */
  private record OnBackend(Backend backend, Trace trace) implements AutoCloseable {
    @Override
    public void close() {
      trace.close();
      backend.close();
    }
  }

  private void print(Map<String, HostTensor> tensors, PrintWriter out) {
    out.printf("%s: %d tensors%n", file, tensors.size());
    Table table = new Table().left("").left("").left("");
    tensors.forEach((name, tensor) -> table.row(name, tensor.dtype(), tensor.shape()));
    table.print(out, "  ");
  }
}
