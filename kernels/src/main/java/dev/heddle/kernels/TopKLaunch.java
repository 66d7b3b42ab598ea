package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.TopK;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link TopK}: {@code topk.cl}. On a CPU a heap for each row; on a GPU chunks are sorted, then
 * lists of the best are merged two by two.
 */
final class TopKLaunch {
  /** Elements that a GPU's group sorts. */
  private static final int CHUNK = 1024;

  private static final int ITEMS = 256;

  /** Where the second part of a workspace may begin. */
  private static final long ALIGNMENT = 256;

  private TopKLaunch() {}

  static Choice<Launch.Preparation> choose(Node node, TopK op, boolean cpu) {
    return Choice.Run.of(
        cpu ? "heap of the best" : "sort and merge",
        cpu ? "a row by an item" : "chunks of %d, merged two by two".formatted(CHUNK),
        workshop -> cpu ? heap(workshop, op) : merge(workshop, op));
  }

  private static DeviceKernel compile(Workshop workshop, TopK op, int items, String entry) {
    DType dtype = workshop.node().input(0).type().dtype();
    List<String> defines = new ArrayList<>(Orders.defines(dtype, op.largest()));
    defines.addAll(List.of("CHUNK " + CHUNK, "ITEMS " + items));
    return workshop.compile(new KernelSource("topk.cl", entry, defines));
  }

  /** The extents of a launch. */
  private record Extents(LaunchSite site, TopK op) {
    long n() {
      return site.in(0).dim(op.axis());
    }

    long k() {
      return site.out(TopK.VALUES).dim(op.axis());
    }

    long inner() {
      return site.in(0).product(op.axis() + 1, site.in(0).rank());
    }

    long rows() {
      return site.in(0).product(0, op.axis()) * inner();
    }

    void check() {
      Operand x = site.in(0);
      if (k() > n()) {
        throw site.wrong(
            "k = %d, but axis %d of %s has extent %d".formatted(k(), op.axis(), x, n()));
      }
      if (n() >= Integer.MAX_VALUE) {
        throw site.wrong("axis %d of %s has more elements than an i32".formatted(op.axis(), x));
      }
    }

    int orderBytes() {
      return Orders.bytes(site.in(0).dtype());
    }
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  // A heap.

  private static Launch.Kernel heap(Workshop workshop, TopK op) {
    DeviceKernel kernel = compile(workshop, op, 1, "topk_heap");
    return site -> new Heap(site, new Extents(site, op), kernel);
  }

  private record Heap(LaunchSite site, Extents extents, DeviceKernel kernel) implements Launch {
    private long ordersBytes() {
      return aligned(extents.rows() * extents.k() * extents.orderBytes());
    }

    @Override
    public long bind() {
      extents.check();
      return ordersBytes() + extents.rows() * extents.k() * Integer.BYTES;
    }

    @Override
    public void run() {
      long rows = extents.rows();
      site.tensor(site.out(TopK.VALUES)).tensor(site.out(TopK.INDICES)).tensor(site.in(0));
      site.workspace(0).workspace(ordersBytes());
      site.put(rows).put(extents.n()).put(extents.k()).put(extents.inner());
      Rows.launchItems(site, kernel, extents.k() == 0 ? 0 : rows);
    }
  }

  // Sorted chunks.

  private static Launch.Kernel merge(Workshop workshop, TopK op) {
    DeviceKernel sort = compile(workshop, op, ITEMS, "topk_sort");
    DeviceKernel merge = compile(workshop, op, ITEMS, "topk_merge");
    DeviceKernel take = compile(workshop, op, ITEMS, "topk_take");
    return site -> new Merge(site, new Extents(site, op), sort, merge, take);
  }

  /** Two sets of lists in the workspace: merging reads one and writes the other. */
  private record Merge(
      LaunchSite site, Extents extents, DeviceKernel sort, DeviceKernel merge, DeviceKernel take)
      implements Launch {
    private long lists(long span) {
      return Math.ceilDiv(extents.n(), span);
    }

    /** Entries of a list of the best of {@code span} elements. */
    private long width(long span) {
      return Math.min(extents.k(), span);
    }

    /** Entries of all lists, at most: as the width doubles the number of lists halves. */
    private long entries() {
      long most = 0;
      for (long span = CHUNK; ; span *= 2) {
        most = Math.max(most, lists(span) * width(span));
        if (span >= extents.n()) {
          return most * extents.rows();
        }
      }
    }

    private long ordersBytes() {
      return aligned(entries() * extents.orderBytes());
    }

    private long setBytes() {
      return ordersBytes() + aligned(entries() * Integer.BYTES);
    }

    private LaunchSite putSet(long set) {
      return site.workspace(set * setBytes()).workspace(set * setBytes() + ordersBytes());
    }

    @Override
    public long bind() {
      extents.check();
      return 2 * setBytes();
    }

    @Override
    public void run() {
      long rows = extents.rows();
      long n = extents.n();
      long k = extents.k();
      if (rows == 0 || k == 0) {
        return;
      }
      putSet(0).tensor(site.in(0)).put(rows).put(n).put(extents.inner());
      site.put(lists(CHUNK)).put(width(CHUNK));
      long most = (long) ITEMS * site.limits().computeUnits();
      long groups = Math.min(rows * lists(CHUNK), most);
      site.launch(sort, Extent.of(groups), Extent.of(ITEMS));
      long span = CHUNK;
      long set = 0;
      for (; span < n; span *= 2) {
        putSet(1 - set);
        putSet(set).put(rows).put(n).put(span).put(lists(span)).put(width(span));
        site.put(lists(2 * span)).put(width(2 * span));
        Grid.elements(site, merge, rows * lists(span) * width(span));
        set = 1 - set;
      }
      site.tensor(site.out(TopK.VALUES)).tensor(site.out(TopK.INDICES)).tensor(site.in(0));
      site.workspace(set * setBytes() + ordersBytes());
      site.put(rows).put(n).put(k).put(extents.inner()).put(width(span));
      Grid.elements(site, take, rows * k);
    }
  }
}
