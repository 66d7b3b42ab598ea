package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reshape;
import dev.heddle.op.Softmax;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds scaled dot-product attention as exporters write it: {@code softmax(scale * q @ k^T +
 * mask) @ v} over {@code [batch, heads, sequence, headDim]}, the scale standing on the scores, on
 * q, on k or on both, masks being added or selected by a {@link Where} (see {@link
 * AttentionScores}).
 *
 * <p>Where q, k and v are split into heads by a reshape and a transpose, the attention takes the
 * unsplit {@code [batch, sequence, heads * headDim]} ({@link Layout#TOKENS}). Its result is then
 * split as before; {@link SimplifyViews} lets that meet the joining that follows, and both go. The
 * same is done to attentions that are there already.
 *
 * <p>A row that sees no key at all gives zeros from then on, where the primitives gave NaN.
 */
public record FuseAttention() implements Pass {
  private static final List<Integer> SWAP_HEADS = AttentionOperand.SWAP_HEADS;

  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    Algebra algebra = new Algebra(rewriter);
    rewriter.forEach(node -> {
      switch (node.op()) {
        case MatMul op when node.output().type().rank() == 4 -> fuse(rewriter, algebra, node, op);
        case Attention op when op.layout() == Layout.HEADS -> join(rewriter, algebra, node, op);
        default -> {}
      }
    });
    return rewriter.finish();
  }

  private static boolean isPlain(Node node, MatMul op) {
    return op.activation() == Unary.Kind.IDENTITY
        && !node.has(MatMul.BIAS)
        && !node.has(MatMul.RESIDUAL);
  }

  private static void fuse(Rewriter graph, Algebra algebra, Node root, MatMul op) {
    Value weights = root.input(MatMul.A);
    Value scores = softmaxOperand(graph, algebra, weights);
    if (scores == null || !isPlain(root, op) || op.transposeA() || op.alpha() != 1) {
      return;
    }
    AttentionScores found = AttentionScores.of(graph, algebra, scores);
    if (found == null || !isPlain(found.product(), (MatMul) found.product().op())) {
      return;
    }
    MatMul product = (MatMul) found.product().op();
    var q = AttentionOperand.of(algebra, graph, found.product().input(0), product.transposeA());
    var k = AttentionOperand.of(algebra, graph, found.product().input(1), !product.transposeB());
    var v = AttentionOperand.of(algebra, graph, root.input(MatMul.B), op.transposeB());
    double scale = found.factor() * product.alpha() * q.factor() * k.factor();
    boolean fits =
        v.factor() == 1
            && q.heads() > 0
            && q.heads() == k.heads()
            && q.heads() == v.heads()
            && q.batch().equals(k.batch())
            && q.batch().equals(v.batch());
    if (!fits) {
      return;
    }
    Layout layout = q.hasTokens() && k.hasTokens() && v.hasTokens() ? Layout.TOKENS : Layout.HEADS;
    Attention.Map map = graph.hasOneUse(weights) ? Attention.Map.NONE : Attention.Map.WEIGHTS;
    int heads = (int) q.heads();
    Attention attention = new Attention(heads, heads, layout, scale, Causal.NONE, 0, 0, map);
    replace(graph, root, attention, List.of(q, k, v), found);
  }

  private static void replace(
      Rewriter graph,
      Node root,
      Attention attention,
      List<AttentionOperand> operands,
      AttentionScores scores) {
    boolean tokens = attention.layout() == Layout.TOKENS;
    List<Value> inputs = new ArrayList<>();
    operands.forEach(o -> inputs.add(tokens ? o.tokens(graph) : o.split(graph)));
    inputs.add(scores.mask(graph));
    List<Value> results = add(graph, root, attention, inputs);
    Value weights = root.input(MatMul.A);
    graph.replace(root.output(), results.getFirst());
    if (results.size() > 1) {
      graph.replace(weights, results.getLast());
    }
  }

  /** An attention whose result has the type of {@code root}'s, which is split into heads. */
  private static List<Value> add(
      Rewriter graph, Node root, Attention attention, List<Value> inputs) {
    int outputs = attention.map() == Attention.Map.NONE ? 1 : 2;
    List<Value> results =
        new ArrayList<>(
            graph.addAll(root.name(), attention, outputs, inputs.toArray(Value[]::new)));
    if (attention.layout() == Layout.TOKENS) {
      TensorType split = root.output().type();
      List<Dim> dims = List.of(split.dim(0), split.dim(2), split.dim(1), split.dim(3));
      Value apart = graph.add(root.name() + ".split", new Reshape(dims), results.getFirst());
      results.set(0, graph.add(root.name() + ".heads", new Transpose(SWAP_HEADS), apart));
    }
    return results;
  }

  /** Lets an attention of split heads take the tokens that they are split from. */
  private static void join(Rewriter graph, Algebra algebra, Node node, Attention op) {
    List<AttentionOperand> operands = new ArrayList<>();
    for (int i = Attention.QUERY; i <= Attention.VALUE; i++) {
      AttentionOperand operand = AttentionOperand.of(algebra, graph, node.input(i), false);
      if (!operand.hasTokens() || operand.factor() != 1) {
        return;
      }
      operands.add(operand);
    }
    List<Value> inputs = new ArrayList<>(node.inputs());
    for (int i = Attention.QUERY; i <= Attention.VALUE; i++) {
      inputs.set(i, operands.get(i).tokens(graph));
    }
    List<Value> results = add(graph, node, op.with(Layout.TOKENS), inputs);
    for (int i = 0; i < node.outputs().size(); i++) {
      graph.replace(node.outputs().get(i), results.get(i));
    }
  }

  /**
   * What the softmax that gives {@code weights} is taken of, or null. Some exporters replace the
   * NaN of rows without keys by zeros; the attention does so anyway.
   */
  private static Value softmaxOperand(Rewriter graph, Algebra algebra, Value weights) {
    Node node = graph.producer(weights);
    if (node != null && node.op() instanceof Where) {
      Value tested = algebra.unary(node.input(Where.CONDITION), Unary.Kind.IS_NAN);
      Value otherwise = node.input(Where.B);
      boolean guard = algebra.is(node.input(Where.A), 0) && otherwise.equals(tested);
      node = guard ? graph.producer(otherwise) : null;
    }
    boolean fits =
        node != null
            && node.op() instanceof Softmax(int axis, boolean log)
            && !log
            && axis == node.output().type().rank() - 1;
    return fits ? node.input(0) : null;
  }
}
