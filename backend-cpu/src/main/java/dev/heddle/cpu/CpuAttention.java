package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link Attention} of float32, without the matrix of scores. */
final class CpuAttention implements Step {
  private final Site site;
  private final Attention op;
  private final AttentionExtents extents;
  private final AttentionTask task;

  private CpuAttention(Site site, Attention op) {
    this.site = site;
    this.op = op;
    this.extents = new AttentionExtents(site, op);
    this.task = new AttentionTask(op);
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Attention op, Kernels kernels) {
    Value mask = node.input(Attention.MASK);
    boolean floats =
        isFloat(node.input(Attention.QUERY))
            && isFloat(node.input(Attention.ALIBI))
            && isFloat(node.input(Attention.RELATIVE))
            && (isFloat(mask) || mask.type().dtype() == DType.BOOL);
    if (floats && kernels.vectors()) {
      return CpuKernel.choice(
          "vectors, flash", "blocks of keys, scores never stored", s -> new CpuAttention(s, op));
    }
    return CpuKernel.doubles(site -> new DoubleAttention(site, op));
  }

  private static boolean isFloat(Value value) {
    return value == null || value.type().dtype() == DType.F32;
  }

  @Override
  public long bind() {
    extents.bind();
    task.heads(Math.toIntExact(extents.headDim()), Math.toIntExact(extents.valueDim()));
    return 0;
  }

  @Override
  public void run() {
    extents.checkData();
    int sequences = Math.toIntExact(extents.sequences());
    if (extents.isRagged()) {
      task.ragged(sequences, extents.starts(), extents.keyStarts());
    } else {
      boolean any = sequences > 0;
      int queries = any ? Math.toIntExact(extents.queries(0)) : 0;
      int keys = any ? Math.toIntExact(extents.keys(0)) : 0;
      task.dense(sequences, queries, keys);
    }
    task.pages(extents.pages());
    placeOperands();
    placeOptional();
    site.workers().run(task, task.pieces(site.workers().threads()));
  }

  private void placeOperands() {
    Operand query = site.in(Attention.QUERY);
    Operand key = site.in(Attention.KEY);
    Operand value = site.in(Attention.VALUE);
    Operand y = site.out(Attention.Y);
    task.query(
        query.address(),
        extents.sequenceStride(query),
        extents.headStride(query, op.heads()),
        extents.rowStride(query));
    task.key(
        key.address(),
        extents.sequenceStride(key),
        extents.headStride(key, op.kvHeads()),
        extents.rowStride(key));
    task.value(
        value.address(),
        extents.sequenceStride(value),
        extents.headStride(value, op.kvHeads()),
        extents.rowStride(value));
    task.y(
        y.address(),
        extents.sequenceStride(y),
        extents.headStride(y, op.heads()),
        extents.rowStride(y));
  }

  private void placeOptional() {
    Operand map = site.out(Attention.MAP);
    if (map != null) {
      boolean ragged = extents.isRagged();
      long sequence = ragged ? 0 : map.stride(0);
      int heads = ragged ? 0 : 1;
      task.map(
          map.address(), sequence, map.stride(heads), map.stride(heads + 1), map.dim(heads + 2));
    }
    Operand mask = site.in(Attention.MASK);
    if (mask != null) {
      task.mask(
          mask.address(),
          mask.dtype() == DType.BOOL,
          extents.maskStride(0),
          extents.maskStride(1),
          extents.maskStride(2),
          extents.maskStride(3));
    }
    Operand lengths = site.in(Attention.KEY_LENGTHS);
    if (lengths != null) {
      task.keyLengths(lengths.address(), lengths.dtype() == DType.I64);
    }
    Operand slopes = site.in(Attention.ALIBI);
    if (slopes != null) {
      task.alibi(slopes.address());
    }
    Operand relative = site.in(Attention.RELATIVE);
    if (relative != null) {
      task.relative(relative.address(), Math.toIntExact(relative.dim(1) / 2));
    }
  }
}
