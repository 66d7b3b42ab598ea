package dev.heddle.graph;

import dev.heddle.op.ArgReduce;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.CumSum;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.Expand;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Pad;
import dev.heddle.op.Range;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Sample;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.TopK;
import dev.heddle.op.Transpose;
import dev.heddle.op.Triangle;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The types of a node's outputs from those of its inputs, and the check that the inputs fit.
 *
 * <p>Dimensions that depend on symbols are compared as expressions; what only a run can tell (that
 * two different symbols have one value) is checked when its shapes are bound.
 */
public final class TypeInference {
  private final Op op;
  private final Operands node;

  private TypeInference(Operands node) {
    this.op = node.op();
    this.node = node;
  }

  /**
   * Types of the first {@code outputCount} outputs.
   *
   * @param node the node's name, for errors
   * @param inputs types by position, null where an optional one is absent
   * @throws GraphException if the inputs do not fit, naming node, operation and types
   */
  public static List<TensorType> infer(
      String node, Op op, List<TensorType> inputs, int outputCount) {
    List<TensorType> all = new TypeInference(new Operands(node, op, inputs)).all();
    if (outputCount > all.size()) {
      throw new GraphException(
          "%s: %s has %d outputs, not %d".formatted(node, op.name(), all.size(), outputCount));
    }
    return all.subList(0, outputCount);
  }

  /** Blocks are read by a few operations, and written into caches only. */
  private void requireScalars() {
    for (int i = 0; i < node.inputs().size(); i++) {
      boolean reads =
          switch (op) {
            case MatMul o -> i == MatMul.B;
            case ExpertMatMul o -> i >= ExpertMatMul.WEIGHTS;
            case Gather o -> i == Gather.X;
            case Cast o -> true;
            case Reshape o -> node.in(i).dtype() == CacheWrite.BLOCKS;
            case CacheWrite o -> i == CacheWrite.CACHE && node.in(i).dtype() == CacheWrite.BLOCKS;
            case Attention o -> isCache(o, i);
            default -> false;
          };
      if (node.has(i) && node.in(i).dtype().isQuantized() && !reads) {
        throw node.wrong(
            ("no %s at position %d: blocks are read by MatMul (as b), ExpertMatMul (as weights),"
                    + " Gather (as x) and Cast; cast it to f32 first")
                .formatted(node.in(i).dtype(), i));
      }
    }
    DType made =
        switch (op) {
          case Cast o -> o.to();
          case Fill o -> o.dtype();
          case Range o -> o.dtype();
          default -> DType.F32;
        };
    if (made.isQuantized()) {
      throw node.wrong(
          "a type that can be computed; blocks of " + made + " are made by a quantiser");
    }
  }

  private boolean isCache(Attention o, int i) {
    return node.has(Attention.PAGES)
        && (i == Attention.KEY || i == Attention.VALUE)
        && node.in(i).dtype() == CacheWrite.BLOCKS;
  }

  private List<TensorType> all() {
    requireScalars();
    return switch (op) {
      case Unary o -> List.of(unary(o));
      case Binary o -> List.of(binary(o));
      case Compare o ->
          List.of(node.broadcast(node.same(0, 1), node.in(0), node.in(1)).with(DType.BOOL));
      case Where o -> List.of(where());
      case Cast o -> List.of(cast(o));
      case Reduce o -> List.of(reduce(o));
      case ArgReduce o ->
          List.of(
              without(node.in(0), List.of(node.axis(o.axis(), node.in(0))), o.keepDims())
                  .with(DType.I64));
      case TopK o -> topK(o);
      case Sample o -> sample();
      case Softmax o -> List.of(node.floats(0, node.axis(o.axis(), node.in(0)) >= 0));
      case LayerNorm o -> norm(o.axis(), LayerNorm.SCALE, LayerNorm.BIAS, LayerNorm.SKIP);
      case RmsNorm o -> norm(o.axis(), RmsNorm.SCALE, -1, RmsNorm.SKIP);
      case DynamicQuantize o -> dynamicQuantize(o);
      case RotaryEmbedding o -> List.of(rotary(o));
      case MatMul o -> List.of(new ProductTypes(node).matmul(o));
      case ExpertMatMul o -> List.of(new ProductTypes(node).experts());
      case Attention o -> new AttentionTypes(o, node).all();
      case CacheWrite o -> List.of(cacheWrite());
      case Gather o -> List.of(gather(o));
      case GatherElements o -> List.of(gatherElements(o));
      case GatherNd o -> List.of(gatherNd(o));
      case Reshape o -> List.of(reshape(o));
      case Transpose o -> List.of(transpose(o));
      case Expand o ->
          List.of(
              node.broadcast(
                  node.in(0).dtype(), node.in(0), new TensorType(node.in(0).dtype(), o.dims())));
      case Concat o -> List.of(concat(o));
      case Slice o -> List.of(slice(o));
      case Pad o -> List.of(pad(o));
      case Fill o -> List.of(new TensorType(o.dtype(), o.dims()));
      case Range o -> List.of(new TensorType(o.dtype(), List.of(o.count())));
      case DimensionsOf o -> List.of(TensorType.of(DType.I64, o.dims().size()));
      case Triangle o ->
          List.of(node.require(node.in(0), node.in(0).rank() >= 2, "rank 2 or more"));
      case CumSum o -> List.of(node.require(node.in(0), node.axis(o.axis(), node.in(0)) >= 0, ""));
      case SegmentPool o -> List.of(pool());
    };
  }

  private TensorType unary(Unary o) {
    TensorType x = node.in(0);
    return switch (o.kind()) {
      case NOT -> node.require(x, x.dtype() == DType.BOOL, "bool");
      case IS_NAN -> node.floats(0, true).with(DType.BOOL);
      case IDENTITY -> x;
      default ->
          node.require(
              x,
              x.dtype().isFloat() || x.dtype().isInteger() && !o.kind().floatsOnly(),
              o.kind().floatsOnly() ? "floats" : "numbers");
    };
  }

  private TensorType cast(Cast o) {
    TensorType x = node.in(0);
    node.require(x, !x.dtype().isQuantized() || o.to() == DType.F32, "f32 to cast blocks to");
    return x.with(o.to());
  }

  private TensorType binary(Binary o) {
    TensorType a = node.in(0);
    TensorType b = node.in(1);
    DType dtype = o.kind() == Binary.Kind.POW ? a.dtype() : node.same(0, 1);
    boolean logical =
        switch (o.kind()) {
          case AND, OR, XOR -> true;
          default -> false;
        };
    node.require(a, logical == (dtype == DType.BOOL), logical ? "bool" : "numbers");
    return node.broadcast(dtype, a, b);
  }

  private TensorType where() {
    node.require(node.in(0), node.in(0).dtype() == DType.BOOL, "a bool condition");
    return node.broadcast(node.same(Where.A, Where.B), node.in(0), node.in(1), node.in(2));
  }

  private TensorType without(TensorType x, List<Integer> axes, boolean keepDims) {
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (!axes.contains(i)) {
        dims.add(x.dim(i));
      } else if (keepDims) {
        dims.add(Dim.ONE);
      }
    }
    return x.with(dims);
  }

  private TensorType reduce(Reduce o) {
    TensorType x = node.in(0);
    o.axes().forEach(axis -> node.axis(axis, x));
    return without(x, o.axes(), o.keepDims());
  }

  private List<TensorType> topK(TopK o) {
    List<Dim> dims = new ArrayList<>(node.in(0).dims());
    dims.set(node.axis(o.axis(), node.in(0)), o.k());
    return List.of(node.in(0).with(dims), new TensorType(DType.I64, dims));
  }

  private List<TensorType> sample() {
    TensorType logits = node.in(Sample.LOGITS);
    node.require(logits, logits.dtype() == DType.F32 && logits.rank() == 2, "logits f32 of rank 2");
    List<Dim> rows = List.of(logits.dim(0));
    TensorType floats = new TensorType(DType.F32, rows);
    TensorType ints = new TensorType(DType.I32, rows);
    for (int i : new int[] {Sample.TEMPERATURE, Sample.TOP_K, Sample.TOP_P, Sample.UNIFORM}) {
      TensorType wanted = i == Sample.TOP_K ? ints : floats;
      node.require(node.in(i), node.in(i).equals(wanted), "%s at position %d".formatted(wanted, i));
    }
    return List.of(ints, floats);
  }

  private List<TensorType> norm(int axis, int scale, int bias, int skip) {
    TensorType x = node.floats(0, node.axis(axis, node.in(0)) >= 0);
    List<Dim> normalised = x.dims().subList(axis, x.rank());
    for (int position : new int[] {scale, bias}) {
      if (position == scale || node.has(position)) {
        node.require(
            node.in(position),
            node.in(position).elements().equals(Dim.product(normalised))
                || broadcastable(node.in(position).dims(), normalised),
            "scale and bias " + normalised);
      }
    }
    if (node.has(skip)) {
      node.require(node.in(skip), node.in(skip).equals(x), "skip " + x);
    }
    return List.of(x, x);
  }

  private static boolean broadcastable(List<Dim> from, List<Dim> to) {
    for (int i = 1; i <= from.size(); i++) {
      Dim dim = from.get(from.size() - i);
      if (!dim.is(1) && (i > to.size() || !dim.equals(to.get(to.size() - i)))) {
        return false;
      }
    }
    return true;
  }

  private List<TensorType> dynamicQuantize(DynamicQuantize o) {
    TensorType x = node.require(node.in(0), node.in(0).dtype() == DType.F32, "f32");
    node.require(x, o.axis() >= 0 && o.axis() <= x.rank(), "an axis from 0 to " + x.rank());
    if (node.has(DynamicQuantize.CU_SEQ_LENS)) {
      TensorType starts = node.in(DynamicQuantize.CU_SEQ_LENS);
      boolean fits = starts.rank() == 1 && starts.dtype() == DType.I32;
      node.require(
          x, fits && o.axis() == 0 && x.rank() > 0, "cuSeqLens, i32 of rank 1, and axis 0");
      return List.of(x);
    }
    List<Integer> axes = IntStream.range(o.axis(), x.rank()).boxed().toList();
    TensorType groups = without(x, axes, true);
    return List.of(x, groups, groups);
  }

  private TensorType rotary(RotaryEmbedding o) {
    TensorType x = node.floats(0, true);
    node.require(node.in(1), node.in(1).equals(node.in(2)), "cosines and sines alike");
    node.require(
        node.in(1),
        o.rotaryDim() % 2 == 0 && node.in(1).dim(-1).is(o.rotaryDim() / 2),
        "tables of rotaryDim/2 columns");
    if (node.has(RotaryEmbedding.POSITIONS)) {
      node.indices(RotaryEmbedding.POSITIONS);
    }
    return node.require(x, o.heads() > 0 ? x.rank() >= 2 : x.rank() == 4, "tokens and heads");
  }

  private TensorType cacheWrite() {
    TensorType cache = node.in(CacheWrite.CACHE);
    TensorType rows = node.in(CacheWrite.ROWS);
    TensorType slots = node.in(CacheWrite.SLOTS);
    boolean blocks = cache.dtype() == CacheWrite.BLOCKS;
    node.require(
        cache,
        cache.rank() == 3 && (cache.dtype().isFloat() || blocks),
        "a cache of floats or q8_0, rank 3");
    requireWholeBlocks(cache);
    boolean type = blocks ? rows.dtype() == DType.F32 : rows.dtype().isFloat();
    boolean fit = rows.rank() == 2 && rows.dim(1).equals(cache.dim(2)) && type;
    node.require(
        rows, fit, "rows of %s [tokens, %s]".formatted(blocks ? "f32" : "floats", cache.dim(2)));
    boolean each =
        slots.dtype() == DType.I32 && slots.rank() == 1 && slots.dim(0).equals(rows.dim(0));
    node.require(slots, each, "slots i32 [" + rows.dim(0) + "]");
    return cache;
  }

  private void requireWholeBlocks(TensorType x) {
    int block = x.dtype().blockElements();
    boolean whole = block == 1 || x.dim(-1).isFixed() && x.dim(-1).fixed() % block == 0;
    node.require(x, whole, "rows of a multiple of %d elements for %s".formatted(block, x.dtype()));
  }

  private TensorType gather(Gather o) {
    node.indices(Gather.INDICES);
    TensorType x = node.in(0);
    int axis = node.axis(o.axis(), x);
    List<Dim> dims = new ArrayList<>(x.dims().subList(0, axis));
    dims.addAll(node.in(1).dims());
    dims.addAll(x.dims().subList(axis + 1, x.rank()));
    if (x.dtype().isQuantized()) {
      node.require(x, axis == 0 && x.rank() == 2, "rows of a table, axis 0, of blocks");
      return new TensorType(DType.F32, dims);
    }
    return x.with(dims);
  }

  private TensorType gatherElements(GatherElements o) {
    node.indices(GatherElements.INDICES);
    node.axis(o.axis(), node.in(0));
    node.require(
        node.in(1), node.in(1).rank() == node.in(0).rank(), "indices of rank " + node.in(0).rank());
    return node.in(1).with(node.in(0).dtype());
  }

  private TensorType gatherNd(GatherNd o) {
    node.indices(GatherNd.INDICES);
    TensorType x = node.in(0);
    TensorType indices = node.in(1);
    node.require(
        indices,
        indices.rank() > o.batchDims() && indices.dim(-1).isFixed(),
        "indices whose last extent is a number");
    int depth = (int) indices.dim(-1).fixed();
    node.require(x, o.batchDims() + depth <= x.rank(), "tuples no deeper than x");
    List<Dim> dims = new ArrayList<>(indices.dims().subList(0, indices.rank() - 1));
    dims.addAll(x.dims().subList(o.batchDims() + depth, x.rank()));
    return x.with(dims);
  }

  private TensorType reshape(Reshape o) {
    TensorType y = node.in(0).with(o.dims());
    boolean known = node.in(0).isStatic() && y.isStatic();
    node.require(
        y, !known || node.in(0).elements().equals(y.elements()), "as many elements as before");
    if (y.dtype().isQuantized()) {
      boolean rows = y.rank() > 0 && y.dim(-1).equals(node.in(0).dim(-1));
      node.require(
          y, rows, "rows of %s elements, as before, of blocks".formatted(node.in(0).dim(-1)));
    }
    return y;
  }

  private TensorType transpose(Transpose o) {
    TensorType x = node.in(0);
    List<Integer> sorted = o.permutation().stream().sorted().toList();
    for (int i = 0; i < Math.max(sorted.size(), x.rank()); i++) {
      node.require(
          x,
          sorted.size() == x.rank() && sorted.get(i) == i,
          "a permutation of the " + x.rank() + " axes");
    }
    return x.with(o.permutation().stream().map(x::dim).toList());
  }

  private TensorType concat(Concat o) {
    List<Dim> dims = new ArrayList<>(node.in(0).dims());
    int axis = node.axis(o.axis(), node.in(0));
    for (int i = 1; i < node.inputs().size(); i++) {
      node.require(
          node.in(i),
          node.same(0, i) != null && node.in(i).rank() == node.in(0).rank(),
          "parts of one rank");
      for (int d = 0; d < dims.size(); d++) {
        Dim own = node.in(i).dim(d);
        if (d == axis) {
          dims.set(d, dims.get(d).plus(own));
        } else {
          node.require(
              node.in(i),
              own.equals(dims.get(d)) || own.isFixed() != dims.get(d).isFixed(),
              "parts alike but for axis " + axis);
        }
      }
    }
    return node.in(0).with(dims);
  }

  private TensorType slice(Slice o) {
    List<Dim> dims = new ArrayList<>(node.in(0).dims());
    node.require(node.in(0), o.step() != 0, "a step that is not 0");
    Dim extent = dims.set(node.axis(o.axis(), node.in(0)), o.length());
    if (extent.isFixed() && o.start().isFixed() && o.length().isFixed() && !o.length().is(0)) {
      long last = o.start().fixed() + (o.length().fixed() - 1) * o.step();
      node.require(
          node.in(0),
          o.length().fixed() > 0 && inside(o.start().fixed(), extent) && inside(last, extent),
          "indices within the axis");
    }
    return node.in(0).with(dims);
  }

  private static boolean inside(long index, Dim extent) {
    return index >= 0 && index < extent.fixed();
  }

  private TensorType pad(Pad o) {
    TensorType x = node.in(0);
    node.require(
        x, o.before().size() == x.rank() && o.after().size() == x.rank(), "counts for each axis");
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      dims.add(x.dim(i).plus(Dim.of(o.before().get(i) + o.after().get(i))));
    }
    return x.with(dims);
  }

  private TensorType pool() {
    TensorType x = node.floats(0, node.in(0).rank() == 2);
    TensorType starts = node.in(SegmentPool.CU_SEQ_LENS);
    node.require(
        starts, starts.rank() == 1 && starts.dtype() == DType.I32, "cuSeqLens, i32 of rank 1");
    return x.with(List.of(starts.dim(0).minus(Dim.ONE), x.dim(1)));
  }
}
