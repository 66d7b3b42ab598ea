package dev.heddle.model;

import dev.heddle.backend.Inputs;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Gather;
import dev.heddle.pass.Passes;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import dev.heddle.weights.Weights;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A model's graph up to its head, over a ragged batch: sequences one after another. Its output
 * {@value #OUTPUT} is of the shape that {@link Head} says; of masked words, and of a decoder's
 * texts, it has a row for each token that is asked for.
 */
public final class HeadGraph {
  /** The output's name. */
  public static final String OUTPUT = "head";

  private final Architecture architecture;
  private final Head head;
  private final HeadSettings settings;
  private final Graph graph;

  private HeadGraph(
      Architecture architecture, Head head, HeadSettings settings, GraphBuilder graph) {
    this.architecture = architecture;
    this.head = head;
    this.settings = settings;
    this.graph = Passes.standard().apply(graph.build());
  }

  /**
   * The graph of {@code model} with the head that is asked for.
   *
   * @throws ModelException if it has another head, or none
   * @throws dev.heddle.backend.HeddleException if a tensor is missing or has another shape
   */
  public static HeadGraph of(Model model, Head head) {
    if (!(model.network()
        instanceof Model.Checkpoint(Architecture architecture, Weights weights))) {
      throw lacks(model, head, "is an ONNX file, whose outputs nobody names");
    }
    HeadSettings settings = model.head();
    if (settings.className() != null && settings.head() != head) {
      throw lacks(model, head, "config.json says " + settings.className());
    }
    if (!head.isIn(weights)) {
      throw lacks(model, head, "its weights have no tensors of one");
    }
    GraphBuilder graph = new GraphBuilder(model.name() + " " + head);
    Value output =
        switch (architecture) {
          case Encoder encoder -> {
            Encoder.States states = encoder.encode(graph, weights, false);
            if (head == Head.MASKED_LM) {
              Value rows = graph.input(DecoderGraph.LOGIT_ROWS, TensorType.of(DType.I32, "rows"));
              Value chosen = graph.add("rows", new Gather(0), states.last(), rows);
              states = new Encoder.States(states.cuSeqLens(), List.of(chosen), List.of(), null);
            }
            yield encoder.head(graph, weights, head, settings, states);
          }
          case EncoderDecoder both ->
              throw lacks(model, head, "it is a " + both.family() + ", which writes texts");
          case Decoder decoder -> {
            if (decoder.lengthDependentRope() != null) {
              throw lacks(model, head, "its rotation depends on lengths");
            }
            DecoderGraph g = DecoderGraph.whole(graph, decoder, false);
            Value state = decoder.decode(g, weights);
            boolean whole = head == Head.SEQUENCE_CLASSIFICATION;
            yield decoder.head(g, weights, head, settings, whole ? g.logitRows(state) : state);
          }
        };
    graph.output(OUTPUT, output);
    return new HeadGraph(architecture, head, settings, graph);
  }

  private static ModelException lacks(Model model, Head head, String why) {
    return new ModelException(
        "%s has no head for %s: %s. Take a model that was trained for it"
            .formatted(model.name(), head, why));
  }

  /** What to compile. */
  public Graph graph() {
    return graph;
  }

  /** The most tokens of a sequence. */
  public int contextLength() {
    return architecture.contextLength();
  }

  /**
   * What a run is given.
   *
   * @param ids of each sequence
   * @param types of each sequence, as many; passed over by models without token types
   * @param rows for {@link Head#MASKED_LM} the tokens asked for, counted through all sequences;
   *     else passed over
   */
  public Inputs inputs(List<int[]> ids, List<int[]> types, int[] rows) {
    int[] starts = new int[ids.size() + 1];
    for (int i = 0; i < ids.size(); i++) {
      starts[i + 1] = starts[i] + ids.get(i).length;
    }
    int[] all = joined(ids, starts);
    int[] positions = new int[all.length];
    int[] last = new int[ids.size()];
    for (int i = 0; i < ids.size(); i++) {
      int[] own = positions(ids.get(i));
      System.arraycopy(own, 0, positions, starts[i], own.length);
      last[i] = starts[i] + settings.last(ids.get(i));
    }
    Inputs inputs = new Inputs();
    for (Value input : graph.inputs()) {
      int[] values =
          switch (input.name()) {
            case Encoder.INPUT_IDS -> all;
            case Encoder.TOKEN_TYPE_IDS -> joined(types, starts);
            case Encoder.POSITIONS -> positions;
            case Encoder.CU_SEQ_LENS -> starts;
            case DecoderGraph.LOGIT_ROWS -> head == Head.MASKED_LM ? rows : last;
            default -> throw new IllegalStateException("no head has an input " + input);
          };
      inputs.put(input.name(), HostTensor.of(values, values.length));
    }
    return inputs;
  }

  private int[] positions(int[] ids) {
    return architecture instanceof Encoder encoder
        ? encoder.positions(ids)
        : IntStream.range(0, ids.length).toArray();
  }

  private static int[] joined(List<int[]> each, int[] starts) {
    int[] all = new int[starts[each.size()]];
    for (int i = 0; i < each.size(); i++) {
      System.arraycopy(each.get(i), 0, all, starts[i], each.get(i).length);
    }
    return all;
  }
}
