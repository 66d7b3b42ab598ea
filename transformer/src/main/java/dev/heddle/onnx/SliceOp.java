package dev.heddle.onnx;

import dev.heddle.op.Binary;
import dev.heddle.op.Slice;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * Slices with numpy's rules: bounds count from the end where they are negative, and what lies
 * beyond an end is cut back to it.
 *
 * <p>Where only a run knows whether a bound lies beyond the end, a number is cut back in the run
 * ({@code x[:512]} of a sequence); a bound that is a symbol itself ({@code table[:sequence]}) is
 * taken to lie inside, and so is a single element. The run refuses what does not.
 */
final class SliceOp {
  private SliceOp() {}

  /** Bounds are attributes before operator set 10, operands since. */
  static Operand slice(OnnxNode n) {
    boolean attributes = n.hasAttribute("starts");
    List<Dim> starts = attributes ? numbers(n, "starts") : n.dims(1, "the starts");
    List<Dim> ends = attributes ? numbers(n, "ends") : n.dims(2, "the ends");
    List<Long> axes = new ArrayList<>();
    if (n.hasAttribute("axes")) {
      axes.addAll(n.integers("axes"));
    } else if (!attributes && n.has(3)) {
      axes.addAll(n.numbers(3, "the axes"));
    } else {
      for (long axis = 0; axis < starts.size(); axis++) {
        axes.add(axis);
      }
    }
    List<Long> steps = !attributes && n.has(4) ? n.numbers(4, "the steps") : null;
    boolean alike =
        ends.size() == starts.size()
            && axes.size() == starts.size()
            && (steps == null || steps.size() == starts.size());
    if (!alike) {
      throw n.malformed(
          "has starts %s, ends %s, axes %s, steps %s".formatted(starts, ends, axes, steps));
    }
    Operand x = n.in(0);
    for (int i = 0; i < starts.size(); i++) {
      int axis = n.axis(axes.get(i), n.rank(0));
      long step = steps == null ? 1 : steps.get(i);
      x = along(n, x, axis, within(starts.get(i)), within(ends.get(i)), step);
    }
    return x;
  }

  /** Bounds beyond all extents stand for "to the end", however far beyond. */
  private static Dim within(Dim bound) {
    return bound.isFixed()
        ? Dim.of(Math.clamp(bound.fixed(), Integer.MIN_VALUE, Integer.MAX_VALUE))
        : bound;
  }

  private static List<Dim> numbers(OnnxNode n, String attribute) {
    return n.integers(attribute).stream().map(Dim::of).toList();
  }

  private static Operand along(OnnxNode n, Operand x, int axis, Dim start, Dim end, long step) {
    Dim extent = x.type().dim(axis);
    if (step == 0) {
      throw n.malformed("has a step of 0");
    }
    if (step == 1 && isOneInside(start, end, extent)) {
      Dim only = DimArithmetic.isNegative(start) ? extent.plus(start) : start;
      return n.emit(new Slice(axis, only, Dim.ONE, 1), x);
    }
    Dim first = step > 0 ? bound(start, extent) : backward(n, start, extent);
    Dim behind = step > 0 ? bound(end, extent) : backward(n, end, extent);
    boolean whole = step == 1 && first.is(0) && behind.equals(extent);
    return whole ? x : n.emit(new Slice(axis, first, length(first, behind, step), step), x);
  }

  /** One element by its number, of an axis whose extent is a symbol: it is meant to be there. */
  private static boolean isOneInside(Dim start, Dim end, Dim extent) {
    return !extent.isFixed()
        && start.isFixed()
        && end.minus(start).is(1)
        && DimArithmetic.isNegative(start) == DimArithmetic.isNegative(end);
  }

  /** {@code bound} as a position from 0 to {@code extent}. */
  private static Dim bound(Dim bound, Dim extent) {
    if (bound.isFixed() && bound.is(Integer.MAX_VALUE)) {
      return extent;
    }
    Dim fromStart = DimArithmetic.isNegative(bound) ? extent.plus(bound) : bound;
    if (DimArithmetic.isNegative(fromStart)) {
      return Dim.ZERO;
    }
    boolean cut = fromStart.isFixed() || fromStart.minus(extent).isNonNegative();
    return cut ? DimArithmetic.min(fromStart, extent) : fromStart;
  }

  /** The same for a negative step: from -1, one before the first, to {@code extent - 1}. */
  private static Dim backward(OnnxNode n, Dim bound, Dim extent) {
    Dim last = extent.minus(Dim.ONE);
    long number = n.fixed(bound, "a bound of a backward slice");
    if (number == Integer.MAX_VALUE || bound.minus(last).isNonNegative() || number == -1) {
      return last;
    }
    if (number >= 0) {
      return DimArithmetic.min(bound, last);
    }
    Dim fromStart = extent.plus(bound);
    if (number == Integer.MIN_VALUE || DimArithmetic.isNegative(fromStart)) {
      return Dim.of(-1);
    }
    // Positions count from -1 here; one more is an extent, which a minimum may bound.
    return DimArithmetic.binary(Binary.Kind.MAX, fromStart.plus(Dim.ONE), Dim.ZERO).minus(Dim.ONE);
  }

  /** Number of positions from {@code first} on that come before {@code behind}. */
  private static Dim length(Dim first, Dim behind, long step) {
    Dim distance = step > 0 ? behind.minus(first) : first.minus(behind);
    long stride = Math.abs(step);
    if (DimArithmetic.isNegative(distance)) {
      return Dim.ZERO;
    }
    return stride == 1 ? distance : distance.plus(Dim.of(stride - 1)).dividedBy(Dim.of(stride));
  }
}
