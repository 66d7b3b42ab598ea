package dev.heddle.task;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.model.Pooling;
import dev.heddle.op.Binary;
import dev.heddle.op.Reduce;
import dev.heddle.op.SegmentPool;
import java.util.List;

/** The end of an embedder's graph: from tokens' states to one vector for each sequence. */
final class SentenceVectors {
  /** The output's name. */
  static final String NAME = "sentence_embedding";

  /** A vector shorter than this is scaled by this, as torch's {@code normalize} does. */
  private static final double SHORTEST = 1e-12;

  private SentenceVectors() {}

  /**
   * Pools {@code states} {@code [tokens, hidden]} and makes the output {@value #NAME} {@code
   * [sequences, poolings * hidden]} of it.
   */
  static void output(
      GraphBuilder graph, Value states, Value cuSeqLens, List<Pooling> pooling, boolean normalise) {
    Value[] parts =
        pooling.stream().map(one -> graph.pool(kind(one), states, cuSeqLens)).toArray(Value[]::new);
    Value vectors = parts.length == 1 ? parts[0] : graph.concat(1, parts);
    if (normalise) {
      Value length = graph.reduce(Reduce.Kind.L2, vectors, true, 1);
      Value floor = graph.scalar(vectors.type().dtype(), SHORTEST);
      vectors =
          graph.divide(vectors, graph.add("divisor", new Binary(Binary.Kind.MAX), length, floor));
    }
    graph.output(NAME, vectors);
  }

  private static SegmentPool.Kind kind(Pooling pooling) {
    return switch (pooling) {
      case CLS -> SegmentPool.Kind.FIRST;
      case MAX -> SegmentPool.Kind.MAX;
      case MEAN -> SegmentPool.Kind.MEAN;
      case MEAN_SQRT_LENGTH -> SegmentPool.Kind.MEAN_SQRT_LENGTH;
      case LAST -> SegmentPool.Kind.LAST;
    };
  }
}
