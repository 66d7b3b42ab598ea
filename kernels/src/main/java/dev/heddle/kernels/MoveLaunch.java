package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Concat;
import dev.heddle.op.Expand;
import dev.heddle.op.Pad;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.plan.Views;
import dev.heddle.tensor.DType;

/** Data movement by {@link StridedCopy}. */
final class MoveLaunch {
  private MoveLaunch() {}

  /** Makes a launch of the kernel that copies elements of the output's size. */
  private interface Opener {
    Launch open(LaunchSite site, DeviceKernel kernel);
  }

  private static Choice<Launch.Preparation> run(Node node, String why, Opener opener) {
    int bytes = node.output().type().dtype().bytes();
    return Choice.Run.of(
        "copy",
        why,
        workshop -> {
          DeviceKernel kernel = workshop.compile(StridedCopy.copy(workshop.limits(), bytes));
          return site -> opener.open(site, kernel);
        });
  }

  /** The input as it is, in memory of its own. */
  static Choice<Launch.Preparation> identity() {
    return Choice.Run.of("copy", "every element stays", workshop -> Whole::new);
  }

  static Choice<Launch.Preparation> choose(Node node, Transpose op) {
    if (Views.keepsOrder(node, op)) {
      return Views.same("only axes of extent 1 move");
    }
    int bytes = node.output().type().dtype().bytes();
    boolean rowsStay = op.permutation().getLast() == op.permutation().size() - 1;
    return Choice.Run.of(
        "copy",
        rowsStay ? "rows move" : "rows become columns",
        workshop -> {
          DeviceKernel copy = workshop.compile(StridedCopy.copy(workshop.limits(), bytes));
          DeviceKernel turn = rowsStay ? null : workshop.compile(StridedCopy.turn(bytes));
          return site -> new One(site, new StridedCopy(site, copy, turn), it -> bind(site, it, op));
        });
  }

  private static void bind(LaunchSite site, StridedCopy copy, Transpose op) {
    Operand x = site.in(0);
    Operand y = site.out(0);
    copy.begin(0, 0);
    for (int axis = 0; axis < y.rank(); axis++) {
      int from = op.permutation().get(axis);
      copy.axis(y.dim(axis), stride(x, from), stride(y, axis));
    }
  }

  static Choice<Launch.Preparation> choose(Node node, Expand op) {
    return node.input(0).type().equals(node.output().type())
        ? Views.same("the dimensions are these already")
        : run(
            node,
            "elements repeat",
            (site, kernel) ->
                new One(site, kernel, copy -> copy.broadcast(site.in(0), site.out(0))));
  }

  static Choice<Launch.Preparation> choose(Node node, Slice op) {
    return Views.isContiguous(node, op)
        ? Views.slice(op)
        : run(
            node,
            "elements lie apart",
            (site, kernel) -> new One(site, kernel, copy -> bind(site, copy, op)));
  }

  private static void bind(LaunchSite site, StridedCopy copy, Slice op) {
    Views.checkRange(site.site(), op);
    Operand x = site.in(0);
    Operand y = site.out(0);
    copy.begin(site.evaluate(op.start()) * x.stride(op.axis()), 0);
    for (int axis = 0; axis < y.rank(); axis++) {
      long step = axis == op.axis() ? op.step() : 1;
      copy.axis(y.dim(axis), stride(x, axis) * step, stride(y, axis));
    }
  }

  static Choice<Launch.Preparation> choose(Node node, Concat op) {
    return node.inputs().size() == 1
        ? Views.same("there is one part")
        : run(node, "part by part", (site, kernel) -> new Parts(site, kernel, op));
  }

  static Choice<Launch.Preparation> choose(Node node, Pad op) {
    boolean none =
        op.before().stream().allMatch(n -> n == 0) && op.after().stream().allMatch(n -> n == 0);
    if (none) {
      return Views.same("nothing is added");
    }
    DType dtype = node.output().type().dtype();
    return Choice.Run.of(
        "fill and copy",
        "what is added lies apart",
        workshop -> {
          DeviceKernel copy = workshop.compile(StridedCopy.copy(workshop.limits(), dtype.bytes()));
          DeviceKernel fill = workshop.compile(FillLaunch.source(dtype));
          long bits = FillLaunch.bits(dtype, op.value());
          return site -> new Padded(site, op, new StridedCopy(site, copy), fill, bits);
        });
  }

  /** Elements between neighbours along {@code axis}. */
  private static long stride(Operand x, int axis) {
    return x.product(axis + 1, x.rank());
  }

  /** All bytes at once. */
  private record Whole(LaunchSite site) implements Launch {
    @Override
    public long bind() {
      return 0;
    }

    @Override
    public void run() {
      site.copy(site.in(0).address(), site.out(0).address(), site.out(0).bytes());
    }
  }

  /** Finds the strides of one copy. */
  private interface Binder {
    void bind(StridedCopy copy);
  }

  /** One input, one copy. */
  private record One(LaunchSite site, StridedCopy copy, Binder binder) implements Launch {
    One(LaunchSite site, DeviceKernel kernel, Binder binder) {
      this(site, new StridedCopy(site, kernel), binder);
    }

    @Override
    public long bind() {
      binder.bind(copy);
      return 0;
    }

    @Override
    public void run() {
      copy.run(site.in(0), site.out(0));
    }
  }

  /** One copy for each part of a {@link Concat}. */
  private record Parts(LaunchSite site, Concat op, StridedCopy[] copies) implements Launch {
    Parts(LaunchSite site, DeviceKernel kernel, Concat op) {
      this(site, op, new StridedCopy[site.inputCount()]);
      for (int i = 0; i < copies.length; i++) {
        copies[i] = new StridedCopy(site, kernel);
      }
    }

    @Override
    public long bind() {
      Operand y = site.out(0);
      long first = 0;
      for (int i = 0; i < copies.length; i++) {
        Operand part = site.in(i);
        copies[i].begin(0, first * y.stride(op.axis()));
        for (int axis = 0; axis < y.rank(); axis++) {
          if (axis != op.axis() && part.dim(axis) != y.dim(axis)) {
            throw site.wrong("%s does not fit into %s at axis %d".formatted(part, y, axis));
          }
          copies[i].axis(part.dim(axis), stride(part, axis), stride(y, axis));
        }
        first += part.dim(op.axis());
      }
      return 0;
    }

    @Override
    public void run() {
      for (int i = 0; i < copies.length; i++) {
        copies[i].run(site.in(i), site.out(0));
      }
    }
  }

  /** Fills the whole, then copies the part of the input that stays. */
  private record Padded(LaunchSite site, Pad op, StridedCopy copy, DeviceKernel fill, long bits)
      implements Launch {
    @Override
    public long bind() {
      Operand x = site.in(0);
      Operand y = site.out(0);
      long from = 0;
      long to = 0;
      for (int axis = 0; axis < y.rank(); axis++) {
        from += Math.max(0, -op.before().get(axis)) * x.stride(axis);
        to += Math.max(0, op.before().get(axis)) * y.stride(axis);
      }
      copy.begin(from, to);
      for (int axis = 0; axis < y.rank(); axis++) {
        long cut = Math.min(0, op.before().get(axis)) + Math.min(0, op.after().get(axis));
        copy.axis(Math.max(0, x.dim(axis) + cut), stride(x, axis), stride(y, axis));
      }
      return 0;
    }

    @Override
    public void run() {
      Operand y = site.out(0);
      FillLaunch.fill(site, fill, y.address(), y.elements(), bits);
      copy.run(site.in(0), y);
    }
  }
}
