package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Concat;
import dev.heddle.op.Expand;
import dev.heddle.op.Pad;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.plan.Views;

/** Data movement: {@link Transpose}, {@link Expand}, {@link Slice}, {@link Concat}, {@link Pad}. */
final class CpuMove {
  private CpuMove() {}

  static Choice<CpuKernel.Preparation> choose(Node node, Transpose op) {
    return Views.keepsOrder(node, op)
        ? Views.same("only axes of extent 1 move")
        : CpuKernel.choice(
            "copy", "axes move", site -> new One(site, (s, copy) -> bind(s, copy, op)));
  }

  private static void bind(Site site, StridedCopy copy, Transpose op) {
    Operand x = site.in(0);
    Operand y = site.out(0);
    copy.begin(0, 0);
    for (int axis = 0; axis < y.rank(); axis++) {
      copy.axis(y.dim(axis), x.stride(op.permutation().get(axis)), y.stride(axis));
    }
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Expand op) {
    return node.input(0).type().equals(node.output().type())
        ? Views.same("the dimensions are these already")
        : CpuKernel.choice("copy", "elements repeat", site -> new One(site, CpuMove::bindExpand));
  }

  private static void bindExpand(Site site, StridedCopy copy) {
    Operand x = site.in(0);
    Operand y = site.out(0);
    copy.begin(0, 0);
    for (int axis = 0; axis < y.rank(); axis++) {
      int own = axis - (y.rank() - x.rank());
      boolean repeats = own < 0 || x.dim(own) == 1;
      if (!repeats && x.dim(own) != y.dim(axis)) {
        throw site.wrong("%s does not broadcast to %s".formatted(x, y.shape()));
      }
      copy.axis(y.dim(axis), repeats ? 0 : x.stride(own), y.stride(axis));
    }
  }

  /** The input as it is, in memory of its own. */
  static Choice<CpuKernel.Preparation> copy() {
    return CpuKernel.choice(
        "copy", "the output needs memory of its own", site -> new One(site, CpuMove::bindExpand));
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Slice op) {
    return Views.isContiguous(node, op)
        ? Views.slice(op)
        : CpuKernel.choice(
            "copy", "elements lie apart", site -> new One(site, (s, copy) -> bind(s, copy, op)));
  }

  private static void bind(Site site, StridedCopy copy, Slice op) {
    Views.checkRange(site.plan(), op);
    Operand x = site.in(0);
    Operand y = site.out(0);
    copy.begin(site.evaluate(op.start()) * x.stride(op.axis()), 0);
    for (int axis = 0; axis < y.rank(); axis++) {
      long step = axis == op.axis() ? op.step() : 1;
      copy.axis(y.dim(axis), x.stride(axis) * step, y.stride(axis));
    }
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Concat op) {
    return node.inputs().size() == 1
        ? Views.same("there is one part")
        : CpuKernel.choice("copy", "part by part", site -> new Parts(site, op));
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Pad op) {
    boolean none =
        op.before().stream().allMatch(n -> n == 0) && op.after().stream().allMatch(n -> n == 0);
    return none
        ? Views.same("nothing is added")
        : CpuKernel.choice(
            "fill and copy", "what is added lies apart", site -> new Padded(site, op));
  }

  /** Finds the strides of one copy. */
  private interface Binder {
    void bind(Site site, StridedCopy copy);
  }

  /** One input, one copy. */
  private record One(Site site, Binder binder, StridedCopy copy) implements Step {
    One(Site site, Binder binder) {
      this(site, binder, new StridedCopy(site, site.out(0)));
    }

    @Override
    public long bind() {
      binder.bind(site, copy);
      copy.end();
      return 0;
    }

    @Override
    public void run() {
      copy.run(site.in(0), site.out(0));
    }
  }

  /** One copy for each part of a {@link Concat}. */
  private record Parts(Site site, Concat op, StridedCopy[] copies) implements Step {
    Parts(Site site, Concat op) {
      this(site, op, new StridedCopy[site.inputCount()]);
      for (int i = 0; i < copies.length; i++) {
        copies[i] = new StridedCopy(site, site.out(0));
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
          copies[i].axis(part.dim(axis), part.stride(axis), y.stride(axis));
        }
        copies[i].end();
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
  private record Padded(Site site, Pad op, CpuFill fill, StridedCopy copy) implements Step {
    Padded(Site site, Pad op) {
      this(site, op, new CpuFill(site, op.value()), new StridedCopy(site, site.out(0)));
    }

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
        copy.axis(Math.max(0, x.dim(axis) + cut), x.stride(axis), y.stride(axis));
      }
      copy.end();
      return fill.bind();
    }

    @Override
    public void run() {
      fill.run();
      copy.run(site.in(0), site.out(0));
    }
  }
}
