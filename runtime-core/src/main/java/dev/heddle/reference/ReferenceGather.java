package dev.heddle.reference;

import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;

/** {@link Gather}, {@link GatherElements} and {@link GatherNd}. */
final class ReferenceGather {
  private ReferenceGather() {}

  static HostTensor run(Call call, Gather op) {
    HostTensor x = call.in(Gather.X);
    HostTensor indices = call.in(Gather.INDICES);
    HostTensor y = call.result(0);
    long extent = x.shape().dim(op.axis());
    long count = indices.shape().elements();
    long inner = 1;
    for (int axis = op.axis() + 1; axis < x.shape().rank(); axis++) {
      inner *= x.shape().dim(axis);
    }
    for (long n = 0; n < count; n++) {
      call.index(indices.getLong(n), extent);
    }
    for (long i = 0; i < y.shape().elements(); i++) {
      long outer = i / inner / count;
      long index = call.index(indices.getLong(i / inner % count), extent);
      long from = (outer * extent + index) * inner + i % inner;
      if (x.dtype().isQuantized()) {
        y.setDouble(i, x.getDouble(from));
      } else {
        Elementwise.copy(x, from, y, i);
      }
    }
    return y;
  }

  static HostTensor run(Call call, GatherElements op) {
    HostTensor x = call.in(GatherElements.X);
    HostTensor indices = call.in(GatherElements.INDICES);
    HostTensor y = call.result(0);
    Shape shape = y.shape();
    long[] strides = x.shape().strides();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (axis != op.axis() && shape.dim(axis) > x.shape().dim(axis)) {
        throw call.wrong("indices %s reach past axis %d of x, %s".formatted(indices, axis, x));
      }
    }
    long along = strides[op.axis()];
    strides[op.axis()] = 0;
    Elementwise.walk(
        shape,
        new long[1],
        new long[][] {strides},
        (i, at) -> {
          long index = call.index(indices.getLong(i), x.shape().dim(op.axis()));
          Elementwise.copy(x, at[0] + index * along, y, i);
        });
    return y;
  }

  static HostTensor run(Call call, GatherNd op) {
    HostTensor x = call.in(GatherNd.X);
    HostTensor indices = call.in(GatherNd.INDICES);
    HostTensor y = call.result(0);
    long[] strides = x.shape().strides();
    int depth = Math.toIntExact(indices.shape().dim(-1));
    int batchDims = op.batchDims();
    long slice = 1;
    for (int axis = batchDims + depth; axis < x.shape().rank(); axis++) {
      slice *= x.shape().dim(axis);
    }
    long batches = 1;
    for (int axis = 0; axis < batchDims; axis++) {
      if (indices.shape().dim(axis) != x.shape().dim(axis)) {
        throw call.wrong("batch axis %d differs: x %s, indices %s".formatted(axis, x, indices));
      }
      batches *= x.shape().dim(axis);
    }
    long tuples = 1;
    for (int axis = 0; axis < indices.shape().rank() - 1; axis++) {
      tuples *= indices.shape().dim(axis);
    }
    long batchStride = batches == 0 ? 0 : x.shape().elements() / batches;
    for (long tuple = 0; tuple < tuples; tuple++) {
      long from = tuple / (tuples / batches) * batchStride;
      for (int i = 0; i < depth; i++) {
        long extent = x.shape().dim(batchDims + i);
        from += call.index(indices.getLong(tuple * depth + i), extent) * strides[batchDims + i];
      }
      for (long i = 0; i < slice; i++) {
        Elementwise.copy(x, from + i, y, tuple * slice + i);
      }
    }
    return y;
  }
}
