package dev.heddle.onnx;

import static dev.heddle.onnx.ExportedBert.HEADS;
import static dev.heddle.onnx.ExportedBert.HEAD_DIM;
import static dev.heddle.onnx.ExportedBert.HIDDEN;
import static dev.heddle.onnx.ModelFile.FLOAT;
import static dev.heddle.onnx.ModelFile.INT32;
import static dev.heddle.onnx.ModelFile.INT64;
import static dev.heddle.onnx.ModelFile.attribute;
import static dev.heddle.onnx.ModelFile.integer;

import dev.heddle.onnx.ExportedBert.Way;
import java.util.ArrayList;
import java.util.List;

/** The attention of an {@link ExportedBert}, from the tokens to the heads side by side. */
final class ExportedAttention {
  private static final int BUCKETS = 5;

  private final ExportedBert bert;
  private final ModelFile m;
  private String mask;
  private String bias;

  ExportedAttention(ExportedBert bert, ModelFile m) {
    this.bert = bert;
    this.m = m;
  }

  static String narrow(ModelFile m, String x) {
    return m.node("Cast", List.of(x), integer("to", INT32));
  }

  private boolean is(Way way) {
    return bert.is(way);
  }

  /** Makes what all layers share. */
  void prepare(String x, String seen, String lengths) {
    mask = is(Way.LENGTHS) ? lengths : mask(x, seen);
    if (is(Way.RELATIVE_BIAS)) {
      bias = relative(x);
    }
  }

  private String mask(String x, String seen) {
    if (is(Way.MICROSOFT_ATTENTION) || is(Way.MULTI_HEAD_ATTENTION)) {
      return narrow(m, seen);
    }
    if (is(Way.MASK_EQUAL)) {
      return m.node("Equal", seen, m.number(0));
    }
    String two = bert.unsqueeze(bert.unsqueeze(seen, 1), 2);
    if (is(Way.MASK_OR)) {
      String hidden = m.node("Not", bert.bool(two));
      return m.node("Or", hidden, m.node("Equal", two, m.number(0)));
    }
    if (is(Way.MASK_BOOLEAN)) {
      String visible = m.node("And", m.node("Expand", bert.bool(two), squares(x)), bert.bool(two));
      return is(Way.ATTENTION_TOKENS)
          ? visible
          : m.node("Where", visible, m.number(0f), m.number(Float.NEGATIVE_INFINITY));
    }
    boolean expanded = is(Way.MASK_EXPANDED);
    String all = expanded ? m.node("Expand", two, squares(x)) : two;
    String floats = m.node("Cast", List.of(all), integer("to", FLOAT));
    String hidden = m.node("Sub", m.number(1f), floats);
    return expanded
        ? m.node("Where", bert.bool(hidden), m.number(-Float.MAX_VALUE), hidden)
        : m.node("Mul", hidden, m.number(-Float.MAX_VALUE));
  }

  /** {@code [batch, 1, sequence, sequence]}. */
  private String squares(String x) {
    String length = bert.unsqueeze(bert.extent(x, 1), 0);
    String batch = bert.unsqueeze(bert.extent(x, 0), 0);
    return m.node("Concat", List.of(batch, m.numbers(1), length, length), integer("axis", 0));
  }

  /** {@code [1, heads, sequence, sequence]}: T5's buckets, without logarithms. */
  private String relative(String x) {
    String count = bert.extent(x, 1);
    String range = m.node("Range", m.number(0), count, m.number(1));
    String distance = m.node("Sub", bert.unsqueeze(range, 0), bert.unsqueeze(range, 1));
    String far = m.node("Min", m.node("Abs", distance), m.number(2));
    String after = m.node("Greater", distance, m.number(0));
    String side = m.node("Mul", m.node("Cast", List.of(after), integer("to", INT64)), m.number(2));
    String bucket = m.node("Add", far, side);
    String values = m.node("Gather", m.weight("relative", BUCKETS, HEADS), bucket);
    return bert.unsqueeze(transposed(values, 2, 0, 1), 0);
  }

  /** The attended values of x, {@code [batch, sequence, hidden]}, before their projection. */
  String of(String x, String name) {
    if (is(Way.MICROSOFT_ATTENTION)) {
      List<String> inputs = new ArrayList<>(List.of(x));
      inputs.add(m.weight(name + ".qkv.weight", HIDDEN, 3 * HIDDEN));
      inputs.add(m.weight(name + ".qkv.bias", 3 * HIDDEN));
      inputs.add(mask);
      if (bias != null) {
        inputs.addAll(List.of("", bias));
      }
      return m.node("com.microsoft.Attention", inputs, integer("num_heads", HEADS));
    }
    if (is(Way.MULTI_HEAD_ATTENTION)) {
      List<String> inputs = new ArrayList<>();
      for (String operand : List.of(".query", ".key", ".value")) {
        inputs.add(m.node("MatMul", x, m.weight(name + operand, HIDDEN, HIDDEN)));
      }
      inputs.add(m.weight(name + ".qkv.bias", 3 * HIDDEN));
      inputs.add(mask);
      if (bias != null) {
        inputs.add(bias);
      }
      return m.node("com.microsoft.MultiHeadAttention", inputs, integer("num_heads", HEADS));
    }
    if (is(Way.ATTENTION_TOKENS)) {
      List<String> inputs = new ArrayList<>(projected(x, name));
      inputs.add(mask);
      return m.node(
          "Attention", inputs, integer("q_num_heads", HEADS), integer("kv_num_heads", HEADS));
    }
    return joined(heads(operands(x, name)));
  }

  private List<String> projected(String x, String name) {
    List<String> all = new ArrayList<>();
    for (String operand : List.of(".query", ".key", ".value")) {
      all.add(bert.linear(x, name + operand, HIDDEN, HIDDEN));
    }
    return all;
  }

  /** Queries, keys and values, {@code [batch, heads, sequence, headDim]}. */
  private List<String> operands(String x, String name) {
    if (is(Way.INDEXED)) {
      String all = bert.linear(x, name + ".qkv", HIDDEN, 3 * HIDDEN);
      String apart = m.node("Reshape", all, m.numbers(0, -1, 3, HEADS, HEAD_DIM));
      String first = transposed(apart, 2, 0, 3, 1, 4);
      List<String> operands = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        operands.add(m.node("Gather", List.of(first, m.number(i)), integer("axis", 0)));
      }
      return operands;
    }
    List<String> tokens = projected(x, name, is(Way.SPLIT));
    String k = tokens.get(1);
    return List.of(
        swapped(apart(tokens.get(0))),
        turnedAtOnce() ? transposed(apart(k), 0, 2, 3, 1) : swapped(apart(k)),
        swapped(apart(tokens.get(2))));
  }

  /** Whether keys come with their last axis first as soon as they are split. */
  private boolean turnedAtOnce() {
    return !is(Way.INDEXED)
        && !is(Way.KEYS_TWICE)
        && !is(Way.KEYS_FLATTENED)
        && !is(Way.ATTENTION_HEADS);
  }

  private List<String> projected(String x, String name, boolean together) {
    if (!together) {
      return projected(x, name);
    }
    String all = bert.linear(x, name + ".qkv", HIDDEN, 3 * HIDDEN);
    return m.opset() < 13
        ? m.nodes(
            "Split",
            3,
            List.of(all),
            integer("axis", 2),
            attribute("split", HIDDEN, HIDDEN, HIDDEN))
        : m.nodes("Split", 3, List.of(all, m.numbers(HIDDEN, HIDDEN, HIDDEN)), integer("axis", 2));
  }

  private String apart(String tokens) {
    return m.node("Reshape", tokens, bert.shapeLike(tokens, HEADS, HEAD_DIM));
  }

  private String transposed(String x, long... permutation) {
    return m.node("Transpose", List.of(x), attribute("perm", permutation));
  }

  private String swapped(String x) {
    return transposed(x, 0, 2, 1, 3);
  }

  private String joined(String heads) {
    String swapped = swapped(heads);
    return m.node("Reshape", swapped, bert.shapeLike(swapped, HIDDEN));
  }

  private String heads(List<String> operands) {
    String q = operands.get(0);
    String k = operands.get(1);
    String v = operands.get(2);
    if (is(Way.ATTENTION_HEADS)) {
      return m.node("Attention", q, k, v, mask);
    }
    if (is(Way.QUERIES_DIVIDED)) {
      q = m.node("Div", q, m.number(2f));
    }
    String turned = turned(k);
    if (is(Way.ROOTS_OF_SHAPE)) {
      String root = root(q);
      q = m.node("Mul", q, root);
      turned = m.node("Mul", turned, root);
    }
    String scores = m.node("MatMul", q, turned);
    if (is(Way.SCORES_MULTIPLIED)) {
      scores = m.node("Mul", m.number(0.5f), scores);
    } else if (!is(Way.QUERIES_DIVIDED) && !is(Way.ROOTS_OF_SHAPE)) {
      scores = m.node("Div", scores, m.number(2f));
    }
    if (bias != null) {
      scores = m.node("Add", scores, bias);
    }
    String last = masked(scores);
    String weights = m.node("Softmax", List.of(last), integer("axis", m.opset() < 13 ? 3 : -1));
    if (is(Way.GUARDED)) {
      weights = m.node("Where", m.node("IsNaN", weights), m.number(0f), weights);
    }
    return m.node("MatMul", bert.nothing(weights), v);
  }

  private String turned(String k) {
    if (is(Way.KEYS_FLATTENED)) {
      String shape = m.node("Shape", k);
      String length = bert.unsqueeze(bert.extent(k, 2), 0);
      String rows =
          m.node("Concat", List.of(m.numbers(-1), length, m.numbers(HEAD_DIM)), integer("axis", 0));
      String flat = m.node("Reshape", k, rows);
      String turned = transposed(flat, 0, 2, 1);
      String heads = m.node("Slice", shape, m.numbers(0), m.numbers(2));
      String target =
          m.node("Concat", List.of(heads, m.numbers(HEAD_DIM), length), integer("axis", 0));
      return m.node("Reshape", turned, target);
    }
    return turnedAtOnce() ? k : transposed(k, 0, 1, 3, 2);
  }

  /** {@code headDim^-1/4}, by way of the shape of q. */
  private String root(String q) {
    String last = m.node("Slice", m.node("Shape", q), m.numbers(-1), m.numbers(Long.MAX_VALUE));
    String number = m.node("Cast", List.of(last), integer("to", FLOAT));
    return m.node("Sqrt", m.node("Div", m.number(1f), m.node("Sqrt", number)));
  }

  private String masked(String scores) {
    if (is(Way.MASK_EQUAL)) {
      String shape =
          m.node(
              "Concat",
              List.of(
                  bert.unsqueeze(bert.extent(scores, 0), 0),
                  m.numbers(1, 1),
                  bert.unsqueeze(bert.extent(scores, 3), 0)),
              integer("axis", 0));
      String lines = m.node("Reshape", mask, shape);
      String hidden = bert.bool(m.node("Expand", lines, m.node("Shape", scores)));
      return m.node("Where", hidden, m.number(-Float.MAX_VALUE), scores);
    }
    if (is(Way.MASK_OR)) {
      return m.node("Where", mask, m.number(Float.NEGATIVE_INFINITY), scores);
    }
    return m.node("Add", scores, mask);
  }
}
