package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Value;
import dev.heddle.op.Fill;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes an encoder over padded sequences {@code [batch, sequence, ...]} into one over a ragged
 * batch {@code [tokens, ...]}: sequences one after another, so that a batch of mixed lengths costs
 * its real tokens only. Files of other frameworks hold the first kind, our own architectures are
 * the second.
 *
 * <p>The ragged graph gives for each sequence what the padded one gives for it alone, with a mask
 * of ones: with that the mask becomes a number, and the passes let it vanish. What is left must
 * work token by token, but for attention ({@link dev.heddle.op.Attention.Layout#TOKENS}), which
 * gets the sequences' starts, and positions, which become an input; a relative position bias has
 * become a table by then ({@link FuseRelativeBias}). A graph that does anything else along a
 * sequence (a reversal, a bias of single positions) is refused, with the reason.
 *
 * <p>Inputs of the ragged graph: those of the padded one but the mask, each {@code [tokens]}, then
 * {@value #CU_SEQ_LENS} I32 {@code [sequences + 1]}, where each sequence begins and, at the end,
 * the number of tokens; and {@value #POSITIONS} I32 {@code [tokens]}, from 0 in each sequence,
 * where the model has a use for them.
 */
public final class RemovePadding {
  /** The input that says where each sequence begins. */
  public static final String CU_SEQ_LENS = "cu_seq_lens";

  /** The input that says where in its sequence each token stands. */
  public static final String POSITIONS = "positions";

  private RemovePadding() {}

  /** What became of a graph. */
  public sealed interface Result {
    /** It takes a ragged batch now. No passes have been over it since. */
    record Ragged(Graph graph) implements Result {}

    /** It stays as it is, and why. */
    record Padded(String reason) implements Result {}
  }

  /**
   * Converts {@code graph}, over which no passes need have been.
   *
   * @param mask the input, {@code [batch, sequence]}, that is 1 for tokens and 0 for padding; if
   *     there is none of that name, the graph takes unpadded sequences
   * @param outputs names of the outputs that are wanted, each {@code [batch, sequence, ...]} or
   *     {@code [batch, ...]}
   */
  public static Result apply(Graph graph, String mask, List<String> outputs) {
    try {
      Value tokens = tokens(graph);
      Graph unmasked = Passes.standard().apply(unmasked(graph, mask, outputs));
      RaggedGraph ragged = new RaggedGraph(unmasked, tokens.type().dim(0), tokens.type().dim(1));
      return new Result.Ragged(ragged.convert());
    } catch (NotTokenWiseException e) {
      return new Result.Padded(e.getMessage());
    }
  }

  /** An input all of whose fellows are laid out like it, {@code [batch, sequence]}. */
  private static Value tokens(Graph graph) {
    if (graph.inputs().isEmpty()) {
      throw new NotTokenWiseException("there are no inputs");
    }
    Value first = graph.inputs().getFirst();
    List<Dim> dims = first.type().dims();
    boolean symbols = dims.size() == 2 && isSymbol(dims.get(0)) && isSymbol(dims.get(1));
    if (!symbols || dims.get(0).equals(dims.get(1))) {
      throw new NotTokenWiseException("input " + first + " is not [batch, sequence]");
    }
    for (Value input : graph.inputs()) {
      if (!input.type().dims().equals(dims)) {
        throw new NotTokenWiseException("input " + input + " is not laid out like " + first);
      }
    }
    return first;
  }

  private static boolean isSymbol(Dim dim) {
    Dim.Linear linear = dim.asLinear();
    return linear != null && linear.coefficient() == 1 && linear.constant() == 0;
  }

  /** The graph for sequences without padding, with the wanted outputs only. */
  private static Graph unmasked(Graph graph, String mask, List<String> outputs) {
    Map<String, Value> wanted = new LinkedHashMap<>();
    for (String name : outputs) {
      Value value = graph.outputs().get(name);
      if (value == null) {
        throw new GraphException(
            "graph %s has no output %s; it has %s"
                .formatted(graph.name(), name, graph.outputs().keySet()));
      }
      wanted.put(name, value);
    }
    List<Value> inputs = new ArrayList<>(graph.inputs());
    inputs.removeIf(input -> input.name().equals(mask));
    Rewriter rewriter =
        new Rewriter(
            new Graph(graph.name(), graph.inputs(), graph.constants(), graph.nodes(), wanted));
    for (Value input : graph.inputs()) {
      if (input.name().equals(mask)) {
        TensorType type = input.type();
        rewriter.replace(input, rewriter.add(mask, new Fill(type.dtype(), type.dims(), 1)));
      }
    }
    Graph ones = rewriter.finish();
    return new Graph(ones.name(), inputs, ones.constants(), ones.nodes(), ones.outputs());
  }

  /** Why a graph cannot be converted. */
  static final class NotTokenWiseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotTokenWiseException(String reason) {
      super(reason);
    }
  }
}
