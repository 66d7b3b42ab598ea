package dev.heddle.task;

import dev.heddle.backend.Inputs;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.model.ModelException;
import dev.heddle.model.PaddedInputs;
import dev.heddle.model.Pooling;
import dev.heddle.op.Gather;
import dev.heddle.pass.Passes;
import dev.heddle.pass.QuantizeByToken;
import dev.heddle.pass.RemovePadding;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.List;

/**
 * Sequences side by side, the shorter ones padded at their end: graphs from ONNX files from which
 * the padding cannot be removed. It ends with the states: the real tokens' are gathered and pooled
 * as a ragged batch, so every pooling means the same here as there.
 */
record PaddedSequences(Graph graph) implements Sequences {
  /** Names that exporters give the states of the tokens, {@code [batch, sequence, hidden]}. */
  private static final List<String> STATES = List.of("last_hidden_state", "token_embeddings");

  private static final String ROWS = "heddle/rows";
  private static final String CU_SEQ_LENS = "heddle/cu_seq_lens";

  /** The sequences of an imported graph: ragged where padding can be removed, else these. */
  static Sequences of(Graph imported, List<Pooling> pooling, boolean normalise) {
    Value states = states(imported);
    String name = STATES.getFirst();
    Graph wanted = GraphBuilder.continuing(imported).output(name, states).build();
    return switch (RemovePadding.apply(wanted, "attention_mask", List.of(name))) {
      case RemovePadding.Result.Ragged(Graph ragged) ->
          RaggedSequences.of(ragged, name, pooling, normalise);
      case RemovePadding.Result.Padded(String reason) -> {
        System.getLogger("dev.heddle.task")
            .log(System.Logger.Level.DEBUG, "{0} stays padded: {1}", imported.name(), reason);
        yield padded(imported, states, pooling, normalise);
      }
    };
  }

  static PaddedSequences padded(
      Graph imported, Value states, List<Pooling> pooling, boolean normalise) {
    GraphBuilder graph = GraphBuilder.continuing(imported);
    TensorType type = states.type();
    Value rows = graph.input(ROWS, TensorType.of(DType.I32, ROWS));
    Dim starts = Dim.symbol("heddle/sequences").plus(Dim.ONE);
    Value cuSeqLens = graph.input(CU_SEQ_LENS, TensorType.of(DType.I32, starts));
    Value flat = graph.reshape(states, type.dim(0).times(type.dim(1)), type.dim(2));
    Value tokens = graph.add("tokens", new Gather(0), flat, rows);
    SentenceVectors.output(graph, tokens, cuSeqLens, pooling, normalise);
    return new PaddedSequences(new QuantizeByToken().apply(Passes.standard().apply(graph.build())));
  }

  /** The states among the outputs; refuses a graph that is no embedder. */
  static Value states(Graph imported) {
    PaddedInputs.check(imported);
    for (String name : STATES) {
      Value states = imported.outputs().get(name);
      if (states != null && states.type().rank() == 3) {
        return states;
      }
    }
    throw new ModelException(
        "%s: none of the outputs %s is one of %s, [batch, sequence, hidden]"
            .formatted(imported.name(), imported.outputs(), STATES));
  }

  @Override
  public long cost(int count, long tokens, int longest) {
    return (long) count * longest;
  }

  @Override
  public Inputs inputs(List<TokenIds> batch) {
    int longest = batch.stream().mapToInt(TokenIds::size).max().orElse(0);
    int tokens = batch.stream().mapToInt(TokenIds::size).sum();
    int[] rows = new int[tokens];
    int[] starts = new int[batch.size() + 1];
    for (int i = 0; i < batch.size(); i++) {
      int size = batch.get(i).size();
      for (int j = 0; j < size; j++) {
        rows[starts[i] + j] = i * longest + j;
      }
      starts[i + 1] = starts[i] + size;
    }
    Inputs inputs = Inputs.of(ROWS, HostTensor.of(rows, tokens));
    inputs.put(CU_SEQ_LENS, HostTensor.of(starts, starts.length));
    List<int[]> ids = batch.stream().map(TokenIds::ids).toList();
    List<int[]> typeIds = batch.stream().map(TokenIds::typeIds).toList();
    for (Value input : graph.inputs()) {
      if (!input.name().equals(ROWS) && !input.name().equals(CU_SEQ_LENS)) {
        inputs.put(input.name(), PaddedInputs.of(input, ids, typeIds));
      }
    }
    return inputs;
  }
}
