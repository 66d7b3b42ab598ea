package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link DynamicQuantize}: {@code quantize.cl}. A group that is a row is done at once; large groups
 * and sequences are cut into parts, whose bounds are found first.
 */
final class DynamicQuantizeLaunch {
  /** Elements of a group that is done at once. */
  private static final int WHOLE = 16384;

  /** Elements of a part, at least, and parts of a group, at most. */
  private static final int PART = 4096;

  private static final int PARTS = 256;

  /** Parts of each sequence. */
  private static final int SEQUENCE_PARTS = 16;

  private DynamicQuantizeLaunch() {}

  static Choice<Launch.Preparation> choose(Node node, DynamicQuantize op) {
    TensorType x = node.input(DynamicQuantize.X).type();
    Dim size = Dim.product(x.dims().subList(op.axis(), x.rank()));
    boolean whole =
        !node.has(DynamicQuantize.CU_SEQ_LENS) && size.isFixed() && size.fixed() <= WHOLE;
    return Choice.Run.<Launch.Preparation>of(
            whole ? "quantize rows" : "quantize parts",
            whole ? "bounds and codes at once" : "bounds of parts first",
            workshop -> whole ? rows(workshop, op, size) : parts(workshop, op, size))
        .over(DynamicQuantize.X);
  }

  private static DeviceKernel compile(
      Workshop workshop, DynamicQuantize op, Rows rows, String entry) {
    List<String> defines = new ArrayList<>(rows.defines());
    if (op.dequantized()) {
      defines.add("DEQUANTIZED");
    }
    return workshop.compile(new KernelSource("quantize.cl", entry, defines));
  }

  private static void putOutputs(LaunchSite site) {
    site.tensor(site.out(DynamicQuantize.VALUES));
    site.tensor(site.out(DynamicQuantize.SCALE)).tensor(site.out(DynamicQuantize.ZERO_POINT));
  }

  // A row at once.

  private static Launch.Kernel rows(Workshop workshop, DynamicQuantize op, Dim size) {
    Rows rows = Rows.of(workshop.limits(), size);
    DeviceKernel kernel = compile(workshop, op, rows, "quantize_rows");
    return site -> new InRows(site, op.axis(), rows, kernel);
  }

  private record InRows(LaunchSite site, int axis, Rows rows, DeviceKernel kernel)
      implements Launch {
    @Override
    public long bind() {
      return 0;
    }

    @Override
    public void run() {
      Operand x = site.in(DynamicQuantize.X);
      long groups = x.product(0, axis);
      putOutputs(site);
      site.tensor(x).put(groups).put(x.product(axis, x.rank()));
      rows.launch(site, kernel, groups);
    }
  }

  // In parts.

  private static Launch.Kernel parts(Workshop workshop, DynamicQuantize op, Dim size) {
    Rows rows = Rows.of(workshop.limits(), size);
    DeviceKernel bounds = compile(workshop, op, rows, "quantize_bounds");
    DeviceKernel codes = compile(workshop, op, rows, "quantize_parts");
    DeviceKernel check =
        workshop.node().has(DynamicQuantize.CU_SEQ_LENS) ? StartsCheck.prepare(workshop) : null;
    return site ->
        new InParts(
            site,
            op.axis(),
            rows,
            bounds,
            codes,
            check == null ? null : new StartsCheck(site, DynamicQuantize.CU_SEQ_LENS, check));
  }

  private record InParts(
      LaunchSite site,
      int axis,
      Rows rows,
      DeviceKernel bounds,
      DeviceKernel codes,
      StartsCheck check)
      implements Launch {
    private Operand x() {
      return site.in(DynamicQuantize.X);
    }

    private Operand starts() {
      return site.in(DynamicQuantize.CU_SEQ_LENS);
    }

    private long groups() {
      return starts() == null ? x().product(0, axis) : starts().elements() - 1;
    }

    private long parts() {
      long size = x().product(axis, x().rank());
      return starts() == null ? Math.clamp(size / PART, 1, PARTS) : SEQUENCE_PARTS;
    }

    @Override
    public long bind() {
      if (check != null) {
        check.bind();
      }
      return groups() * parts() * 2 * Float.BYTES;
    }

    /** Rows that a group has, or all sequences together, and the elements of each. */
    private void putSizes() {
      boolean sequences = starts() != null;
      site.put(groups()).put(parts()).put(sequences ? x().dim(0) : 1);
      site.put(x().product(sequences ? 1 : axis, x().rank()));
    }

    @Override
    public void run() {
      if (check != null) {
        check.run(x().dim(0));
      }
      site.workspace(0).tensor(x()).tensor(starts());
      putSizes();
      rows.launch(site, bounds, groups() * parts());
      putOutputs(site);
      site.tensor(x()).tensor(starts()).workspace(0);
      putSizes();
      rows.launch(site, codes, groups() * parts());
    }
  }
}
