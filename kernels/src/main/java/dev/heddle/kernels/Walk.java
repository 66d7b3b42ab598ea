package dev.heddle.kernels;

import dev.heddle.plan.Operand;

/**
 * The axes that a kernel walks, with a stride for each of its operands: neighbouring axes that lie
 * as one in all operands are one, so that six are enough for what people compute. Bound anew
 * whenever extents change; allocates nothing.
 */
final class Walk {
  /** Axes that kernels take: {@code AXES(n)} of the dialect. */
  static final int AXES = 6;

  private final int operands;
  private final long[] extents = new long[AXES];
  private final long[][] strides;
  private int rank;
  private long elements;

  /** For so many operands. */
  Walk(int operands) {
    this.operands = operands;
    this.strides = new long[operands][AXES];
  }

  /** Forgets all axes. */
  void begin() {
    rank = 0;
    elements = 1;
  }

  /**
   * Adds an axis inside those before.
   *
   * @param by elements from one of it to the next, in each operand
   */
  void axis(LaunchSite site, long extent, long... by) {
    elements *= extent;
    if (extent == 1) {
      return;
    }
    if (rank > 0 && continues(extent, by)) {
      extents[rank - 1] *= extent;
    } else {
      if (rank == AXES) {
        throw site.wrong("more than " + AXES + " axes that do not lie as one");
      }
      extents[rank++] = extent;
    }
    for (int o = 0; o < operands; o++) {
      strides[o][rank - 1] = by[o];
    }
  }

  private boolean continues(long extent, long[] by) {
    for (int o = 0; o < operands; o++) {
      if (strides[o][rank - 1] != extent * by[o]) {
        return false;
      }
    }
    return true;
  }

  /** Walks {@code y}, the operands broadcast to it: operand 0 is y, an absent one has strides 0. */
  void broadcast(LaunchSite site, Operand y, Operand... others) {
    begin();
    long[] by = new long[operands];
    for (int axis = 0; axis < y.rank(); axis++) {
      by[0] = stride(y, axis);
      for (int o = 1; o < operands; o++) {
        Operand x = others[o - 1];
        int own = x == null ? -1 : axis - (y.rank() - x.rank());
        boolean repeats = own < 0 || x.dim(own) == 1;
        if (!repeats && x.dim(own) != y.dim(axis)) {
          throw site.wrong("%s does not broadcast to %s".formatted(x, y.shape()));
        }
        by[o] = repeats ? 0 : stride(x, own);
      }
      axis(site, y.dim(axis), by);
    }
  }

  private static long stride(Operand x, int axis) {
    return x.product(axis + 1, x.rank());
  }

  /** Number of elements walked. */
  long elements() {
    return elements;
  }

  /** Extent of the axis along which neighbours lie; 1 if there is none. */
  long innermost() {
    return rank == 0 ? 1 : extents[rank - 1];
  }

  /** How many times that axis is walked. */
  long rows() {
    return elements == 0 ? 0 : elements / innermost();
  }

  /**
   * Elements of operand {@code o} from its first to the first of row {@code row}; see {@link
   * #rows}.
   */
  long offset(int o, long row) {
    long offset = 0;
    for (int axis = rank - 2; axis >= 0; axis--) {
      offset += row % extents[axis] * strides[o][axis];
      row /= extents[axis];
    }
    return offset;
  }

  /** Extent of axis {@code fromLast}, the innermost being 0; 1 if there is none. */
  long extent(int fromLast) {
    return fromLast < rank ? extents[rank - 1 - fromLast] : 1;
  }

  /** Stride of operand {@code o} along axis {@code fromLast}; 0 if there is none. */
  long stride(int o, int fromLast) {
    return fromLast < rank ? strides[o][rank - 1 - fromLast] : 0;
  }

  /** {@code AXES(n)}: the extents, 1 for axes that are not there. */
  void putExtents(LaunchSite site) {
    for (int i = 0; i < AXES; i++) {
      int axis = i - (AXES - rank);
      site.put(axis < 0 ? 1L : extents[axis]);
    }
  }

  /** {@code AXES(s)}: the strides of operand {@code o}. */
  void putStrides(LaunchSite site, int o) {
    for (int i = 0; i < AXES; i++) {
      int axis = i - (AXES - rank);
      site.put(axis < 0 ? 0L : strides[o][axis]);
    }
  }
}
