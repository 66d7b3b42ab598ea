package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.CacheWrite;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import java.util.List;

/** {@link CacheWrite}: {@code cache_write.cl}, into the input's memory. */
record CacheWriteLaunch(LaunchSite site, DeviceKernel kernel, int pack) implements Launch {
  static Choice<Preparation> choose(Node node) {
    List<String> defines =
        Types.and(
            Types.defines("C", node.input(CacheWrite.CACHE), "X", node.input(CacheWrite.ROWS)),
            RunStatus.Fault.SLOT.define());
    if (node.input(CacheWrite.CACHE).type().dtype() == CacheWrite.BLOCKS) {
      defines.add("BLOCKS");
    }
    KernelSource source = new KernelSource("cache_write.cl", "cache_write", defines);
    return Choice.Run.<Preparation>of(
            "rows",
            "where the slots say",
            workshop -> {
              int pack =
                  Packs.of(
                      workshop.limits(),
                      node.input(CacheWrite.CACHE).type().dtype(),
                      node.input(CacheWrite.ROWS).type().dtype());
              DeviceKernel kernel = workshop.compile(Packs.in(source, pack));
              return site -> new CacheWriteLaunch(site, kernel, pack);
            })
        .into(CacheWrite.CACHE);
  }

  @Override
  public long bind() {
    Operand rows = site.in(CacheWrite.ROWS);
    Operand cache = site.in(CacheWrite.CACHE);
    if (rows.dim(0) != site.in(CacheWrite.SLOTS).dim(0) || rows.dim(1) != cache.dim(2)) {
      throw site.wrong("rows %s and a slot for each, for %s".formatted(rows, cache));
    }
    return 0;
  }

  @Override
  public void run() {
    Operand cache = site.in(CacheWrite.CACHE);
    Operand rows = site.in(CacheWrite.ROWS);
    site.tensor(cache).tensor(rows).tensor(site.in(CacheWrite.SLOTS));
    site.put(rows.dim(0)).put(rows.dim(1)).put(cache.dim(0) * cache.dim(1)).status();
    long each = Math.max(pack, cache.dtype().blockElements());
    Grid.rows(site, kernel, rows.dim(0), Math.ceilDiv(rows.dim(1), each));
  }
}
