package dev.heddle.kernels;

import static dev.heddle.tensor.DType.BF16;
import static dev.heddle.tensor.DType.BOOL;
import static dev.heddle.tensor.DType.F16;
import static dev.heddle.tensor.DType.F32;
import static dev.heddle.tensor.DType.I32;
import static dev.heddle.tensor.DType.I64;
import static dev.heddle.tensor.DType.Q4_0;
import static dev.heddle.tensor.DType.Q4_1;
import static dev.heddle.tensor.DType.Q4_K;
import static dev.heddle.tensor.DType.Q6_K;
import static dev.heddle.tensor.DType.Q8_0;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.ArgReduce;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.Gather;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Reduce;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Sample;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Softmax;
import dev.heddle.op.TopK;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The kernels that transformers ask of a GPU: nodes like theirs are compiled for a device that only
 * remembers. Weights are float32, float16 or bfloat16; activations float32, or bfloat16 with such
 * weights, which is what GPUs compute models in unless somebody asks for another type; for plain
 * products and attention float16 too.
 */
public final class ModelKernels {
  /** Variants depend on these; GPUs of all generations that are served allow them. */
  public static final DeviceLimits LIMITS =
      new DeviceLimits(false, 1, 1024, 48 << 10, 1L << 40, 256, true, 1, 99 << 10, false);

  /** Of Hopper, which has products and attention of its own. */
  private static final DeviceLimits HOPPER =
      new DeviceLimits(false, 1, 1024, 48 << 10, 1L << 40, 256, true, 1, 227 << 10, true);

  /** Rows that few items share, and longer ones. */
  private static final int[] WIDTHS = {768, 4096};

  /** Rows that 32, 64 and 256 items hold. */
  private static final int[] HIDDEN = {384, 768, 4096};

  /** Query heads that have one key head. */
  private static final int[] SHARES = {1, 2, 4, 8};

  /** What feed-forward networks apply to a product. */
  private static final List<Unary.Kind> BEHIND_PRODUCTS =
      List.of(
          Unary.Kind.IDENTITY,
          Unary.Kind.GELU,
          Unary.Kind.GELU_TANH,
          Unary.Kind.RELU,
          Unary.Kind.SILU);

  private final RecordingDevice device;
  private final Backend backend;

  private ModelKernels(DeviceLimits limits) {
    device = new RecordingDevice(limits);
    backend = new KernelBackend(device, List.of());
  }

  /** All of them. */
  public static Set<KernelSource> all() {
    ModelKernels kernels = new ModelKernels(LIMITS);
    ModelKernels hopper = new ModelKernels(HOPPER);
    try (kernels.backend;
        hopper.backend) {
      kernels.products();
      kernels.attention();
      kernels.norms();
      kernels.elements();
      kernels.rows();
      hopper.products();
      hopper.attention();
      Set<KernelSource> all = new LinkedHashSet<>(kernels.device.sources());
      all.addAll(hopper.device.sources());
      return all;
    }
  }

  private static TensorType type(DType dtype, Object... dims) {
    return TensorType.of(dtype, dims);
  }

  /** Compiles one node of {@code outputs} outputs; an input may be null. */
  private void node(Op op, int outputs, TensorType... types) {
    GraphBuilder graph = new GraphBuilder("node");
    Value[] inputs = new Value[types.length];
    for (int i = 0; i < types.length; i++) {
      inputs[i] = types[i] == null ? null : graph.input("input" + i, types[i]);
    }
    List<Value> made = graph.addAll("node", op, outputs, inputs);
    for (int i = 0; i < outputs; i++) {
      graph.output("output" + i, made.get(i));
    }
    backend.compile(graph.build(), CompileOptions.DEFAULT).close();
  }

  private void products() {
    for (DType weight : List.of(F32, F16, BF16)) {
      for (Unary.Kind kind : BEHIND_PRODUCTS) {
        linear(kind, F32, weight, null);
      }
    }
    BEHIND_PRODUCTS.forEach(kind -> linear(kind, BF16, BF16, null));
    // As GPT-2 has its weights.
    for (Unary.Kind kind : List.of(Unary.Kind.IDENTITY, Unary.Kind.GELU_TANH)) {
      TensorType x = type(BF16, "tokens", 4096);
      node(MatMul.PLAIN.with(kind), 1, x, type(BF16, 4096, 4096));
    }
    linear(Unary.Kind.TANH, F32, F32, null);
    linear(Unary.Kind.TANH, F32, BF16, null);
    for (DType half : List.of(BF16, F16)) {
      linear(Unary.Kind.IDENTITY, half, half, null);
      linear(Unary.Kind.IDENTITY, half, half, half);
    }
    for (DType weight : List.of(F32, F16, BF16)) {
      experts(F32, weight);
    }
    experts(BF16, BF16);
    for (DType weight : List.of(Q8_0, Q4_0, Q4_1, Q4_K, Q6_K)) {
      blocks(Unary.Kind.IDENTITY, weight);
      blocks(Unary.Kind.SILU, weight);
    }
    TensorType a = type(F32, "batch", 12, "queries", "keys");
    node(MatMul.PLAIN, 1, a, type(F32, "batch", 12, "keys", 64));
  }

  private void experts(DType x, DType weight) {
    TensorType matrix = type(weight, 4096, 4096);
    TensorType chosen = type(I32, "tokens", 2);
    node(new ExpertMatMul(), 1, type(x, "tokens", 4096), chosen, matrix, matrix);
    node(new ExpertMatMul(), 1, type(x, "tokens", 2, 4096), chosen, matrix, matrix);
  }

  /** A product with a constant in blocks: of any extents, but more than one block of k. */
  private void blocks(Unary.Kind kind, DType weight) {
    GraphBuilder graph = new GraphBuilder("blocks");
    Value x = graph.input("x", type(F32, "tokens", 2 * MatMulTiles.K_BLOCK));
    Value b = graph.constant("b", HostTensor.heap(weight, Shape.of(32, 2 * MatMulTiles.K_BLOCK)));
    graph.output("y", graph.add("y", MatMul.LINEAR.with(kind), x, b));
    graph.output("row", graph.embedding("row", b, graph.input("id", type(I32, "tokens"))));
    backend.compile(graph.build(), CompileOptions.DEFAULT).close();
  }

  private void linear(Unary.Kind kind, DType x, DType weight, DType bias) {
    node(
        MatMul.LINEAR.with(kind),
        1,
        type(x, "tokens", 4096),
        type(weight, 4096, 4096),
        bias == null ? null : type(bias, 4096));
  }

  private void attention() {
    for (int headDim : new int[] {32, 64, 80, 96, 128, 256}) {
      ragged(F32, headDim);
      for (int share : SHARES) {
        paged(F32, F32, headDim, share);
      }
    }
    for (int headDim : new int[] {64, 128}) {
      for (int share : SHARES) {
        paged(F32, F16, headDim, share);
      }
      for (DType half : List.of(BF16, F16)) {
        ragged(half, headDim);
      }
    }
    ragged(BF16, 32);
    for (int headDim : new int[] {32, 64, 80, 96, 128}) {
      for (int share : SHARES) {
        paged(BF16, BF16, headDim, share);
      }
    }
    // Heads whose elements are not a multiple of 8 are not for tensor cores; small models have
    // them.
    ragged(BF16, 4);
    for (int share : SHARES) {
      paged(BF16, BF16, 4, share);
    }
    // Of graphs that are padded, as files have them.
    Attention padded = Attention.of(12, 64, Attention.Layout.HEADS);
    TensorType x = type(F32, "batch", 12, "sequence", 64);
    node(padded, 1, x, x, x, type(F32, "batch", 1, 1, "sequence"));
    node(padded, 1, x, x, x, type(BOOL, "batch", 1, 1, "sequence"));
    Attention wide = Attention.of(12, 128, Attention.Layout.HEADS);
    TensorType half = type(BF16, "batch", 12, "sequence", 128);
    node(wide, 1, half, half, half, type(BF16, "batch", 1, 1, "sequence"));
  }

  private static TensorType starts() {
    return type(I32, Dim.symbol("sequences").plus(Dim.ONE));
  }

  private void ragged(DType dtype, int headDim) {
    Attention op = Attention.of(8, headDim, Attention.Layout.RAGGED);
    TensorType x = type(dtype, "tokens", 8 * headDim);
    node(op, 1, x, x, x, null, starts());
  }

  private void paged(DType query, DType cache, int headDim, int share) {
    Attention op =
        new Attention(
            8 * share,
            8,
            Attention.Layout.RAGGED,
            1 / Math.sqrt(headDim),
            Attention.Causal.BOTTOM_RIGHT,
            0,
            0,
            Attention.Map.NONE);
    TensorType x = type(query, "tokens", 8 * share * headDim);
    TensorType pages = type(cache, "pages", 16, 8 * headDim);
    TensorType lengths = type(I32, "sequences");
    TensorType table = type(I32, "sequences", "most");
    node(op, 1, x, pages, pages, null, starts(), null, lengths, null, null, table);
    TensorType rows = type(query, "tokens", 8 * headDim);
    node(new CacheWrite(), 1, pages, rows, type(I32, "tokens"));
  }

  private void norms() {
    for (DType dtype : List.of(F32, BF16)) {
      for (int width : HIDDEN) {
        TensorType x = type(dtype, "tokens", width);
        TensorType scale = type(F32, width);
        LayerNorm centred = new LayerNorm(1, 1e-5);
        node(centred, 1, x, scale, scale);
        node(centred, 1, x, scale, scale, x);
        node(centred, 2, x, scale, scale, x);
        RmsNorm plain = new RmsNorm(1, 1e-5);
        node(plain, 1, x, scale);
        node(plain, 1, x, scale, x);
        node(plain, 2, x, scale, x);
      }
    }
  }

  private void elements() {
    TensorType x = type(F32, "tokens", 4096);
    for (Binary.Kind kind :
        List.of(
            Binary.Kind.ADD, Binary.Kind.SUB, Binary.Kind.MUL, Binary.Kind.DIV, Binary.Kind.MAX)) {
      node(new Binary(kind), 1, x, x);
    }
    TensorType half = type(BF16, "tokens", 4096);
    node(new Binary(Binary.Kind.ADD), 1, half, half);
    node(new Binary(Binary.Kind.MUL), 1, half, half);
    node(new Binary(Binary.Kind.ADD), 1, type(I32, "tokens"), type(I32, "tokens"));
    node(new Compare(Compare.Kind.EQUAL), 1, type(I64, "tokens"), type(I64, "tokens"));
    node(new Where(), 1, type(BOOL, "tokens", 4096), x, x);
    for (Unary.Kind kind :
        List.of(
            Unary.Kind.GELU,
            Unary.Kind.GELU_TANH,
            Unary.Kind.RELU,
            Unary.Kind.SILU,
            Unary.Kind.SIGMOID,
            Unary.Kind.TANH)) {
      node(new Unary(kind), 1, x);
      node(new Unary(kind), 1, half);
    }
    for (DType other : List.of(F16, BF16)) {
      node(new Cast(other), 1, x);
      node(new Cast(F32), 1, type(other, "tokens", 4096));
    }
    node(new Cast(I32), 1, type(I64, "tokens"));
    node(new Cast(F32), 1, type(I64, "tokens"));
    for (DType table : List.of(F32, F16, BF16)) {
      node(new Gather(0), 1, type(table, 32000, 4096), type(I32, "tokens"));
    }
    TensorType angles = type(F32, 2048, 64);
    TensorType own = type(F32, "tokens", 64);
    for (TensorType rotated : List.of(x, half)) {
      RotaryEmbedding op = new RotaryEmbedding(32, 128, false);
      node(op, 1, rotated, angles, angles, type(I32, "tokens"));
      node(op, 1, rotated, own, own);
    }
    step(F32, F32);
    step(F32, F16);
    step(BF16, BF16);
    moves();
  }

  /** What a decoder rotates and writes before it looks. */
  private void step(DType dtype, DType cache) {
    GraphBuilder graph = new GraphBuilder("step");
    RotaryEmbedding op = new RotaryEmbedding(8, 64, false);
    TensorType rows = type(dtype, "tokens", 8 * 64);
    TensorType pages = type(cache, "pages", 16, 8 * 64);
    Value positions = graph.input("positions", type(I32, "tokens"));
    for (boolean known : new boolean[] {true, false}) {
      TensorType angles = known ? type(F32, 2048, 32) : type(F32, "tokens", 32);
      Value cos = graph.input("cos" + known, angles);
      Value slots = graph.input("slots" + known, type(I32, "tokens"));
      Value[] values = new Value[3];
      for (int i = 0; i < values.length; i++) {
        values[i] = graph.input("rows" + i + known, rows);
      }
      Value at = known ? positions : null;
      Value query = graph.add("query", op, values[0], cos, cos, at);
      Value key = graph.add("key", op, values[1], cos, cos, at);
      Value keyPages = graph.input("keys" + known, pages);
      Value valuePages = graph.input("values" + known, pages);
      graph.output(
          "y" + known,
          graph.add(
              "attention",
              Attention.of(8, 64, Attention.Layout.RAGGED).with(Attention.Causal.BOTTOM_RIGHT),
              query,
              graph.add("keys", new CacheWrite(), keyPages, key, slots),
              graph.add("values", new CacheWrite(), valuePages, values[2], slots),
              null,
              graph.input("starts" + known, starts()),
              null,
              graph.input("lengths" + known, type(I32, "sequences")),
              null,
              null,
              graph.input("pages" + known, type(I32, "sequences", "most"))));
    }
    backend.compile(graph.build(), CompileOptions.DEFAULT).close();
  }

  private void moves() {
    GraphBuilder graph = new GraphBuilder("moves");
    Value x = graph.input("x", type(F32, "tokens", 8, 64));
    graph.output("transposed", graph.transpose(x, 1, 0, 2));
    graph.output("turned", graph.transpose(x, 0, 2, 1));
    graph.output("slice", graph.slice(x, 1, Dim.of(2), Dim.of(3)));
    graph.output("joined", graph.concat(1, x, x));
    backend.compile(graph.build(), CompileOptions.DEFAULT).close();
  }

  private void rows() {
    for (int width : new int[] {64, 768, 4096}) {
      node(new Softmax(1, false), 1, type(F32, "rows", width));
    }
    for (int width : WIDTHS) {
      TensorType x = type(F32, "rows", width);
      node(new Reduce(Reduce.Kind.SUM, List.of(1), true), 1, x);
      node(new Reduce(Reduce.Kind.L2, List.of(1), true), 1, x);
    }
    node(new Softmax(3, false), 1, type(F32, "batch", 12, "queries", "keys"));
    node(new Reduce(Reduce.Kind.SUM, List.of(1), false), 1, type(F32, "tokens", 2, 768));
    TensorType tokens = type(F32, "tokens", 768);
    for (SegmentPool.Kind kind :
        List.of(SegmentPool.Kind.FIRST, SegmentPool.Kind.MEAN, SegmentPool.Kind.MAX)) {
      node(new SegmentPool(kind), 1, tokens, starts());
    }
    TensorType logits = type(F32, "rows", 32000);
    node(new ArgReduce(true, 1, false, false), 1, logits);
    node(new TopK(Dim.of(50), 1, true), 2, logits);
    TensorType each = type(F32, "rows");
    node(new Sample(), 2, logits, each, type(I32, "rows"), each, each);
  }
}
