package dev.heddle.pass;

import dev.heddle.graph.Graph;
import java.util.List;

/** The passes, in the order in which they run. */
public final class Passes implements Pass {
  private final List<Pass> passes;

  private Passes(List<Pass> passes) {
    this.passes = List.copyOf(passes);
  }

  /**
   * What every graph goes through before a backend compiles it.
   *
   * <p>The order: first all that makes patterns plain (constants known, views gone, equal nodes
   * shared), then the patterns from the small to the large, then epilogues, because a matrix
   * product that has swallowed its neighbours is no longer a plain one.
   */
  public static Passes standard() {
    return of(
        List.of(
            new SimplifyViews(),
            new AbsorbViews(),
            new HoistSlices(),
            new FoldConstants(),
            new SimplifyViews(),
            new CommonSubexpressions(),
            new FuseQuantizedMatMul(),
            new FuseActivation(),
            new FuseNorm(),
            new FuseAttention(),
            new SimplifyViews(),
            new FuseRelativeBias(),
            new AbsorbViews(),
            new HoistRows(),
            new FuseMatMul(),
            new FuseSkipNorm(),
            new CommonSubexpressions(),
            new EliminateDeadCode()));
  }

  /** These passes, in this order. */
  public static Passes of(List<Pass> passes) {
    return new Passes(passes);
  }

  /** The passes, in order. */
  public List<Pass> list() {
    return passes;
  }

  @Override
  public Graph apply(Graph graph) {
    Graph result = graph;
    for (Pass pass : passes) {
      result = pass.apply(result);
    }
    return result;
  }
}
