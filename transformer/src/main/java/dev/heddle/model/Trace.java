package dev.heddle.model;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.onnx.OnnxModel;
import dev.heddle.pass.Passes;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import dev.heddle.weights.Weights;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model compiled to show everything it computes for one sequence: for finding where two
 * implementations part.
 *
 * <p>Safe for many threads. The model stays open as long as this.
 */
public final class Trace implements AutoCloseable {
  private final TraceSubject subject;
  private final Program program;

  private Trace(TraceSubject subject, Program program) {
    this.subject = subject;
    this.program = program;
  }

  /**
   * Compiles {@code model} on {@code backend}, which its owner closes after this.
   *
   * @throws ModelException if the model is an ONNX file of something else than an encoder
   * @throws dev.heddle.backend.HeddleException if the model or its graph is refused
   */
  public static Trace of(Model model, Backend backend, CompileOptions options) {
    TraceSubject subject =
        switch (model.network()) {
          case Model.Checkpoint(Architecture architecture, Weights weights) ->
              switch (architecture) {
                case Encoder encoder ->
                    new TraceSubject.OfEncoder(
                        model.name(), encoder, weights, head(model, weights));
                case EncoderDecoder both -> new TraceSubject.OfBoth(model.name(), both, weights);
                case Decoder decoder ->
                    new TraceSubject.OfDecoder(
                        model.name(), decoder, weights, head(model, weights));
              };
          case Model.Onnx(OnnxModel onnx, int length) ->
              TraceSubject.OfOnnx.of(model.name(), onnx.graph(), length);
        };
    Graph graph = Passes.standard().apply(subject.graph());
    return new Trace(subject, backend.compile(graph, options));
  }

  /** The same in float32. */
  public static Trace of(Model model, Backend backend) {
    return of(model, backend, CompileOptions.DEFAULT);
  }

  /** What is said of the head, if it is there: some name the class they were made from. */
  private static HeadSettings head(Model model, Weights weights) {
    Head head = model.head().head();
    return head != null && head.isIn(weights) ? model.head() : HeadSettings.NONE;
  }

  /**
   * One sequence's tensors, as the reference fixtures name them: {@code input_ids}, {@code
   * token_type_ids} where they were given (I64 {@code [n]}), {@code hidden.0} (after the
   * embeddings) and {@code hidden.i} after each layer {@code [n, hidden]}, {@code attention.i}
   * {@code [heads, n, n]}, and of an encoder {@code last_hidden_state}, and {@code pooler_output}
   * {@code [hidden]} where the checkpoint has a pooler, of a decoder {@code logits} {@code [n,
   * vocabulary]}; F32. A model with a {@link Head} has its output, in place of a decoder's: {@code
   * logits}, {@code [labels]} of a whole text; or {@code start_logits} and {@code end_logits}
   * {@code [n]}. The last state is behind the final norm, where there is one.
   *
   * <p>An ONNX file tells its outputs and nothing else: those, without the axis of the batch, and
   * under these names where they are one of these.
   *
   * <p>Of an encoder–decoder see {@link #run(int[], int[], int[])}, which is given the start token
   * alone to decode.
   *
   * @param typeIds the token types, or null for zeros
   * @throws InvalidInputException if there are no ids or more than the model takes, if the token
   *     types are not as many or the model has none, or if an id is out of range
   */
  public Map<String, HostTensor> run(int[] ids, int[] typeIds) {
    return run(ids, typeIds, null);
  }

  /**
   * The same of an encoder–decoder: {@code input_ids} and {@code decoder_input_ids}, {@code
   * encoder.hidden.i}, {@code encoder.attention.i}, {@code decoder.hidden.i}, {@code
   * decoder.attention.i [heads, m, m]}, {@code cross.attention.i [heads, m, n]}, {@code logits [m,
   * vocabulary]}.
   *
   * @param decoderIds what has been written so far, the start token included; null for that alone
   * @throws InvalidInputException as {@link #run(int[], int[])} does, or if {@code decoderIds} are
   *     given to a model that is no encoder–decoder
   */
  public Map<String, HostTensor> run(int[] ids, int[] typeIds, int[] decoderIds) {
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put(Encoder.INPUT_IDS, wide(ids));
    if (typeIds != null) {
      tensors.put(Encoder.TOKEN_TYPE_IDS, wide(typeIds));
    }
    Inputs inputs =
        switch (subject) {
          case TraceSubject.OfBoth both -> {
            int[] written = both.written(decoderIds);
            tensors.put(DecoderGraph.DECODER + DecoderGraph.INPUT_IDS, wide(written));
            yield both.inputs(ids, typeIds, written);
          }
          default -> {
            if (decoderIds != null) {
              throw new InvalidInputException(
                  "ids for a decoder beside an encoder, which this model has not; leave them out");
            }
            yield subject.inputs(ids, typeIds);
          }
        };
    try (Outputs outputs = program.run(inputs)) {
      for (String name : outputs.names()) {
        tensors.put(name, copy(name, outputs.get(name)));
      }
    }
    return tensors;
  }

  /** In a Java array: float32, or int64 of whole numbers. */
  private HostTensor copy(String name, Tensor tensor) {
    try (HostTensor host = tensor.toHost()) {
      long[] shape = subject.shape(name, host.shape()).toArray();
      return host.dtype().isFloat()
          ? HostTensor.of(host.toFloats(), shape)
          : HostTensor.of(host.toLongs(), shape);
    }
  }

  private static HostTensor wide(int[] values) {
    return HostTensor.of(Arrays.stream(values).asLongStream().toArray(), values.length);
  }

  /** Waits for runs in flight, then frees the weights on the device. */
  @Override
  public void close() {
    program.close();
  }
}
