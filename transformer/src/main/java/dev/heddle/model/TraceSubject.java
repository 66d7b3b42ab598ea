package dev.heddle.model;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.weights.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** A model as {@link Trace} runs it: one sequence in, everything it shows out. */
sealed interface TraceSubject {
  /** With an output for everything that is shown; no passes have been over it. */
  Graph graph();

  /**
   * What a run over one sequence is given.
   *
   * @param typeIds the token types, or null for zeros
   * @throws InvalidInputException if the model does not take these
   */
  Inputs inputs(int[] ids, int[] typeIds);

  /** The shape to show an output in, which has the axis of a batch of one no more. */
  Shape shape(String output, Shape given);

  private static void check(String family, int limit, int[] ids, int[] typeIds, boolean hasTypes) {
    if (ids.length == 0 || limit > 0 && ids.length > limit) {
      throw new InvalidInputException(
          "%d ids; %s takes 1 %s"
              .formatted(ids.length, family, limit > 0 ? "to " + limit : "or more"));
    }
    if (typeIds != null && !hasTypes) {
      throw new InvalidInputException(family + " has no token types; leave them out");
    }
    if (typeIds != null && typeIds.length != ids.length) {
      throw new InvalidInputException(
          "%d token types for %d ids; expected one each".formatted(typeIds.length, ids.length));
    }
  }

  private static void inRange(Architecture model, String what, int[] values, int count) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] >= count) {
        throw new InvalidInputException(
            "%s %d at position %d; %s has 0 to %d"
                .formatted(what, values[i], i, model.family(), count - 1));
      }
    }
  }

  /** Outputs of a head, as transformers names them. */
  private static void output(GraphBuilder graph, Head head, Value out) {
    if (head == Head.QUESTION_ANSWERING) {
      Dim tokens = out.type().dim(0);
      Value start = graph.slice(out, 1, Dim.ZERO, Dim.ONE);
      Value end = graph.slice(out, 1, Dim.ONE, Dim.ONE);
      graph.output("start_logits", graph.reshape(start, tokens));
      graph.output("end_logits", graph.reshape(end, tokens));
    } else {
      graph.output("logits", out);
    }
  }

  /** A text's labels without the axis of the batch. */
  private static Shape ofOne(String output, HeadSettings settings, Shape given) {
    boolean whole = settings.head() == Head.SEQUENCE_CLASSIFICATION && output.equals("logits");
    return whole ? Shape.of(given.dim(1)) : given;
  }

  /** An encoder that Heddle builds itself: every layer is known. */
  record OfEncoder(String name, Encoder encoder, Weights weights, HeadSettings settings)
      implements TraceSubject {
    private static final String POOLED = "pooler_output";

    @Override
    public Graph graph() {
      GraphBuilder graph = new GraphBuilder(name + " trace");
      Encoder.States states = encoder.encode(graph, weights, true);
      for (int i = 0; i < states.hidden().size(); i++) {
        graph.output("hidden." + i, states.hidden().get(i));
      }
      for (int i = 0; i < states.attention().size(); i++) {
        graph.output("attention." + i, states.attention().get(i));
      }
      graph.output("last_hidden_state", states.last());
      if (states.pooled() != null) {
        graph.output(POOLED, states.pooled());
      }
      if (settings.head() != null) {
        Value out = encoder.head(graph, weights, settings.head(), settings, states);
        output(graph, settings.head(), out);
      }
      return graph.build();
    }

    @Override
    public Inputs inputs(int[] ids, int[] typeIds) {
      int n = ids.length;
      check(encoder.family(), encoder.contextLength(), ids, typeIds, encoder.hasTokenTypes());
      inRange(encoder, "id", ids, encoder.vocabularySize());
      inRange(encoder, "token type", typeIds == null ? new int[0] : typeIds, encoder.tokenTypes());
      Inputs inputs = Inputs.of(Encoder.INPUT_IDS, HostTensor.of(ids, n));
      inputs.put(Encoder.POSITIONS, HostTensor.of(encoder.positions(ids), n));
      inputs.put(Encoder.CU_SEQ_LENS, HostTensor.of(new int[] {0, n}, 2));
      if (encoder.hasTokenTypes()) {
        int[] types = typeIds == null ? new int[n] : typeIds;
        inputs.put(Encoder.TOKEN_TYPE_IDS, HostTensor.of(types, n));
      }
      return inputs.bind(Attention.MAX_KEYS, n);
    }

    @Override
    public Shape shape(String output, Shape given) {
      return output.equals(POOLED) ? Shape.of(given.dim(1)) : ofOne(output, settings, given);
    }
  }

  /** A decoder, over a whole sequence at once. */
  record OfDecoder(String name, Decoder decoder, Weights weights, HeadSettings settings)
      implements TraceSubject {
    @Override
    public Graph graph() {
      GraphBuilder graph = new GraphBuilder(name + " trace");
      DecoderGraph g = DecoderGraph.whole(graph, decoder, true);
      Value state = decoder.decode(g, weights);
      for (int i = 0; i < g.hidden().size(); i++) {
        graph.output("hidden." + i, g.hidden().get(i));
      }
      for (int i = 0; i < g.attention().size(); i++) {
        graph.output("attention." + i, g.attention().get(i));
      }
      if (settings.head() == null) {
        return graph.output("logits", decoder.logits(g, weights, state)).build();
      }
      boolean whole = settings.head() == Head.SEQUENCE_CLASSIFICATION;
      Value rows = whole ? g.logitRows(state) : state;
      output(graph, settings.head(), decoder.head(g, weights, settings.head(), settings, rows));
      return graph.build();
    }

    @Override
    public Inputs inputs(int[] ids, int[] typeIds) {
      int n = ids.length;
      check(decoder.family(), decoder.contextLength(), ids, typeIds, false);
      inRange(decoder, "id", ids, decoder.vocabularySize());
      int[] positions = IntStream.range(0, n).toArray();
      Inputs inputs = Inputs.of(DecoderGraph.INPUT_IDS, HostTensor.of(ids, n));
      inputs.put(DecoderGraph.POSITIONS, HostTensor.of(positions, n));
      inputs.put(DecoderGraph.CU_SEQ_LENS, HostTensor.of(new int[] {0, n}, 2));
      Rope rope = decoder.lengthDependentRope();
      if (rope != null) {
        int[] lengths = new int[n];
        Arrays.fill(lengths, n);
        new RopeAngles(rope).put(inputs, positions, lengths, n);
      }
      if (settings.head() == Head.SEQUENCE_CLASSIFICATION) {
        inputs.put(DecoderGraph.LOGIT_ROWS, HostTensor.of(new int[] {settings.last(ids)}, 1));
      }
      return inputs.bind(Attention.MAX_KEYS, n);
    }

    @Override
    public Shape shape(String output, Shape given) {
      return ofOne(output, settings, given);
    }
  }

  /** An encoder and its decoder, over whole sequences. */
  record OfBoth(String name, EncoderDecoder model, Weights weights) implements TraceSubject {
    @Override
    public Graph graph() {
      GraphBuilder graph = new GraphBuilder(name + " trace");
      Encoder.States states = model.encode(graph, weights, true);
      DecoderGraph g = DecoderGraph.whole(graph, model, weights, states, true);
      Value state = model.decode(g, weights);
      Dim read = Dim.symbol("tokens");
      output(graph, "encoder.hidden.", states.hidden());
      output(graph, "encoder.attention.", keys(graph, states.attention(), read));
      output(graph, "decoder.hidden.", g.hidden());
      Dim written = Dim.symbol(DecoderGraph.DECODER + "tokens");
      output(graph, "decoder.attention.", keys(graph, g.attention(), written));
      output(graph, "cross.attention.", keys(graph, g.sourceAttention(), read));
      return graph.output("logits", model.logits(g, weights, state)).build();
    }

    private static void output(GraphBuilder graph, String prefix, List<Value> values) {
      for (int i = 0; i < values.size(); i++) {
        graph.output(prefix + i, values.get(i));
      }
    }

    /** Maps as wide as they have keys: in a graph all are as wide as the widest. */
    private static List<Value> keys(GraphBuilder graph, List<Value> maps, Dim count) {
      return maps.stream().map(map -> graph.slice(map, -1, Dim.ZERO, count)).toList();
    }

    /** {@code ids}, or where they are null the start token. */
    int[] written(int[] ids) {
      return ids != null
          ? ids
          : new int[] {
            model
                .startToken()
                .orElseThrow(() ->
                    new InvalidInputException(
                        name + " names no token that texts begin with; give the decoder's ids"))
          };
    }

    @Override
    public Inputs inputs(int[] ids, int[] typeIds) {
      return inputs(ids, typeIds, written(null));
    }

    Inputs inputs(int[] ids, int[] typeIds, int[] written) {
      int n = ids.length;
      int m = written.length;
      check(model.family(), model.sourceLength(), ids, typeIds, false);
      check(model.family(), model.contextLength(), written, null, false);
      inRange(model, "id", ids, model.sourceVocabularySize());
      inRange(model, "id", written, model.vocabularySize());
      String decoder = DecoderGraph.DECODER;
      return Inputs.of(Encoder.INPUT_IDS, HostTensor.of(ids, n))
          .put(Encoder.POSITIONS, HostTensor.of(model.sourcePositions(ids), n))
          .put(Encoder.CU_SEQ_LENS, HostTensor.of(new int[] {0, n}, 2))
          .put(decoder + DecoderGraph.INPUT_IDS, HostTensor.of(written, m))
          .put(decoder + DecoderGraph.POSITIONS, HostTensor.of(IntStream.range(0, m).toArray(), m))
          .put(decoder + DecoderGraph.CU_SEQ_LENS, HostTensor.of(new int[] {0, m}, 2))
          .bind(Attention.MAX_KEYS, Math.max(n, m));
    }

    @Override
    public Shape shape(String output, Shape given) {
      return given;
    }
  }

  /**
   * A graph from an ONNX file, which shows its outputs: under the names that the fixtures give them
   * where an exporter has others.
   *
   * @param limit the most tokens of a sequence, 0 where that is not known
   */
  record OfOnnx(String name, Graph graph, int limit) implements TraceSubject {
    private static final Pattern NUMBERED = Pattern.compile("(hidden_state|attention)s[._](\\d+)");

    /** {@code imported} with outputs renamed; refuses a graph that is no encoder. */
    static OfOnnx of(String name, Graph imported, int limit) {
      PaddedInputs.check(imported);
      GraphBuilder graph = GraphBuilder.continuing(imported);
      for (Map.Entry<String, Value> output : imported.outputs().entrySet()) {
        graph.output(shown(output.getKey(), imported), output.getValue());
      }
      return new OfOnnx(name, graph.build(), limit);
    }

    private static String shown(String output, Graph imported) {
      var numbered = NUMBERED.matcher(output);
      if (numbered.matches()) {
        return (numbered.group(1).equals("attention") ? "attention." : "hidden.")
            + numbered.group(2);
      }
      boolean states =
          output.equals("token_embeddings") && !imported.outputs().containsKey("last_hidden_state");
      return states ? "last_hidden_state" : output;
    }

    @Override
    public Inputs inputs(int[] ids, int[] typeIds) {
      boolean hasTypes =
          graph.inputs().stream().anyMatch(input -> input.name().equals(Encoder.TOKEN_TYPE_IDS));
      check(name, limit, ids, typeIds, hasTypes);
      int[] types = typeIds == null ? new int[ids.length] : typeIds;
      Inputs inputs = new Inputs();
      for (Value input : graph.inputs()) {
        inputs.put(input.name(), PaddedInputs.of(input, List.of(ids), List.of(types)));
      }
      return inputs;
    }

    @Override
    public Shape shape(String output, Shape given) {
      boolean batch =
          given.rank() > 1
              && given.dim(0) == 1
              && graph.outputs().get(output).type().dim(0).equals(batch());
      return batch ? Shape.of(Arrays.copyOfRange(given.toArray(), 1, given.rank())) : given;
    }

    private Dim batch() {
      return graph.inputs().getFirst().type().dim(0);
    }
  }
}
