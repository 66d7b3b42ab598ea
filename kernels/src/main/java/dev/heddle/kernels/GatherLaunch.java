package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import java.util.ArrayList;
import java.util.List;

/** {@link Gather}, {@link GatherElements} and {@link GatherNd}: {@code gather.cl}. */
final class GatherLaunch {
  /** Where all three have what they choose from, and what chooses. */
  private static final int X = 0;

  private static final int INDICES = 1;

  private GatherLaunch() {}

  /** Makes a launch. */
  private interface Opener {
    Launch open(LaunchSite site, DeviceKernel kernel);
  }

  private static Choice<Launch.Preparation> run(
      Node node, String entry, String what, Opener opener) {
    List<String> defines = new ArrayList<>();
    if (node.input(X).type().dtype().isQuantized()) {
      defines.addAll(Types.defines("X", node.input(X)));
    }
    int bytes = node.output().type().dtype().bytes();
    defines.add("BYTES " + bytes);
    defines.add("I " + node.input(INDICES).type().dtype());
    defines.add(RunStatus.Fault.INDEX.define());
    KernelSource source = new KernelSource("gather.cl", entry, defines);
    return Choice.Run.of(
        what,
        "indices are checked",
        workshop -> {
          int pack = entry.equals("gather") ? Packs.of(workshop.limits(), bytes) : 1;
          DeviceKernel kernel = workshop.compile(Packs.in(source, pack));
          return site -> opener.open(site, kernel);
        });
  }

  static Choice<Launch.Preparation> choose(Node node, Gather op) {
    if (node.input(X).type().dtype().isQuantized()) {
      return run(
          node,
          "gather_blocks",
          "rows of blocks",
          (site, kernel) -> new Slices(site, op.axis(), kernel));
    }
    return run(
        node, "gather", "copy slices", (site, kernel) -> new Slices(site, op.axis(), kernel));
  }

  static Choice<Launch.Preparation> choose(Node node, GatherElements op) {
    return run(
        node,
        "gather_elements",
        "copy elements",
        (site, kernel) -> new Singles(site, op.axis(), kernel, new Walk(2)));
  }

  static Choice<Launch.Preparation> choose(Node node, GatherNd op) {
    long depth = node.input(INDICES).type().dim(-1).fixed();
    return depth > Walk.AXES
        ? new Choice.Refuse<>("tuples of more than " + Walk.AXES + " indices")
        : run(
            node,
            "gather_nd",
            "copy slices",
            (site, kernel) -> new Tuples(site, op.batchDims(), (int) depth, kernel));
  }

  private record Slices(LaunchSite site, int axis, DeviceKernel kernel) implements Launch {
    @Override
    public long bind() {
      return 0;
    }

    @Override
    public void run() {
      Operand x = site.in(X);
      long count = site.in(INDICES).elements();
      long slices = x.product(0, axis) * count;
      long slice = x.product(axis + 1, x.rank());
      site.tensor(site.out(0)).tensor(x).tensor(site.in(INDICES));
      site.put(slices).put(count).put(x.dim(axis)).put(slice).status();
      boolean moved = !x.dtype().isQuantized();
      int pack = moved ? Packs.of(site.limits(), x.dtype().bytes()) : 1;
      Grid.rows(site, kernel, slices, Math.ceilDiv(slice, pack));
    }
  }

  private record Singles(LaunchSite site, int axis, DeviceKernel kernel, Walk walk)
      implements Launch {
    @Override
    public long bind() {
      Operand x = site.in(X);
      Operand y = site.out(0);
      walk.begin();
      for (int i = 0; i < y.rank(); i++) {
        if (i != axis && y.dim(i) > x.dim(i)) {
          throw site.wrong("%s reaches past axis %d of %s".formatted(site.in(INDICES), i, x));
        }
        long along = i == axis ? 0 : x.product(i + 1, x.rank());
        walk.axis(site, y.dim(i), y.product(i + 1, y.rank()), along);
      }
      return 0;
    }

    @Override
    public void run() {
      Operand x = site.in(X);
      site.tensor(site.out(0)).tensor(x).tensor(site.in(INDICES));
      walk.putExtents(site);
      walk.putStrides(site, 1);
      site.put(x.dim(axis)).put(x.product(axis + 1, x.rank())).status();
      Grid.rows(site, kernel, walk.rows(), walk.innermost());
    }
  }

  private record Tuples(LaunchSite site, int batchDims, int depth, DeviceKernel kernel)
      implements Launch {
    @Override
    public long bind() {
      Operand x = site.in(X);
      Operand indices = site.in(INDICES);
      for (int axis = 0; axis < batchDims; axis++) {
        if (x.dim(axis) != indices.dim(axis)) {
          throw site.wrong("batch axis %d differs: %s, %s".formatted(axis, x, indices));
        }
      }
      return 0;
    }

    @Override
    public void run() {
      Operand x = site.in(X);
      Operand indices = site.in(INDICES);
      long tuples = indices.product(0, indices.rank() - 1);
      long slice = x.product(batchDims + depth, x.rank());
      site.tensor(site.out(0)).tensor(x).tensor(indices);
      site.put(tuples).put(indices.product(batchDims, indices.rank() - 1));
      site.put(x.product(batchDims, x.rank())).put(slice).put(depth);
      for (int i = 0; i < Walk.AXES; i++) {
        site.put(i < depth ? x.dim(batchDims + i) : 1L);
      }
      for (int i = 0; i < Walk.AXES; i++) {
        site.put(i < depth ? x.product(batchDims + i + 1, x.rank()) : 0L);
      }
      site.status();
      Grid.rows(site, kernel, tuples, slice);
    }
  }
}
