package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.SegmentPool;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** {@link SegmentPool}: {@code segmentpool.cl}. */
final class SegmentPoolLaunch implements Launch {
  /** Tokens that are summed at once; such blocks are added in order. */
  private static final int BLOCK = 128;

  private final LaunchSite site;
  private final Rows rows;
  private final DeviceKernel kernel;
  private final StartsCheck check;

  private SegmentPoolLaunch(LaunchSite site, Rows rows, DeviceKernel kernel, StartsCheck check) {
    this.site = site;
    this.rows = rows;
    this.kernel = kernel;
    this.check = check;
  }

  static Choice<Preparation> choose(Node node, SegmentPool op) {
    return Choice.Run.of(
        "segment pool",
        "columns of a sequence by an item",
        workshop -> {
          Rows rows = Rows.of(workshop.limits(), Dim.ONE);
          List<String> defines = new ArrayList<>(Types.defines("X", node.input(SegmentPool.X)));
          defines.add("KIND_" + op.kind());
          defines.add("BLOCK " + BLOCK);
          defines.addAll(rows.defines());
          DeviceKernel kernel =
              workshop.compile(new KernelSource("segmentpool.cl", "segment_pool", defines));
          DeviceKernel check = StartsCheck.prepare(workshop);
          return site ->
              new SegmentPoolLaunch(
                  site, rows, kernel, new StartsCheck(site, SegmentPool.CU_SEQ_LENS, check));
        });
  }

  @Override
  public long bind() {
    check.bind();
    return 0;
  }

  @Override
  public void run() {
    Operand x = site.in(SegmentPool.X);
    Operand starts = site.in(SegmentPool.CU_SEQ_LENS);
    long sequences = starts.elements() - 1;
    check.run(x.dim(0));
    site.tensor(site.out(0)).tensor(x).tensor(starts);
    site.put(sequences).put(x.dim(0)).put(x.dim(1));
    rows.launchColumns(site, kernel, sequences, x.dim(1));
  }
}
