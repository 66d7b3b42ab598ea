package dev.heddle.onnx;

import dev.heddle.op.Concat;
import dev.heddle.op.Expand;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Operators that put elements into other shapes. */
final class ViewOps {
  private ViewOps() {}

  static Operand reshape(OnnxNode n) {
    List<Dim> asked =
        n.hasAttribute("shape")
            ? n.integers("shape").stream().map(Dim::of).toList()
            : n.dims(1, "the shape");
    boolean zeroCopies = !n.flag("allowzero", false);
    List<Dim> from = n.inType(0).dims();
    List<Dim> dims = new ArrayList<>();
    int open = -1;
    for (Dim dim : asked) {
      int axis = dims.size();
      if (dim.is(-1)) {
        if (open >= 0) {
          throw n.malformed("the shape " + asked + " leaves two extents open");
        }
        open = axis;
        dims.add(Dim.ONE);
      } else if (dim.is(0) && zeroCopies) {
        if (axis >= from.size()) {
          throw n.malformed("the shape %s copies axis %d of %s".formatted(asked, axis, from));
        }
        dims.add(from.get(axis));
      } else if (DimArithmetic.isNegative(dim)) {
        throw n.malformed("the shape is " + asked);
      } else {
        dims.add(dim);
      }
    }
    if (open >= 0) {
      dims.set(open, rest(n, from, dims));
    }
    return n.emit(new Reshape(dims), n.in(0));
  }

  /** What is left for one extent where the others are known; common factors cancel. */
  private static Dim rest(OnnxNode n, List<Dim> from, List<Dim> dims) {
    List<Dim> elements = new ArrayList<>(from);
    List<Dim> others = new ArrayList<>(dims);
    others.removeIf(elements::remove);
    Dim all = Dim.product(elements);
    Dim known = Dim.product(others);
    if (known.is(0)) {
      throw n.malformed("the shape leaves an extent open beside one of 0");
    }
    Dim rest = all.dividedBy(known);
    if (all.isFixed() && known.isFixed() && rest.fixed() * known.fixed() != all.fixed()) {
      throw n.malformed("%s elements cannot have shape %s".formatted(from, dims));
    }
    return rest;
  }

  static Operand flatten(OnnxNode n) {
    int rank = n.rank(0);
    long given = n.integer("axis", 1);
    int axis = given == rank ? rank : n.axis(given, Math.max(rank, 1));
    List<Dim> dims = n.inType(0).dims();
    Dim rows = Dim.product(dims.subList(0, Math.min(axis, rank)));
    Dim columns = Dim.product(dims.subList(Math.min(axis, rank), rank));
    return n.emit(new Reshape(List.of(rows, columns)), n.in(0));
  }

  /** Axes are an attribute before operator set 13, an operand since. */
  private static List<Long> axes(OnnxNode n) {
    if (n.hasAttribute("axes")) {
      return n.integers("axes");
    }
    return n.has(1) ? n.numbers(1, "the axes") : null;
  }

  static Operand squeeze(OnnxNode n) {
    List<Dim> dims = n.inType(0).dims();
    List<Long> axes = axes(n);
    Set<Integer> gone = new TreeSet<>();
    if (axes == null) {
      IntStream.range(0, dims.size()).filter(i -> dims.get(i).is(1)).forEach(gone::add);
    } else {
      axes.forEach(axis -> gone.add(n.axis(axis, dims.size())));
    }
    List<Dim> left = new ArrayList<>();
    for (int i = 0; i < dims.size(); i++) {
      if (!gone.contains(i)) {
        left.add(dims.get(i));
      } else if (dims.get(i).isFixed() && !dims.get(i).is(1)) {
        throw n.malformed("removes axis %d of %s".formatted(i, dims));
      }
    }
    return n.emit(new Reshape(left), n.in(0));
  }

  static Operand unsqueeze(OnnxNode n) {
    List<Long> axes = axes(n);
    if (axes == null) {
      throw n.malformed("has no axes");
    }
    int rank = n.rank(0) + axes.size();
    Set<Integer> added = new TreeSet<>();
    axes.forEach(axis -> added.add(n.axis(axis, rank)));
    if (added.size() != axes.size()) {
      throw n.malformed("adds an axis twice: " + axes);
    }
    List<Dim> dims = new ArrayList<>(n.inType(0).dims());
    added.forEach(axis -> dims.add(axis, Dim.ONE));
    return n.emit(new Reshape(dims), n.in(0));
  }

  static Operand transpose(OnnxNode n) {
    int rank = n.rank(0);
    List<Integer> axes =
        n.hasAttribute("perm")
            ? n.integers("perm").stream().map(Math::toIntExact).toList()
            : IntStream.range(0, rank).map(i -> rank - 1 - i).boxed().toList();
    return n.emit(new Transpose(axes), n.in(0));
  }

  static Operand expand(OnnxNode n) {
    return n.emit(new Expand(n.dims(1, "the shape")), n.in(0));
  }

  /** Repeats each axis: one more axis before it is expanded, then both are joined. */
  static Operand tile(OnnxNode n) {
    List<Dim> repeats = n.dims(1, "the repeats");
    List<Dim> dims = n.inType(0).dims();
    if (repeats.size() != dims.size()) {
      throw n.malformed("has %d repeats for %s".formatted(repeats.size(), dims));
    }
    List<Dim> apart = new ArrayList<>();
    List<Dim> repeated = new ArrayList<>();
    List<Dim> joined = new ArrayList<>();
    for (int i = 0; i < dims.size(); i++) {
      apart.addAll(List.of(Dim.ONE, dims.get(i)));
      repeated.addAll(List.of(repeats.get(i), dims.get(i)));
      joined.add(repeats.get(i).times(dims.get(i)));
    }
    Operand expanded = n.emit(new Expand(repeated), n.emit(new Reshape(apart), n.in(0)));
    return n.emit(new Reshape(joined), expanded);
  }

  static Operand concat(OnnxNode n) {
    int axis = n.axis(n.integer("axis", 1), n.rank(0));
    List<Operand> parts = new ArrayList<>();
    for (int i = 0; i < n.count(); i++) {
      parts.add(n.in(i));
    }
    return parts.size() == 1
        ? parts.getFirst()
        : n.emit(new Concat(axis), parts.toArray(Operand[]::new));
  }

  /**
   * Extents are an attribute before operator set 13, an operand since; without them the parts are
   * alike, but for a smaller last one.
   */
  static List<Operand> split(OnnxNode n) {
    int axis = n.axisOfFirst(0);
    Dim extent = n.inType(0).dim(axis);
    List<Dim> extents;
    if (n.hasAttribute("split") || n.has(1)) {
      extents =
          n.hasAttribute("split")
              ? n.integers("split").stream().map(Dim::of).toList()
              : n.dims(1, "the extents");
      Dim all = extents.stream().reduce(Dim.ZERO, Dim::plus);
      if (all.isFixed() && extent.isFixed() && !all.equals(extent)) {
        throw n.malformed("splits an axis of %s into %s".formatted(extent, extents));
      }
    } else {
      extents = equal(n, extent, n.integer("num_outputs", n.outputs()));
    }
    List<Operand> parts = new ArrayList<>();
    Dim start = Dim.ZERO;
    for (Dim length : extents) {
      parts.add(n.emit(new Slice(axis, start, length, 1), n.in(0)));
      start = start.plus(length);
    }
    return parts;
  }

  /** The extents of as many of the {@code parts} as have a name. */
  private static List<Dim> equal(OnnxNode n, Dim extent, long parts) {
    if (parts < n.outputs()) {
      throw n.malformed(
          "splits an axis into %d parts for %d outputs".formatted(parts, n.outputs()));
    }
    Dim count = Dim.of(parts);
    Dim size =
        extent.isFixed()
            ? Dim.of(Math.ceilDiv(extent.fixed(), parts))
            : extent.plus(Dim.of(parts - 1)).dividedBy(count);
    Dim even = extent.dividedBy(count);
    if (even.times(count).equals(extent)) {
      size = even;
    }
    List<Dim> extents = new ArrayList<>();
    Dim left = extent;
    for (int i = 0; i < n.outputs(); i++) {
      Dim own = i == parts - 1 ? left : DimArithmetic.min(size, left);
      extents.add(own);
      left = left.minus(own);
    }
    return extents;
  }
}
