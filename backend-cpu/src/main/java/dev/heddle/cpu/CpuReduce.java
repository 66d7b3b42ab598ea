package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Reduce;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/**
 * {@link Reduce}. Floats are combined in float64, integers in 64 bits; each result in an order of
 * its own elements alone.
 *
 * <p>Where neighbouring results take neighbouring elements (the last axis stays), a block of
 * results is accumulated side by side; else one result after another.
 */
final class CpuReduce implements Step, WorkerPool.Task, Loops.Row {
  /** Elements that a thread takes at a time. */
  private static final long GRAIN = 32_768;

  /** Results accumulated side by side. */
  private static final int BLOCK = 256;

  private final Site site;
  private final Reduce op;
  private final Loops kept;
  private final Loops reduced;
  private long count;

  CpuReduce(Site site, Reduce op) {
    this.site = site;
    this.op = op;
    this.kept = new Loops(site.in(0).rank());
    this.reduced = new Loops(site.in(0).rank());
  }

  static Choice<CpuKernel.Preparation> choose(Node node, Reduce op) {
    DType dtype = node.input(0).type().dtype();
    return CpuKernel.choice(
        dtype.isFloat() ? "accumulate doubles" : "accumulate integers",
        "one order for each result",
        site -> new CpuReduce(site, op));
  }

  @Override
  public long bind() {
    Operand x = site.in(0);
    kept.begin();
    reduced.begin();
    long stride = site.out(0).bytes();
    for (int axis = 0; axis < x.rank(); axis++) {
      if (op.axes().contains(axis)) {
        reduced.axis(x.dim(axis), 0, x.stride(axis), 0, 0);
      } else {
        stride = x.dim(axis) == 0 ? 0 : stride / x.dim(axis);
        kept.axis(x.dim(axis), stride, x.stride(axis), 0, 0);
      }
    }
    kept.end();
    reduced.end();
    count = reduced.fullRows() * reduced.rowLength();
    return 0;
  }

  private long grain() {
    return Math.max(1, GRAIN / Math.max(1, count));
  }

  @Override
  public void run() {
    site.workers().run(this, kept.pieces(grain()));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand x = site.in(0);
    kept.walk(piece, grain(), site.out(0).address(), x.address(), 0, 0, this, scratch);
  }

  @Override
  public void run(long results, long y, long x, long c, long d, Scratch scratch) {
    DType dtype = site.in(0).dtype();
    long strideY = kept.rowStride(0);
    long strideX = kept.rowStride(1);
    boolean sideBySide = results > 1 && strideX == dtype.bytes() && dtype.isFloat();
    if (sideBySide) {
      long accumulators = scratch.address(2L * BLOCK * Double.BYTES);
      for (long i = 0; i < results; i += BLOCK) {
        int width = (int) Math.min(BLOCK, results - i);
        block(width, y + i * strideY, strideY, x + i * strideX, accumulators);
      }
      return;
    }
    for (long i = 0; i < results; i++) {
      if (dtype.isFloat()) {
        Scalars.putDouble(dtype, y + i * strideY, one(dtype, x + i * strideX));
      } else {
        oneInteger(dtype, y + i * strideY, x + i * strideX);
      }
    }
  }

  // One result.

  private double one(DType dtype, long x) {
    double max = op.kind() == Reduce.Kind.LOG_SUM_EXP ? all(Reduce.Kind.MAX, dtype, x, 0) : 0;
    return finish(all(op.kind(), dtype, x, max), max);
  }

  private double all(Reduce.Kind kind, DType dtype, long x, double max) {
    double all = start(kind);
    for (long row = 0; row < reduced.fullRows(); row++) {
      long begin = x + reduced.offset(1, row);
      boolean dense = dtype == DType.F32 && reduced.rowStride(1) == Float.BYTES;
      if (dense && (kind == Reduce.Kind.SUM || kind == Reduce.Kind.MEAN)) {
        all += sum(begin, reduced.rowLength());
        continue;
      }
      for (long i = 0; i < reduced.rowLength(); i++) {
        double value = Scalars.getDouble(dtype, begin + i * reduced.rowStride(1));
        all = combine(kind, all, value, max);
      }
    }
    return all;
  }

  /** Elements 0, 4, 8, ...; 1, 5, 9, ... and so on have a sum each, for additions take time. */
  private static double sum(long x, long count) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    long whole = count & -4;
    for (long i = 0; i < whole; i += 4) {
      sum0 += Memory.getFloat(x + 4 * i);
      sum1 += Memory.getFloat(x + 4 * i + 4);
      sum2 += Memory.getFloat(x + 4 * i + 8);
      sum3 += Memory.getFloat(x + 4 * i + 12);
    }
    sum0 += whole < count ? Memory.getFloat(x + 4 * whole) : 0;
    sum1 += whole + 1 < count ? Memory.getFloat(x + 4 * whole + 4) : 0;
    sum2 += whole + 2 < count ? Memory.getFloat(x + 4 * whole + 8) : 0;
    return (sum0 + sum1) + (sum2 + sum3);
  }

  // A block of results.

  private void block(int width, long y, long strideY, long x, long accumulators) {
    DType dtype = site.in(0).dtype();
    long maxima = accumulators + (long) BLOCK * Double.BYTES;
    boolean logSumExp = op.kind() == Reduce.Kind.LOG_SUM_EXP;
    if (logSumExp) {
      accumulate(Reduce.Kind.MAX, width, x, maxima, 0);
    }
    accumulate(op.kind(), width, x, accumulators, logSumExp ? maxima : 0);
    for (int i = 0; i < width; i++) {
      double max = logSumExp ? Memory.getDouble(maxima + 8L * i) : 0;
      double all = Memory.getDouble(accumulators + 8L * i);
      Scalars.putDouble(dtype, y + i * strideY, finish(all, max));
    }
  }

  private void accumulate(Reduce.Kind kind, int width, long x, long accumulators, long maxima) {
    DType dtype = site.in(0).dtype();
    for (int i = 0; i < width; i++) {
      Memory.putDouble(accumulators + 8L * i, start(kind));
    }
    for (long row = 0; row < reduced.fullRows(); row++) {
      long begin = x + reduced.offset(1, row);
      for (long i = 0; i < reduced.rowLength(); i++) {
        long from = begin + i * reduced.rowStride(1);
        if (dtype == DType.F32 && (kind == Reduce.Kind.SUM || kind == Reduce.Kind.MEAN)) {
          addFloats(width, from, accumulators);
        } else {
          combineAll(kind, dtype, width, from, accumulators, maxima);
        }
      }
    }
  }

  private static void addFloats(int width, long x, long accumulators) {
    for (long i = 0; i < width; i++) {
      long at = accumulators + 8 * i;
      Memory.putDouble(at, Memory.getDouble(at) + Memory.getFloat(x + 4 * i));
    }
  }

  private static void combineAll(
      Reduce.Kind kind, DType dtype, int width, long x, long accumulators, long maxima) {
    for (long i = 0; i < width; i++) {
      long at = accumulators + 8 * i;
      double value = Scalars.getDouble(dtype, x + i * dtype.bytes());
      double max = maxima == 0 ? 0 : Memory.getDouble(maxima + 8 * i);
      Memory.putDouble(at, combine(kind, Memory.getDouble(at), value, max));
    }
  }

  // The functions in float64.

  private static double start(Reduce.Kind kind) {
    return switch (kind) {
      case SUM, MEAN, L1, L2, LOG_SUM, LOG_SUM_EXP, SUM_SQUARE -> 0;
      case PROD -> 1;
      case MAX -> Double.NEGATIVE_INFINITY;
      case MIN -> Double.POSITIVE_INFINITY;
    };
  }

  private static double combine(Reduce.Kind kind, double all, double x, double max) {
    return switch (kind) {
      case SUM, MEAN, LOG_SUM -> all + x;
      case L1 -> all + Math.abs(x);
      case L2, SUM_SQUARE -> all + x * x;
      case LOG_SUM_EXP -> all + Math.exp(x - max);
      case PROD -> all * x;
      case MAX -> Math.max(all, x);
      case MIN -> Math.min(all, x);
    };
  }

  private double finish(double all, double max) {
    return switch (op.kind()) {
      case SUM, L1, SUM_SQUARE, PROD, MAX, MIN -> all;
      case MEAN -> all / count;
      case L2 -> Math.sqrt(all);
      case LOG_SUM -> Math.log(all);
      // Differences of infinities are no numbers: the greatest decides alone.
      case LOG_SUM_EXP -> Double.isInfinite(max) ? max : max + Math.log(all);
    };
  }

  // Integers.

  private void oneInteger(DType dtype, long y, long x) {
    switch (op.kind()) {
      case L2, LOG_SUM, LOG_SUM_EXP -> Scalars.putDouble(dtype, y, one(dtype, x));
      default -> {
        long all = startInteger(op.kind(), dtype);
        for (long row = 0; row < reduced.fullRows(); row++) {
          long begin = x + reduced.offset(1, row);
          for (long i = 0; i < reduced.rowLength(); i++) {
            long value = Scalars.getLong(dtype, begin + i * reduced.rowStride(1));
            all = combine(op.kind(), all, value);
          }
        }
        boolean mean = op.kind() == Reduce.Kind.MEAN;
        Scalars.putLong(dtype, y, !mean ? all : count == 0 ? 0 : all / count);
      }
    }
  }

  private static long combine(Reduce.Kind kind, long all, long x) {
    return switch (kind) {
      case SUM, MEAN -> all + x;
      case L1 -> all + Math.abs(x);
      case SUM_SQUARE -> all + x * x;
      case PROD -> all * x;
      case MAX -> Math.max(all, x);
      case MIN -> Math.min(all, x);
      case L2, LOG_SUM, LOG_SUM_EXP -> throw new IllegalArgumentException(kind + " of integers");
    };
  }

  private static long startInteger(Reduce.Kind kind, DType dtype) {
    return switch (kind) {
      case PROD -> 1;
      case MAX -> least(dtype);
      case MIN -> dtype == DType.BOOL ? 1 : dtype == DType.U8 ? 255 : ~least(dtype);
      default -> 0;
    };
  }

  private static long least(DType dtype) {
    return switch (dtype) {
      case I8 -> Byte.MIN_VALUE;
      case I16 -> Short.MIN_VALUE;
      case I32 -> Integer.MIN_VALUE;
      case I64 -> Long.MIN_VALUE;
      default -> 0;
    };
  }
}
