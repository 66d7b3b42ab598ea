package dev.heddle.plan;

import dev.heddle.graph.Node;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;

/** Operations whose result lies in their input's memory already, so that nothing runs. */
public final class Views {
  private Views() {}

  /** The input under another type, as many elements from its first on. */
  public static <K> Choice<K> same(String why) {
    return new Choice.View<>(why, Views::sameElements);
  }

  private static long sameElements(Site site) {
    if (site.in(0).elements() != site.out(0).elements()) {
      throw site.wrong(
          "%s has %d elements; the result %s has %d"
              .formatted(site.in(0), site.in(0).elements(), site.out(0), site.out(0).elements()));
    }
    return 0;
  }

  /** True where no axis but those of extent 1 changes its place. */
  public static boolean keepsOrder(Node node, Transpose op) {
    TensorType x = node.input(0).type();
    int last = -1;
    for (int axis : op.permutation()) {
      if (!x.dim(axis).is(1)) {
        if (axis < last) {
          return false;
        }
        last = axis;
      }
    }
    return true;
  }

  /** True where the elements taken lie one after another. */
  public static boolean isContiguous(Node node, Slice op) {
    TensorType x = node.input(0).type();
    if (op.length().equals(x.dim(op.axis())) && op.start().is(0) && op.step() == 1) {
      return true;
    }
    return op.step() == 1 && Dim.product(x.dims().subList(0, op.axis())).is(1);
  }

  /** A slice whose elements lie one after another. */
  public static <K> Choice<K> slice(Slice op) {
    return new Choice.View<>(
        "the elements lie one after another",
        site -> {
          checkRange(site, op);
          return site.evaluate(op.start()) * site.in(0).stride(op.axis());
        });
  }

  /** Refuses a slice that leaves its axis. */
  public static void checkRange(Site site, Slice op) {
    long extent = site.in(0).dim(op.axis());
    long length = site.out(0).dim(op.axis());
    long first = site.evaluate(op.start());
    long last = Math.addExact(first, Math.multiplyExact(Math.max(0, length - 1), op.step()));
    if (length > 0 && (Math.min(first, last) < 0 || Math.max(first, last) >= extent)) {
      throw site.wrong(
          "takes elements %d to %d of axis %d, which has extent %d"
              .formatted(first, last, op.axis(), extent));
    }
  }
}
