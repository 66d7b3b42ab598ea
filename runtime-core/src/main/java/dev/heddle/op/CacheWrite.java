package dev.heddle.op;

import dev.heddle.tensor.CacheBlocks;
import dev.heddle.tensor.DType;

/**
 * Writes rows into a cache, in its own memory: the output is the input {@link #CACHE} after the
 * write, so what takes the output reads what was written. The one operation that changes what a run
 * was given.
 *
 * <p>Inputs: {@link #CACHE} floats, or {@link #BLOCKS}, {@code [pages, pageTokens, columns]}, an
 * input of the graph; {@link #ROWS} floats {@code [tokens, columns]} (F32 for blocks), rounded to
 * the cache's type, to blocks as {@link CacheBlocks} does; {@link #SLOTS} I32 {@code [tokens]},
 * where each row goes, counted from the first page's first token; -1 for nowhere. Slots that are
 * not there are an error of the run; two rows of one slot leave either.
 */
public record CacheWrite() implements Op {
  public static final int CACHE = 0;
  public static final int ROWS = 1;
  public static final int SLOTS = 2;

  /** The block-quantised type that a cache may have. */
  public static final DType BLOCKS = DType.Q8_0;
}
