package dev.heddle.op;

import dev.heddle.tensor.Dim;
import java.util.List;

/**
 * One operation: a record of its attributes. What it computes stands in the record's doc; its
 * inputs and outputs are positions, named by constants of the record where there are several.
 *
 * <p>Axes are never negative here: whoever builds a node resolves them first.
 */
public sealed interface Op
    permits ArgReduce,
        Attention,
        Binary,
        CacheWrite,
        Cast,
        Compare,
        Concat,
        CumSum,
        DimensionsOf,
        DynamicQuantize,
        Expand,
        ExpertMatMul,
        Fill,
        Gather,
        GatherElements,
        GatherNd,
        LayerNorm,
        MatMul,
        Pad,
        Range,
        Reduce,
        Reshape,
        RmsNorm,
        RotaryEmbedding,
        Sample,
        SegmentPool,
        Slice,
        Softmax,
        TopK,
        Transpose,
        Triangle,
        Unary,
        Where {

  /** The record's name, as text dumps and reports print it. */
  default String name() {
    return getClass().getSimpleName();
  }

  /** The extents and indices among the attributes, whose symbols each run gives values. */
  default List<Dim> dims() {
    return List.of();
  }
}
