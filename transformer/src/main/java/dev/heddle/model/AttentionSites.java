package dev.heddle.model;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.onnx.OnnxModel;
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.Softmax;
import dev.heddle.pass.Passes;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import dev.heddle.weights.Weights;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a graph attends. Of an ONNX file's graph the passes have found the attentions; where they
 * have not, a softmax over keys shows the weights as well.
 *
 * @param graph without maps
 * @param nodes by layer, in the order in which they run
 */
record AttentionSites(Graph graph, Map<AttentionLayer, Node> nodes) {
  private static final int HEADS = 1;
  private static final int RANK = 4;

  /**
   * Those of a model.
   *
   * @throws ModelException if it has none
   */
  static AttentionSites of(Model model) {
    Graph graph =
        switch (model.network()) {
          case Model.Checkpoint checkpoint -> model.graph();
          case Model.Onnx(OnnxModel onnx, int length) -> {
            PaddedInputs.check(onnx.graph());
            yield Passes.standard().apply(onnx.graph());
          }
        };
    Map<Value, List<Node>> uses = graph.uses();
    Map<AttentionKind, Integer> counts = new EnumMap<>(AttentionKind.class);
    Map<AttentionLayer, Node> nodes = new LinkedHashMap<>();
    for (Node node : graph.nodes()) {
      int heads = heads(node, uses);
      if (heads > 0) {
        AttentionKind kind = kind(node, model.network());
        nodes.put(new AttentionLayer(kind, counts.merge(kind, 1, Integer::sum) - 1, heads), node);
      }
    }
    if (nodes.isEmpty()) {
      throw new ModelException(
          ("%s: no attention was found in its graph, so there are no maps; expected a model of a"
                  + " family that Heddle builds, or an ONNX file with softmax(scores) @ values over"
                  + " [batch, heads, queries, keys], the number of heads fixed")
              .formatted(model.name()));
    }
    return new AttentionSites(graph, nodes);
  }

  /** Heads of a node that attends, else 0. */
  private static int heads(Node node, Map<Value, List<Node>> uses) {
    if (node.op() instanceof Attention attention) {
      return attention.heads();
    }
    TensorType type = node.output().type();
    boolean weights =
        node.op() instanceof Softmax(int axis, boolean log)
            && !log
            && type.rank() == RANK
            && axis == RANK - 1
            && type.dim(HEADS).isFixed()
            && uses.getOrDefault(node.output(), List.of()).stream()
                .anyMatch(AttentionSites::multiplies);
    return weights ? Math.toIntExact(type.dim(HEADS).fixed()) : 0;
  }

  private static boolean multiplies(Node user) {
    return user.op() instanceof MatMul;
  }

  private static AttentionKind kind(Node node, Model.Network network) {
    if (node.has(Attention.CU_SEQ_LENS_KEY)) {
      return AttentionKind.CROSS;
    }
    boolean writes =
        network instanceof Model.Checkpoint(Architecture architecture, Weights weights)
            && switch (architecture) {
              case Encoder encoder -> false;
              case EncoderDecoder both ->
                  node.input(Attention.CU_SEQ_LENS).name().startsWith(DecoderGraph.DECODER);
              case Decoder decoder -> true;
            };
    return writes ? AttentionKind.DECODER : AttentionKind.ENCODER;
  }

  /**
   * The graph with nothing but the weights of these layers and heads as outputs, {@code [heads,
   * queries, keys]} of a sequence alone, under {@link #name}.
   */
  Graph showing(List<AttentionLayer> layers, AttentionSelection selection) {
    Map<Value, AttentionLayer> wanted = new HashMap<>();
    layers.forEach(layer -> wanted.put(nodes.get(layer).output(), layer));
    GraphBuilder fresh = GraphBuilder.continuing(graph);
    Map<AttentionLayer, Value> maps = new LinkedHashMap<>();
    List<Node> shown = new ArrayList<>();
    for (Node node : graph.nodes()) {
      AttentionLayer layer = wanted.get(node.output());
      if (layer != null && node.op() instanceof Attention attention) {
        node = withWeights(fresh, node, attention);
      }
      shown.add(node);
      if (layer != null) {
        maps.put(layer, node.outputs().getLast());
      }
    }
    GraphBuilder result =
        GraphBuilder.continuing(
            new Graph(graph.name(), graph.inputs(), graph.constants(), shown, Map.of()));
    maps.forEach((layer, map) ->
        result.output(
            name(layer), heads(result, keys(result, nodes.get(layer), map), layer, selection)));
    return Passes.standard().apply(result.build());
  }

  /** The name of a layer's output. */
  static String name(AttentionLayer layer) {
    return layer.kind().spelling() + "." + layer.index();
  }

  /** A node that gives its weights too, its output staying what others take. */
  private static Node withWeights(GraphBuilder fresh, Node node, Attention attention) {
    if (attention.map() == Attention.Map.WEIGHTS) {
      return node;
    }
    Attention op = attention.with(Attention.Map.WEIGHTS);
    Value[] inputs = node.inputs().toArray(Value[]::new);
    Value map = fresh.addAll(node.name(), op, 2, inputs).get(Attention.MAP);
    return new Node(node.name(), op, node.inputs(), List.of(node.output(), map));
  }

  /** As wide as there are keys: of a ragged batch all maps are as wide as the widest. */
  private static Value keys(GraphBuilder graph, Node node, Value map) {
    return node.has(Attention.CU_SEQ_LENS)
        ? graph.slice(map, -1, Dim.ZERO, node.input(Attention.KEY).type().dim(0))
        : map;
  }

  private static Value heads(
      GraphBuilder graph, Value map, AttentionLayer layer, AttentionSelection selection) {
    List<Integer> heads = selection.of(layer);
    if (heads.size() == layer.heads()) {
      return map;
    }
    int axis = map.type().rank() - 3;
    Value[] parts =
        heads.stream()
            .map(head -> graph.slice(map, axis, Dim.of(head), Dim.ONE))
            .toArray(Value[]::new);
    return parts.length == 1 ? parts[0] : graph.concat(axis, parts);
  }
}
