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
  private final String node;
  private final Op op;
  private final List<TensorType> inputs;

  private TypeInference(String node, Op op, List<TensorType> inputs) {
    this.node = node;
    this.op = op;
    this.inputs = inputs;
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
    List<TensorType> all = new TypeInference(node, op, inputs).all();
    if (outputCount > all.size()) {
      throw new GraphException(
          "%s: %s has %d outputs, not %d".formatted(node, op.name(), all.size(), outputCount));
    }
    return all.subList(0, outputCount);
  }

  /** Blocks are read by a few operations, and written into caches only. */
  private void requireScalars() {
    for (int i = 0; i < inputs.size(); i++) {
      boolean reads =
          switch (op) {
            case MatMul o -> i == MatMul.B;
            case ExpertMatMul o -> i >= ExpertMatMul.WEIGHTS;
            case Gather o -> i == Gather.X;
            case Cast o -> true;
            case Reshape o -> in(i).dtype() == CacheWrite.BLOCKS;
            case CacheWrite o -> i == CacheWrite.CACHE && in(i).dtype() == CacheWrite.BLOCKS;
            case Attention o -> isCache(o, i);
            default -> false;
          };
      if (has(i) && in(i).dtype().isQuantized() && !reads) {
        throw wrong(
            ("no %s at position %d: blocks are read by MatMul (as b), ExpertMatMul (as weights),"
                    + " Gather (as x) and Cast; cast it to f32 first")
                .formatted(in(i).dtype(), i));
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
      throw wrong("a type that can be computed; blocks of " + made + " are made by a quantiser");
    }
  }

  private boolean isCache(Attention o, int i) {
    return has(Attention.PAGES)
        && (i == Attention.KEY || i == Attention.VALUE)
        && in(i).dtype() == CacheWrite.BLOCKS;
  }

  private List<TensorType> all() {
    requireScalars();
    return switch (op) {
      case Unary o -> List.of(unary(o));
      case Binary o -> List.of(binary(o));
      case Compare o -> List.of(broadcast(same(0, 1), in(0), in(1)).with(DType.BOOL));
      case Where o -> List.of(where());
      case Cast o -> List.of(cast(o));
      case Reduce o -> List.of(reduce(o));
      case ArgReduce o ->
          List.of(without(in(0), List.of(axis(o.axis(), in(0))), o.keepDims()).with(DType.I64));
      case TopK o -> topK(o);
      case Sample o -> sample();
      case Softmax o -> List.of(floats(0, axis(o.axis(), in(0)) >= 0));
      case LayerNorm o -> norm(o.axis(), LayerNorm.SCALE, LayerNorm.BIAS, LayerNorm.SKIP);
      case RmsNorm o -> norm(o.axis(), RmsNorm.SCALE, -1, RmsNorm.SKIP);
      case DynamicQuantize o -> dynamicQuantize(o);
      case RotaryEmbedding o -> List.of(rotary(o));
      case MatMul o -> List.of(matmul(o));
      case ExpertMatMul o -> List.of(experts());
      case Attention o -> new AttentionTypes(node, o, inputs).all();
      case CacheWrite o -> List.of(cacheWrite());
      case Gather o -> List.of(gather(o));
      case GatherElements o -> List.of(gatherElements(o));
      case GatherNd o -> List.of(gatherNd(o));
      case Reshape o -> List.of(reshape(o));
      case Transpose o -> List.of(transpose(o));
      case Expand o ->
          List.of(broadcast(in(0).dtype(), in(0), new TensorType(in(0).dtype(), o.dims())));
      case Concat o -> List.of(concat(o));
      case Slice o -> List.of(slice(o));
      case Pad o -> List.of(pad(o));
      case Fill o -> List.of(new TensorType(o.dtype(), o.dims()));
      case Range o -> List.of(new TensorType(o.dtype(), List.of(o.count())));
      case DimensionsOf o -> List.of(TensorType.of(DType.I64, o.dims().size()));
      case Triangle o -> List.of(require(in(0), in(0).rank() >= 2, "rank 2 or more"));
      case CumSum o -> List.of(require(in(0), axis(o.axis(), in(0)) >= 0, ""));
      case SegmentPool o -> List.of(pool());
    };
  }

  // Inputs and complaints.

  private GraphException wrong(String expected) {
    return new GraphException(
        "%s: %s%s of %s; expected %s".formatted(node, op.name(), attributes(), inputs, expected));
  }

  private String attributes() {
    String text = op.toString();
    return text.endsWith("[]") ? "" : " " + text.substring(text.indexOf('['));
  }

  private TensorType in(int position) {
    if (position >= inputs.size() || inputs.get(position) == null) {
      throw wrong("an input at position " + position);
    }
    return inputs.get(position);
  }

  private boolean has(int position) {
    return position >= 0 && position < inputs.size() && inputs.get(position) != null;
  }

  private TensorType require(TensorType type, boolean holds, String expected) {
    if (!holds) {
      throw wrong(expected);
    }
    return type;
  }

  private TensorType floats(int position, boolean holds) {
    return require(in(position), holds && in(position).dtype().isFloat(), "floats");
  }

  private DType same(int a, int b) {
    return require(in(a), in(a).dtype() == in(b).dtype(), "operands of one type").dtype();
  }

  private int axis(int axis, TensorType type) {
    if (axis < 0 || axis >= type.rank()) {
      throw wrong("an axis from 0 to " + (type.rank() - 1) + ", not " + axis);
    }
    return axis;
  }

  private void indices(int position) {
    DType dtype = in(position).dtype();
    require(in(position), dtype == DType.I32 || dtype == DType.I64, "indices of type i32 or i64");
  }

  // Shapes.

  private TensorType broadcast(DType dtype, TensorType... types) {
    int rank = 0;
    for (TensorType type : types) {
      rank = Math.max(rank, type.rank());
    }
    List<Dim> dims = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      Dim dim = Dim.ONE;
      for (TensorType type : types) {
        int own = axis - (rank - type.rank());
        if (own >= 0) {
          dim = broadcast(dim, type.dim(own));
        }
      }
      dims.add(dim);
    }
    return new TensorType(dtype, dims);
  }

  private Dim broadcast(Dim a, Dim b) {
    if (a.equals(b) || b.is(1)) {
      return a;
    }
    if (a.is(1)) {
      return b;
    }
    // A symbol against a number can only be that number, or 1; the run checks it.
    if (a.isFixed() != b.isFixed()) {
      return a.isFixed() ? a : b;
    }
    throw wrong("shapes that broadcast; " + a + " and " + b + " do not");
  }

  private TensorType unary(Unary o) {
    TensorType x = in(0);
    return switch (o.kind()) {
      case NOT -> require(x, x.dtype() == DType.BOOL, "bool");
      case IS_NAN -> floats(0, true).with(DType.BOOL);
      case IDENTITY -> x;
      default ->
          require(
              x,
              x.dtype().isFloat() || x.dtype().isInteger() && !o.kind().floatsOnly(),
              o.kind().floatsOnly() ? "floats" : "numbers");
    };
  }

  private TensorType cast(Cast o) {
    TensorType x = in(0);
    require(x, !x.dtype().isQuantized() || o.to() == DType.F32, "f32 to cast blocks to");
    return x.with(o.to());
  }

  private TensorType binary(Binary o) {
    TensorType a = in(0);
    TensorType b = in(1);
    DType dtype = o.kind() == Binary.Kind.POW ? a.dtype() : same(0, 1);
    boolean logical =
        switch (o.kind()) {
          case AND, OR, XOR -> true;
          default -> false;
        };
    require(a, logical == (dtype == DType.BOOL), logical ? "bool" : "numbers");
    return broadcast(dtype, a, b);
  }

  private TensorType where() {
    require(in(0), in(0).dtype() == DType.BOOL, "a bool condition");
    return broadcast(same(Where.A, Where.B), in(0), in(1), in(2));
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
    TensorType x = in(0);
    o.axes().forEach(axis -> axis(axis, x));
    return without(x, o.axes(), o.keepDims());
  }

  private List<TensorType> topK(TopK o) {
    List<Dim> dims = new ArrayList<>(in(0).dims());
    dims.set(axis(o.axis(), in(0)), o.k());
    return List.of(in(0).with(dims), new TensorType(DType.I64, dims));
  }

  private List<TensorType> sample() {
    TensorType logits = in(Sample.LOGITS);
    require(logits, logits.dtype() == DType.F32 && logits.rank() == 2, "logits f32 of rank 2");
    List<Dim> rows = List.of(logits.dim(0));
    TensorType floats = new TensorType(DType.F32, rows);
    TensorType ints = new TensorType(DType.I32, rows);
    for (int i : new int[] {Sample.TEMPERATURE, Sample.TOP_K, Sample.TOP_P, Sample.UNIFORM}) {
      TensorType wanted = i == Sample.TOP_K ? ints : floats;
      require(in(i), in(i).equals(wanted), "%s at position %d".formatted(wanted, i));
    }
    return List.of(ints, floats);
  }

  private List<TensorType> norm(int axis, int scale, int bias, int skip) {
    TensorType x = floats(0, axis(axis, in(0)) >= 0);
    List<Dim> normalised = x.dims().subList(axis, x.rank());
    for (int position : new int[] {scale, bias}) {
      if (position == scale || has(position)) {
        require(
            in(position),
            in(position).elements().equals(Dim.product(normalised))
                || broadcastable(in(position).dims(), normalised),
            "scale and bias " + normalised);
      }
    }
    if (has(skip)) {
      require(in(skip), in(skip).equals(x), "skip " + x);
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
    TensorType x = require(in(0), in(0).dtype() == DType.F32, "f32");
    require(x, o.axis() >= 0 && o.axis() <= x.rank(), "an axis from 0 to " + x.rank());
    if (has(DynamicQuantize.CU_SEQ_LENS)) {
      TensorType starts = in(DynamicQuantize.CU_SEQ_LENS);
      boolean fits = starts.rank() == 1 && starts.dtype() == DType.I32;
      require(x, fits && o.axis() == 0 && x.rank() > 0, "cuSeqLens, i32 of rank 1, and axis 0");
      return List.of(x);
    }
    List<Integer> axes = IntStream.range(o.axis(), x.rank()).boxed().toList();
    TensorType groups = without(x, axes, true);
    return List.of(x, groups, groups);
  }

  private TensorType rotary(RotaryEmbedding o) {
    TensorType x = floats(0, true);
    require(in(1), in(1).equals(in(2)), "cosines and sines alike");
    require(
        in(1),
        o.rotaryDim() % 2 == 0 && in(1).dim(-1).is(o.rotaryDim() / 2),
        "tables of rotaryDim/2 columns");
    if (has(RotaryEmbedding.POSITIONS)) {
      indices(RotaryEmbedding.POSITIONS);
    }
    return require(x, o.heads() > 0 ? x.rank() >= 2 : x.rank() == 4, "tokens and heads");
  }

  private TensorType matmul(MatMul o) {
    TensorType a = floats(0, true);
    TensorType b = in(MatMul.B);
    if (b.dtype().isQuantized()) {
      require(
          b,
          o.transposeB() && b.rank() == 2 && a.dtype() == DType.F32,
          "blocks as b [n, k], transposed, and a of f32");
    } else {
      require(b, b.dtype().isFloat(), "floats");
    }
    require(a, a.rank() >= 1 && b.rank() >= 1, "rank 1 or more");
    require(a, !(a.rank() == 1 && o.transposeA() || b.rank() == 1 && o.transposeB()), "matrices");
    Dim m = a.rank() == 1 ? null : a.dim(o.transposeA() ? -1 : -2);
    Dim k = a.rank() == 1 ? a.dim(0) : a.dim(o.transposeA() ? -2 : -1);
    Dim k2 = b.rank() == 1 ? b.dim(0) : b.dim(o.transposeB() ? -1 : -2);
    Dim n = b.rank() == 1 ? null : b.dim(o.transposeB() ? -2 : -1);
    require(a, k.equals(k2) || k.isFixed() != k2.isFixed(), "inner dimensions alike");
    TensorType batchA = a.with(a.dims().subList(0, Math.max(0, a.rank() - 2)));
    TensorType batchB = a.with(b.dims().subList(0, Math.max(0, b.rank() - 2)));
    List<Dim> dims = new ArrayList<>(broadcast(a.dtype(), batchA, batchB).dims());
    if (m != null) {
      dims.add(m);
    }
    if (n != null) {
      dims.add(n);
    }
    TensorType y = a.with(dims);
    if (has(MatMul.BIAS)) {
      TensorType bias = in(MatMul.BIAS);
      require(
          bias,
          bias.dtype().isFloat() && broadcast(a.dtype(), y, bias).equals(y),
          "a bias to " + y);
      boolean alike = !b.dtype().isQuantized() || bias.dtype() == a.dtype();
      require(bias, alike, "a bias of " + a.dtype() + " where b is of blocks");
    }
    if (has(MatMul.RESIDUAL)) {
      require(y, in(MatMul.RESIDUAL).equals(y), "a residual " + y);
    }
    return y;
  }

  private TensorType cacheWrite() {
    TensorType cache = in(CacheWrite.CACHE);
    TensorType rows = in(CacheWrite.ROWS);
    TensorType slots = in(CacheWrite.SLOTS);
    boolean blocks = cache.dtype() == CacheWrite.BLOCKS;
    require(
        cache,
        cache.rank() == 3 && (cache.dtype().isFloat() || blocks),
        "a cache of floats or q8_0, rank 3");
    requireWholeBlocks(cache);
    boolean type = blocks ? rows.dtype() == DType.F32 : rows.dtype().isFloat();
    boolean fit = rows.rank() == 2 && rows.dim(1).equals(cache.dim(2)) && type;
    require(
        rows, fit, "rows of %s [tokens, %s]".formatted(blocks ? "f32" : "floats", cache.dim(2)));
    boolean each =
        slots.dtype() == DType.I32 && slots.rank() == 1 && slots.dim(0).equals(rows.dim(0));
    require(slots, each, "slots i32 [" + rows.dim(0) + "]");
    return cache;
  }

  private void requireWholeBlocks(TensorType x) {
    int block = x.dtype().blockElements();
    boolean whole = block == 1 || x.dim(-1).isFixed() && x.dim(-1).fixed() % block == 0;
    require(x, whole, "rows of a multiple of %d elements for %s".formatted(block, x.dtype()));
  }

  private TensorType experts() {
    indices(ExpertMatMul.EXPERTS);
    TensorType x = in(ExpertMatMul.X);
    TensorType chosen = in(ExpertMatMul.EXPERTS);
    TensorType weight = in(ExpertMatMul.WEIGHTS);
    boolean rows =
        x.rank() == 2 && x.dim(0).equals(chosen.dim(0))
            || x.rank() == 3 && x.dims().subList(0, 2).equals(chosen.dims());
    require(
        x,
        chosen.rank() == 2 && rows && x.dtype().isFloat(),
        "floats [tokens, k] or [tokens, chosen, k], and choices [tokens, chosen]");
    for (int i = ExpertMatMul.WEIGHTS; i < inputs.size(); i++) {
      require(in(i), in(i).equals(weight) && weight.rank() == 2, "matrices [n, k] of one type");
    }
    require(weight, weight.dim(1).equals(x.dim(-1)), "matrices [n, k], k as in x");
    boolean blocks = weight.dtype().isQuantized() && x.dtype() == DType.F32;
    require(
        weight,
        weight.dtype().isFloat() || blocks,
        "matrices of floats, or of blocks and x of f32");
    return x.with(List.of(chosen.dim(0), chosen.dim(1), weight.dim(0)));
  }

  private TensorType gather(Gather o) {
    indices(Gather.INDICES);
    TensorType x = in(0);
    int axis = axis(o.axis(), x);
    List<Dim> dims = new ArrayList<>(x.dims().subList(0, axis));
    dims.addAll(in(1).dims());
    dims.addAll(x.dims().subList(axis + 1, x.rank()));
    if (x.dtype().isQuantized()) {
      require(x, axis == 0 && x.rank() == 2, "rows of a table, axis 0, of blocks");
      return new TensorType(DType.F32, dims);
    }
    return x.with(dims);
  }

  private TensorType gatherElements(GatherElements o) {
    indices(GatherElements.INDICES);
    axis(o.axis(), in(0));
    require(in(1), in(1).rank() == in(0).rank(), "indices of rank " + in(0).rank());
    return in(1).with(in(0).dtype());
  }

  private TensorType gatherNd(GatherNd o) {
    indices(GatherNd.INDICES);
    TensorType x = in(0);
    TensorType indices = in(1);
    require(
        indices,
        indices.rank() > o.batchDims() && indices.dim(-1).isFixed(),
        "indices whose last extent is a number");
    int depth = (int) indices.dim(-1).fixed();
    require(x, o.batchDims() + depth <= x.rank(), "tuples no deeper than x");
    List<Dim> dims = new ArrayList<>(indices.dims().subList(0, indices.rank() - 1));
    dims.addAll(x.dims().subList(o.batchDims() + depth, x.rank()));
    return x.with(dims);
  }

  private TensorType reshape(Reshape o) {
    TensorType y = in(0).with(o.dims());
    boolean known = in(0).isStatic() && y.isStatic();
    require(y, !known || in(0).elements().equals(y.elements()), "as many elements as before");
    if (y.dtype().isQuantized()) {
      boolean rows = y.rank() > 0 && y.dim(-1).equals(in(0).dim(-1));
      require(y, rows, "rows of %s elements, as before, of blocks".formatted(in(0).dim(-1)));
    }
    return y;
  }

  private TensorType transpose(Transpose o) {
    TensorType x = in(0);
    List<Integer> sorted = o.permutation().stream().sorted().toList();
    for (int i = 0; i < Math.max(sorted.size(), x.rank()); i++) {
      require(
          x,
          sorted.size() == x.rank() && sorted.get(i) == i,
          "a permutation of the " + x.rank() + " axes");
    }
    return x.with(o.permutation().stream().map(x::dim).toList());
  }

  private TensorType concat(Concat o) {
    List<Dim> dims = new ArrayList<>(in(0).dims());
    int axis = axis(o.axis(), in(0));
    for (int i = 1; i < inputs.size(); i++) {
      require(in(i), same(0, i) != null && in(i).rank() == in(0).rank(), "parts of one rank");
      for (int d = 0; d < dims.size(); d++) {
        Dim own = in(i).dim(d);
        if (d == axis) {
          dims.set(d, dims.get(d).plus(own));
        } else {
          require(
              in(i),
              own.equals(dims.get(d)) || own.isFixed() != dims.get(d).isFixed(),
              "parts alike but for axis " + axis);
        }
      }
    }
    return in(0).with(dims);
  }

  private TensorType slice(Slice o) {
    List<Dim> dims = new ArrayList<>(in(0).dims());
    require(in(0), o.step() != 0, "a step that is not 0");
    Dim extent = dims.set(axis(o.axis(), in(0)), o.length());
    if (extent.isFixed() && o.start().isFixed() && o.length().isFixed() && !o.length().is(0)) {
      long last = o.start().fixed() + (o.length().fixed() - 1) * o.step();
      require(
          in(0),
          o.length().fixed() > 0 && inside(o.start().fixed(), extent) && inside(last, extent),
          "indices within the axis");
    }
    return in(0).with(dims);
  }

  private static boolean inside(long index, Dim extent) {
    return index >= 0 && index < extent.fixed();
  }

  private TensorType pad(Pad o) {
    TensorType x = in(0);
    require(
        x, o.before().size() == x.rank() && o.after().size() == x.rank(), "counts for each axis");
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      dims.add(x.dim(i).plus(Dim.of(o.before().get(i) + o.after().get(i))));
    }
    return x.with(dims);
  }

  private TensorType pool() {
    TensorType x = floats(0, in(0).rank() == 2);
    TensorType starts = in(SegmentPool.CU_SEQ_LENS);
    require(starts, starts.rank() == 1 && starts.dtype() == DType.I32, "cuSeqLens, i32 of rank 1");
    return x.with(List.of(starts.dim(0).minus(Dim.ONE), x.dim(1)));
  }
}
