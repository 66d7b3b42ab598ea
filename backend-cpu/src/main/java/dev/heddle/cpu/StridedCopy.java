package dev.heddle.cpu;

import dev.heddle.plan.Operand;

/** Copies elements of any type from one arrangement of strides to another. */
final class StridedCopy implements WorkerPool.Task, Loops.Row {
  /** Elements that a thread takes at a time. */
  private static final long GRAIN = 32_768;

  /** Rows of this many bytes or more go through the system's copy. */
  private static final long LONG_ROW = 512;

  /** Edge of the squares in which a matrix is turned: a cache line of float32. */
  private static final long TILE = 16;

  private final WorkerPool workers;
  private final Loops loops;
  private final int bytes;
  private long fromOffset;
  private long toOffset;
  private long from;
  private long to;
  private boolean turned;

  /** Copies elements of {@code like}'s type, over at most its number of axes. */
  StridedCopy(Site site, Operand like) {
    this.workers = site.workers();
    this.loops = new Loops(like.rank());
    this.bytes = like.dtype().bytes();
  }

  /** Begins the binding: the first element's offsets in bytes. */
  void begin(long fromOffset, long toOffset) {
    this.fromOffset = fromOffset;
    this.toOffset = toOffset;
    loops.begin();
  }

  /** Adds an axis inside the others, with its strides in bytes. */
  void axis(long extent, long fromStride, long toStride) {
    loops.axis(extent, toStride, fromStride, 0, 0);
  }

  void end() {
    loops.end();
    turned =
        loops.rowStride(0) == bytes
            && loops.rowStride(1) != bytes
            && loops.middleStride(1) == bytes
            && loops.rowLength() >= TILE
            && loops.rowLength() <= Loops.ROW;
  }

  void run(Operand x, Operand y) {
    from = x.address() + fromOffset;
    to = y.address() + toOffset;
    if (loops.rows() == 0) {
      return;
    }
    workers.run(this, turned ? tilePieces() : loops.pieces(GRAIN));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    if (turned) {
      turn(piece);
    } else {
      loops.walk(piece, GRAIN, to, from, 0, 0, this, scratch);
    }
  }

  @Override
  public void run(long count, long y, long x, long c, long d, Scratch scratch) {
    long strideY = loops.rowStride(0);
    long strideX = loops.rowStride(1);
    if (strideY != bytes || strideX != bytes) {
      strided(bytes, count, x, strideX, y, strideY);
    } else if (count * bytes >= LONG_ROW) {
      Memory.copy(x, y, count * bytes);
    } else {
      shortRow(count * bytes, x, y);
    }
  }

  private static void shortRow(long size, long x, long y) {
    long whole = size & -8;
    for (long i = 0; i < whole; i += 8) {
      Memory.putLong(y + i, Memory.getLong(x + i));
    }
    for (long i = whole; i < size; i++) {
      Memory.putByte(y + i, Memory.getByte(x + i));
    }
  }

  private static void strided(int bytes, long count, long x, long strideX, long y, long strideY) {
    switch (bytes) {
      case 1 -> {
        for (long i = 0; i < count; i++) {
          Memory.putByte(y + i * strideY, Memory.getByte(x + i * strideX));
        }
      }
      case 2 -> {
        for (long i = 0; i < count; i++) {
          Memory.putShort(y + i * strideY, Memory.getShort(x + i * strideX));
        }
      }
      case 4 -> {
        for (long i = 0; i < count; i++) {
          Memory.putInt(y + i * strideY, Memory.getInt(x + i * strideX));
        }
      }
      default -> {
        for (long i = 0; i < count; i++) {
          Memory.putLong(y + i * strideY, Memory.getLong(x + i * strideX));
        }
      }
    }
  }

  // A matrix whose rows become columns: square by square, so that both sides stay in the cache.

  private int tilePieces() {
    long middles = Math.ceilDiv(loops.middleLength(), TILE);
    return Math.toIntExact(loops.rows() / loops.middleLength() * middles);
  }

  private void turn(int piece) {
    long bands = Math.ceilDiv(loops.middleLength(), TILE);
    long band = piece % bands * TILE;
    long first = piece / bands * loops.middleLength() + band;
    long height = Math.min(TILE, loops.middleLength() - band);
    long y = to + loops.offset(0, first);
    long x = from + loops.offset(1, first);
    long strideX = loops.rowStride(1);
    for (long left = 0; left < loops.rowLength(); left += TILE) {
      long width = Math.min(TILE, loops.rowLength() - left);
      for (long row = 0; row < height; row++) {
        strided(
            bytes,
            width,
            x + left * strideX + row * bytes,
            strideX,
            y + row * loops.middleStride(0) + left * bytes,
            bytes);
      }
    }
  }
}
