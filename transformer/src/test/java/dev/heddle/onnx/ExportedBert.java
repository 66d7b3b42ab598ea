package dev.heddle.onnx;

import static dev.heddle.onnx.ModelFile.BOOL;
import static dev.heddle.onnx.ModelFile.FLOAT;
import static dev.heddle.onnx.ModelFile.INT64;
import static dev.heddle.onnx.ModelFile.attribute;
import static dev.heddle.onnx.ModelFile.integer;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A tiny BERT, operator by operator as exporters write it: where no {@link Way} says otherwise, as
 * PyTorch's does for operator set 11.
 */
final class ExportedBert {
  static final int HIDDEN = 12;
  static final int HEADS = 3;
  static final int HEAD_DIM = HIDDEN / HEADS;
  private static final int INNER = 20;

  /** In what a file may differ. */
  enum Way {
    /** DistilBERT, RoBERTa. */
    NO_TOKEN_TYPES,
    /** Position ids are counted and expanded to the batch. */
    POSITIONS_COUNTED,
    /** RoBERTa: position ids are sums over the ids that are no padding. */
    POSITIONS_SUMMED,
    /** {@code where(expanded, lowest, 1 - expanded)}, of all queries. */
    MASK_EXPANDED,
    /** {@code where(visible, 0, -infinity)}, added, of all queries. */
    MASK_BOOLEAN,
    /** DistilBERT: {@code where(expand(mask == 0), lowest, scores)}. */
    MASK_EQUAL,
    /** {@code where(not(visible) or hidden, -infinity, scores)}. */
    MASK_OR,
    /** NaN of the softmax become 0. */
    GUARDED,
    /** Scores multiplied instead of divided. */
    SCORES_MULTIPLIED,
    /** Queries divided. */
    QUERIES_DIVIDED,
    /** Queries and keys multiplied by a root that is computed from their shape. */
    ROOTS_OF_SHAPE,
    /** One product that is split. */
    SPLIT,
    /** One product, reshaped to {@code [batch, sequence, 3, heads, headDim]}, then indexed. */
    INDEXED,
    /** Keys transposed twice. */
    KEYS_TWICE,
    /** Keys flattened to three axes for their transpose. */
    KEYS_FLATTENED,
    /** Shapes are constants with 0 and -1. */
    CONSTANT_SHAPES,
    /** Linear layers flatten, and are one Gemm. */
    GEMM,
    /** Identity, Dropout and casts in between. */
    NOTHINGS,
    /** LayerNormalization, or RMSNormalization. */
    NORM_OPERATOR,
    /** The norm has no mean. */
    RMS,
    /** Roots inverted, squares as products. */
    NORM_INVERTED,
    GELU_HALF_FIRST,
    GELU_OUTER_HALF,
    GELU_TANH,
    GELU_OPERATOR,
    RELU,
    /** The operator of set 23, of heads. */
    ATTENTION_HEADS,
    /** The operator of set 23, of tokens. */
    ATTENTION_TOKENS,
    /** T5, MPNet: a bias for each head and distance. */
    RELATIVE_BIAS,
    /** ONNX Runtime's operators of embeddings, sums with norms, and biased activations. */
    MICROSOFT,
    /** Its Attention, a mask of tokens. */
    MICROSOFT_ATTENTION,
    /** Its MultiHeadAttention, a mask of keys. */
    MULTI_HEAD_ATTENTION,
    /** In its attentions, lengths instead of a mask. */
    LENGTHS
  }

  private final ModelFile m;
  private final Set<Way> ways;
  private final ExportedAttention attention;

  private ExportedBert(long opset, Collection<Way> ways) {
    this.m = new ModelFile(opset);
    this.ways = EnumSet.noneOf(Way.class);
    this.ways.addAll(ways);
    this.attention = new ExportedAttention(this, m);
  }

  static ModelFile model(int layers) {
    return model(layers, 11);
  }

  static ModelFile model(int layers, long opset, Way... ways) {
    return new ExportedBert(opset, List.of(ways)).build(layers);
  }

  boolean is(Way way) {
    return ways.contains(way);
  }

  private ModelFile build(int layers) {
    String ids = m.input("input_ids", INT64, "batch_size", "sequence_length");
    String seen = m.input("attention_mask", INT64, "batch_size", "sequence_length");
    String types =
        is(Way.NO_TOKEN_TYPES)
            ? ""
            : m.input("token_type_ids", INT64, "batch_size", "sequence_length");
    List<String> embedded = is(Way.MICROSOFT) ? runtimes(ids, types, seen) : written(ids, types);
    String x = embedded.getFirst();
    attention.prepare(x, seen, embedded.getLast());
    for (int layer = 0; layer < layers; layer++) {
      x = layer(x, "layer." + layer);
    }
    m.node("Identity", x);
    m.graph().getNodeBuilder(m.graph().getNodeCount() - 1).setOutput(0, "last_hidden_state");
    m.output("last_hidden_state");
    return m;
  }

  // What operator sets write differently.

  String unsqueeze(String x, int axis) {
    return m.opset() < 13
        ? m.node("Unsqueeze", List.of(x), attribute("axes", axis))
        : m.node("Unsqueeze", x, m.numbers(axis));
  }

  private String mean(String x) {
    return m.opset() < 18
        ? m.node("ReduceMean", List.of(x), attribute("axes", -1))
        : m.node("ReduceMean", x, m.numbers(-1));
  }

  String nothing(String x) {
    if (!is(Way.NOTHINGS)) {
      return x;
    }
    String dropped = m.node("Dropout", m.node("Identity", x));
    return m.node("Cast", List.of(dropped), integer("to", FLOAT));
  }

  /** Extent {@code axis} of x, without axes. */
  String extent(String x, int axis) {
    return m.node("Gather", List.of(m.node("Shape", x), m.number(axis)), integer("axis", 0));
  }

  /** {@code [dim(x, 0), dim(x, 1), last...]}, asked of x anew each time. */
  String shapeLike(String x, long... last) {
    if (is(Way.CONSTANT_SHAPES)) {
      return last.length == 1 ? m.numbers(0, -1, last[0]) : m.numbers(0, 0, last[0], -1);
    }
    String first = unsqueeze(extent(x, 0), 0);
    String second = unsqueeze(extent(x, 1), 0);
    return last.length == 1
        ? m.node("Concat", List.of(first, second, m.numbers(last)), integer("axis", 0))
        : m.node(
            "Concat",
            List.of(first, second, m.numbers(last[0]), m.numbers(last[1])),
            integer("axis", 0));
  }

  // Embeddings.

  private List<String> written(String ids, String types) {
    String sum = m.node("Gather", m.weight("words", 20, HIDDEN), ids);
    if (!types.isEmpty()) {
      sum = m.node("Add", sum, m.node("Gather", m.weight("kinds", 2, HIDDEN), types));
    }
    String places = m.node("Gather", m.weight("places", 16, HIDDEN), positions(ids));
    return List.of(norm(m.node("Add", sum, places), "embeddings.norm"));
  }

  private String positions(String ids) {
    if (is(Way.POSITIONS_SUMMED)) {
      String equal = m.node("Equal", ids, m.number(1));
      String counts = m.node("Cast", List.of(m.node("Not", equal)), integer("to", INT64));
      String sums = m.node("CumSum", counts, m.number(1));
      return m.node("Add", m.node("Mul", sums, counts), m.number(1));
    }
    if (is(Way.POSITIONS_COUNTED)) {
      String range = m.node("Range", m.number(0), extent(ids, 1), m.number(1));
      return m.node("Expand", unsqueeze(range, 0), m.node("Shape", ids));
    }
    String end = unsqueeze(extent(ids, 1), 0);
    String table = unsqueeze(m.numbers(0, 1, 2, 3, 4, 5, 6, 7), 0);
    return m.node("Slice", table, m.numbers(0), end, m.numbers(1), m.numbers(1));
  }

  /** The embeddings, and how many keys each sequence has. */
  private List<String> runtimes(String ids, String types, String seen) {
    List<String> inputs =
        List.of(
            ExportedAttention.narrow(m, ids),
            types.isEmpty() ? "" : ExportedAttention.narrow(m, types),
            m.weight("words", 20, HIDDEN),
            m.weight("places", 16, HIDDEN),
            types.isEmpty() ? "" : m.weight("kinds", 2, HIDDEN),
            m.weight("embeddings.norm.weight", HIDDEN),
            m.weight("embeddings.norm.bias", HIDDEN),
            ExportedAttention.narrow(m, seen));
    return m.nodes("com.microsoft.EmbedLayerNormalization", 2, inputs);
  }

  // Layers.

  private String norm(String x, String name) {
    String scale = m.weight(name + ".weight", HIDDEN);
    if (is(Way.NORM_OPERATOR)) {
      return is(Way.RMS)
          ? m.node("RMSNormalization", x, scale)
          : m.node("LayerNormalization", x, scale, m.weight(name + ".bias", HIDDEN));
    }
    String centred = is(Way.RMS) ? x : m.node("Sub", x, mean(x));
    String square =
        is(Way.NORM_INVERTED)
            ? m.node("Mul", centred, centred)
            : m.node("Pow", centred, m.number(2f));
    String root = m.node("Sqrt", m.node("Add", mean(square), m.number(1e-12f)));
    String normal =
        is(Way.NORM_INVERTED)
            ? m.node("Mul", centred, m.node("Reciprocal", root))
            : m.node("Div", centred, root);
    String scaled = m.node("Mul", scale, nothing(normal));
    return is(Way.RMS) ? scaled : m.node("Add", scaled, m.weight(name + ".bias", HIDDEN));
  }

  private String sumAndNorm(String x, String skip, String name) {
    if (!is(Way.MICROSOFT)) {
      return norm(m.node("Add", nothing(x), skip), name);
    }
    String scale = m.weight(name + ".weight", HIDDEN);
    return is(Way.RMS)
        ? m.node("com.microsoft.SkipSimplifiedLayerNormalization", x, skip, scale)
        : m.node(
            "com.microsoft.SkipLayerNormalization",
            x,
            skip,
            scale,
            m.weight(name + ".bias", HIDDEN));
  }

  String linear(String x, String name, int in, int out) {
    String bias = m.weight(name + ".bias", out);
    if (is(Way.GEMM)) {
      String rows = m.node("Reshape", x, m.numbers(-1, in));
      String weight = m.weight(name + ".weight", out, in);
      String y = m.node("Gemm", List.of(rows, weight, bias), integer("transB", 1));
      return m.node("Reshape", y, shapeLike(x, out));
    }
    return m.node("Add", bias, m.node("MatMul", x, m.weight(name + ".weight", in, out)));
  }

  private String activated(String x, String name) {
    if (is(Way.MICROSOFT)) {
      String product = m.node("MatMul", x, m.weight(name + ".weight", HIDDEN, INNER));
      String type = is(Way.GELU_TANH) ? "FastGelu" : "BiasGelu";
      return m.node("com.microsoft." + type, product, m.weight(name + ".bias", INNER));
    }
    return activation(linear(x, name, HIDDEN, INNER));
  }

  private String activation(String x) {
    if (is(Way.RELU)) {
      return m.node("Relu", x);
    }
    if (is(Way.GELU_OPERATOR)) {
      return m.node("Gelu", x);
    }
    if (is(Way.GELU_TANH)) {
      String cube = m.node("Mul", m.number(0.044715f), m.node("Pow", x, m.number(3f)));
      String inner = m.node("Mul", m.number(0.7978846f), m.node("Add", x, cube));
      String gate = m.node("Add", m.number(1f), m.node("Tanh", inner));
      return m.node("Mul", m.node("Mul", m.number(0.5f), x), gate);
    }
    if (is(Way.GELU_HALF_FIRST)) {
      String erf = m.node("Erf", m.node("Mul", x, m.number(0.70710677f)));
      return m.node("Mul", m.node("Mul", x, m.number(0.5f)), m.node("Add", m.number(1f), erf));
    }
    String erf = m.node("Erf", m.node("Div", x, m.number(1.4142135f)));
    String gate = m.node("Add", erf, m.number(1f));
    return is(Way.GELU_OUTER_HALF)
        ? m.node("Mul", m.number(0.5f), m.node("Mul", gate, x))
        : m.node("Mul", m.node("Mul", x, gate), m.number(0.5f));
  }

  private String layer(String x, String name) {
    String attended = linear(attention.of(x, name), name + ".output", HIDDEN, HIDDEN);
    String y = sumAndNorm(attended, x, name + ".norm1");
    String active = nothing(activated(y, name + ".inner"));
    return sumAndNorm(linear(active, name + ".outer", INNER, HIDDEN), y, name + ".norm2");
  }

  /** {@code mask}, 1 and 0, as BOOL. */
  String bool(String mask) {
    return m.node("Cast", List.of(mask), integer("to", BOOL));
  }
}
