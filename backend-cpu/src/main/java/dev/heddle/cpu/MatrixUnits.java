package dev.heddle.cpu;

import java.util.function.Supplier;

/**
 * Whether products of bf16 run by oneDNN, and why.
 *
 * @param library null where our own kernels run them
 * @param why one phrase, for plans
 */
record MatrixUnits(OneDnn library, String why) {
  /** Our own kernels, where nothing else was looked for. */
  static final MatrixUnits NONE = new MatrixUnits(null, "");

  /** How much faster it must be, so that chance chooses nothing. */
  private static final double MARGIN = 1.1;

  private static final int ROWS = 112;
  private static final int INNER = 768;

  /** Two numbers of bf16, or one of float32, of about 1. */
  private static final int NUMBERS = 0x3f803f80;

  /** Our own kernel is compiled when it has not become faster for so long, and so many times. */
  private static final long SETTLED_NANOS = 200_000_000;

  private static final int SETTLED_TIMES = 40;

  /** A machine so busy that nothing settles until then chooses nothing. */
  private static final long LONGEST_NANOS = 15_000_000_000L;

  /** The process's, searched and measured when it is first asked for. */
  static Supplier<MatrixUnits> ofProcess() {
    return () -> OfProcess.UNITS;
  }

  private static final class OfProcess {
    static final MatrixUnits UNITS = measured(OneDnn.search(), Kernels.BEST);
  }

  /** What a search's result comes to, measured against {@code kernels}. */
  static MatrixUnits measured(OneDnn.Search search, Kernels kernels) {
    return switch (search) {
      case OneDnn.Search.Missing missing ->
          new MatrixUnits(
              null, "bf16 products by our own kernels, not by oneDNN: " + missing.why());
      case OneDnn.Search.Found(OneDnn library) -> compared(library, kernels);
    };
  }

  private static MatrixUnits compared(OneDnn library, Kernels kernels) {
    String told;
    try {
      double times = speedup(library, kernels);
      told =
          times == 0
              ? "oneDNN %s: the machine was too busy to compare them".formatted(library.version())
              : "oneDNN %s, which is %.1f times as fast here".formatted(library.version(), times);
      if (times >= MARGIN) {
        return new MatrixUnits(library, "bf16 products by " + told);
      }
    } catch (OneDnn.Failure e) {
      told = "oneDNN: " + e.getMessage();
    }
    library.close();
    return new MatrixUnits(null, "bf16 products by our own kernels, not by " + told);
  }

  /** How many times as fast as our own kernel a thread is with it; 0 if that cannot be told. */
  private static double speedup(OneDnn library, Kernels kernels) {
    int width = kernels.matMul().width();
    try (NativePool memory = new NativePool(0);
        WorkerPool alone = new WorkerPool(1, memory);
        OneDnnTile tile = new OneDnnTile(library, INNER, width)) {
      NativePool.Block operands =
          memory.acquire((long) Float.BYTES * (ROWS + width) * INNER, "a measurement");
      NativePool.Block y = memory.acquire((long) Float.BYTES * ROWS * width, "a measurement");
      try {
        for (long at = 0; at < operands.size(); at += Integer.BYTES) {
          Memory.putInt(operands.address() + at, NUMBERS);
        }
        One product =
            new One(operands.address(), operands.address() + 4L * ROWS * INNER, y.address());
        MatMulTask own =
            new MatMulTask(kernels, product)
                .shape(ROWS, width, INNER)
                .a(4L * INNER, 4)
                .packedB(product.b(0))
                .y(4L * width);
        WorkerPool.Task other = (piece, scratch) -> multiply(tile, product, scratch);
        return compare(() -> own.run(alone, 1), () -> alone.run(other, 1));
      } finally {
        memory.release(operands);
        memory.release(y);
      }
    }
  }

  private record One(long at, long bAt, long yAt) implements MatMulTask.Matrices {
    @Override
    public long a(long index) {
      return at;
    }

    @Override
    public long b(long index) {
      return bAt;
    }

    @Override
    public long y(long index) {
      return yAt;
    }
  }

  private static void multiply(OneDnnTile tile, One product, Scratch scratch) {
    OneDnnPrimitive primitive = tile.product();
    long work = scratch.address(primitive.workBytes());
    primitive.begin(work);
    try {
      primitive.place(work, OneDnnTile.PANEL, product.b(0));
      primitive.place(work, OneDnnTile.OUT, product.y(0));
      for (int row = 0; row < ROWS; row += tile.rows()) {
        primitive.place(work, OneDnnTile.A, product.a(0) + 2L * row * INNER);
        primitive.execute(work);
      }
    } finally {
      primitive.end(work);
    }
  }

  /** The first's best time over the other's, in turns until both have settled; 0 if they do not. */
  private static double compare(Runnable own, Runnable other) {
    long begin = System.nanoTime();
    long improved = begin;
    int since = 0;
    long bestOwn = Long.MAX_VALUE;
    long bestOther = Long.MAX_VALUE;
    while (System.nanoTime() - improved < SETTLED_NANOS || since < SETTLED_TIMES) {
      if (System.nanoTime() - begin > LONGEST_NANOS) {
        return 0;
      }
      long ownTime = nanos(own);
      long otherTime = nanos(other);
      since++;
      if (ownTime < 0.97 * bestOwn || otherTime < 0.97 * bestOther) {
        improved = System.nanoTime();
        since = 0;
      }
      bestOwn = Math.min(bestOwn, ownTime);
      bestOther = Math.min(bestOther, otherTime);
    }
    return (double) bestOwn / bestOther;
  }

  private static long nanos(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    return System.nanoTime() - begin;
  }
}
