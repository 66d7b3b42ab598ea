package dev.heddle.model;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.onnx.OnnxModel;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A model compiled to show attention weights, those that were asked for and no others: it computes
 * up to the last layer wanted, and weights leave the device of wanted heads only.
 *
 * <p>Safe for many threads. The model stays open as long as this.
 */
public final class AttentionTrace implements AutoCloseable {
  private final TraceSubject subject;
  private final List<AttentionLayer> layers;
  private final AttentionSelection selection;
  private final Program program;

  private AttentionTrace(
      TraceSubject subject,
      List<AttentionLayer> layers,
      AttentionSelection selection,
      Program program) {
    this.subject = subject;
    this.layers = layers;
    this.selection = selection;
    this.program = program;
  }

  /**
   * The layers that attend, in the order in which they run.
   *
   * @throws ModelException if there are none, or if the model is an ONNX file of something else
   *     than an encoder
   */
  public static List<AttentionLayer> layers(Model model) {
    return List.copyOf(AttentionSites.of(model).nodes().keySet());
  }

  /**
   * Compiles {@code model} on {@code backend}, which its owner closes after this.
   *
   * @throws InvalidInputException if a kind, layer or head is selected that the model has not
   * @throws ModelException as {@link #layers} does
   * @throws dev.heddle.backend.HeddleException if the model or its graph is refused
   */
  public static AttentionTrace of(
      Model model, Backend backend, AttentionSelection selection, CompileOptions options) {
    AttentionSites sites = AttentionSites.of(model);
    List<AttentionLayer> layers = selection.of(model.name(), List.copyOf(sites.nodes().keySet()));
    Program program = backend.compile(sites.showing(layers, selection), options);
    return new AttentionTrace(subject(model, sites), layers, selection, program);
  }

  /** The same in float32. */
  public static AttentionTrace of(Model model, Backend backend, AttentionSelection selection) {
    return of(model, backend, selection, CompileOptions.DEFAULT);
  }

  /** Without a head: none is needed for what stands before it. */
  private static TraceSubject subject(Model model, AttentionSites sites) {
    return switch (model.network()) {
      case Model.Checkpoint(Architecture architecture, Weights weights) ->
          switch (architecture) {
            case Encoder encoder ->
                new TraceSubject.OfEncoder(model.name(), encoder, weights, HeadSettings.NONE);
            case EncoderDecoder both -> new TraceSubject.OfBoth(model.name(), both, weights);
            case Decoder decoder ->
                new TraceSubject.OfDecoder(model.name(), decoder, weights, HeadSettings.NONE);
          };
      case Model.Onnx(OnnxModel onnx, int length) ->
          new TraceSubject.OfOnnx(model.name(), sites.graph(), length);
    };
  }

  /**
   * The weights of one sequence, layer by layer and head by head.
   *
   * @param typeIds the token types, or null for zeros
   * @param decoderIds of an encoder–decoder what has been written so far, the start token included,
   *     or null for that alone; of other models null
   * @throws InvalidInputException as {@link Trace#run(int[], int[], int[])} does
   */
  public List<AttentionWeights> run(int[] ids, int[] typeIds, int[] decoderIds) {
    if (decoderIds != null && !(subject instanceof TraceSubject.OfBoth)) {
      throw new InvalidInputException(
          "ids for a decoder beside an encoder, which this model has not; leave them out");
    }
    int[] written = null;
    Inputs inputs;
    if (subject instanceof TraceSubject.OfBoth both) {
      written = both.written(decoderIds);
      inputs = both.inputs(ids, typeIds, written);
    } else {
      inputs = subject.inputs(ids, typeIds);
    }
    List<AttentionWeights> weights = new ArrayList<>();
    try (Outputs outputs = program.run(inputs)) {
      for (AttentionLayer layer : layers) {
        boolean target = written != null && layer.kind() != AttentionKind.ENCODER;
        int queries = target ? written.length : ids.length;
        int keys = target && layer.kind() == AttentionKind.DECODER ? queries : ids.length;
        try (HostTensor host = outputs.host(AttentionSites.name(layer))) {
          add(layer, queries, keys, host.toFloats(), weights);
        }
      }
    }
    return List.copyOf(weights);
  }

  private void add(
      AttentionLayer layer, int queries, int keys, float[] values, List<AttentionWeights> to) {
    int from = 0;
    for (int head : selection.of(layer)) {
      float[] own = Arrays.copyOfRange(values, from, from + queries * keys);
      to.add(new AttentionWeights(layer.kind(), layer.index(), head, queries, keys, own));
      from += own.length;
    }
  }

  /** Waits for runs in flight, then frees the weights on the device. */
  @Override
  public void close() {
    program.close();
  }
}
