package dev.heddle.bench.jmh;

import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.ops.CachedAttentionSubject;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Self-attention: of whole sequences, and of a decode step over a cache. */
public class AttentionBenchmark extends Suite {
  private static final String SHAPE = "batch x heads x tokens x headDim";

  /** A batch of sequences, each query seeing what the mask says. */
  @State(Scope.Benchmark)
  public static class Whole extends Timed {
    /** batch x heads x tokens x headDim; of the padded and the ragged, tokens of the longest. */
    @Param({"16x12x128x32", "1x12x1024x64"})
    public String shape;

    /** Which keys a query sees. */
    @Param({"NONE", "CAUSAL", "PADDED", "RAGGED"})
    public AttentionSubject.Mask mask;

    /** Of the operands and the result. */
    @Param("f32")
    public String type;

    @Override
    AttentionSubject subject() {
      long[] extents = Extents.of(shape, SHAPE);
      return new AttentionSubject(
          Extents.type(type), extents[0], (int) extents[1], extents[2], (int) extents[3], mask);
    }
  }

  /** One query a sequence over keys and values in pages. */
  @State(Scope.Benchmark)
  public static class Cached extends Timed {
    /** batch x heads x tokens x headDim, where so many tokens of each sequence are cached. */
    @Param({"1x32x4096x64", "8x32x1024x64"})
    public String shape;

    /** Heads of keys and values. */
    @Param("8")
    public int kvHeads;

    /** Of the operands, the cache and the result. */
    @Param("f32")
    public String type;

    @Override
    CachedAttentionSubject subject() {
      long[] extents = Extents.of(shape, SHAPE);
      return new CachedAttentionSubject(
          Extents.type(type),
          (int) extents[0],
          (int) extents[2],
          (int) extents[1],
          kvHeads,
          (int) extents[3]);
    }
  }

  /** The whole batch. */
  @Benchmark
  public void whole(Whole whole) {
    whole.run();
  }

  /** A step of all sequences. */
  @Benchmark
  public void cached(Cached cached) {
    cached.run();
  }
}
