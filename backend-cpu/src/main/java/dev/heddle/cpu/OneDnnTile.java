package dev.heddle.cpu;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The one product by oneDNN that all others are made of: 8 rows of k terms, 16 by AMX, by one panel
 * of b {@code [k, width]}, both of bf16, to float32, and how a panel is laid out for it.
 *
 * <p>The shape never depends on how many rows there are, so neither does the order in which a row's
 * products are summed: fewer rows are filled up with zeros. The processors' instructions take
 * subnormal numbers for zeros, where our own kernels do not.
 *
 * <p>A lone row costs as much as 8. On two Zen 4 cores {@code [1, 2048]} by {@code [2048, 4096]}
 * takes 0.47 ms by tiles of 8 rows, 0.92 by 16, 0.43 by our own kernel; 16 rows of it 0.86, 0.76
 * and 1.35. AMX has 16 rows in each instruction whatever is asked of it.
 */
final class OneDnnTile implements AutoCloseable {
  /** Positions in {@link #product} for {@link OneDnnPrimitive#place}. */
  static final int A = 0;

  static final int PANEL = 1;
  static final int OUT = 2;

  private static final int ANY = 1;
  private static final int ROW_MAJOR = 3;
  private static final int BF16 = 2;
  private static final int F32 = 3;
  private static final int OWN_SCRATCHPAD = 1;
  private static final int WEIGHTS_LAYOUT = 131;

  private final OneDnn library;
  private final int rows;
  private final int k;
  private final int width;

  /** Layouts and attributes that are to be destroyed, each 0 until it is made. */
  private long a;

  private long plainB;
  private long anyB;
  private long out;
  private long attributes;
  private OneDnnPrimitive product;
  private OneDnnPrimitive packing;
  private long panelBytes;

  OneDnnTile(OneDnn library, int k, int width) {
    this.library = library;
    this.rows = library.amx() ? 16 : 8;
    this.k = k;
    this.width = width;
    int threads = library.alone();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment made = arena.allocate(JAVA_LONG);
      a = layout(arena, rows, k, BF16, ROW_MAJOR);
      plainB = layout(arena, k, width, BF16, ROW_MAJOR);
      anyB = layout(arena, k, width, BF16, ANY);
      out = layout(arena, rows, width, F32, ROW_MAJOR);
      library.made("primitive_attr", (int) library.attributesCreate.invokeExact(made.address()));
      attributes = made.get(JAVA_LONG, 0);
      OneDnn.check(
          "dnnl_primitive_attr_set_scratchpad_mode",
          (int) library.attributesScratchpad.invokeExact(attributes, OWN_SCRATCHPAD));
      library.made(
          "matmul_primitive_desc",
          (int)
              library.matMul.invokeExact(
                  made.address(), library.engine(), a, anyB, 0L, out, attributes));
      long descriptor = made.get(JAVA_LONG, 0);
      long b = OneDnnPrimitive.layout(library, descriptor, WEIGHTS_LAYOUT);
      int[] kinds = {OneDnnPrimitive.FROM, OneDnnPrimitive.WEIGHTS, OneDnnPrimitive.TO};
      product = new OneDnnPrimitive(library, descriptor, kinds, new long[] {a, b, out});
      panelBytes = NativePool.aligned((long) library.layoutSize.invokeExact(b));
      library.made(
          "reorder_primitive_desc",
          (int)
              library.reorder.invokeExact(
                  made.address(), plainB, library.engine(), b, library.engine(), attributes));
      packing =
          new OneDnnPrimitive(
              library,
              made.get(JAVA_LONG, 0),
              new int[] {OneDnnPrimitive.FROM, OneDnnPrimitive.TO},
              new long[] {plainB, b});
    } catch (Throwable e) {
      close();
      throw OneDnn.undeclared(e);
    } finally {
      library.restore(threads);
    }
  }

  private long layout(Arena arena, long rows, long columns, int type, int order) {
    MemorySegment extents = arena.allocateFrom(JAVA_LONG, rows, columns);
    MemorySegment made = arena.allocate(JAVA_LONG);
    try {
      library.made(
          "memory_desc",
          (int)
              library.layoutCreate.invokeExact(made.address(), 2, extents.address(), type, order));
    } catch (Throwable e) {
      throw OneDnn.undeclared(e);
    }
    return made.get(JAVA_LONG, 0);
  }

  /** The product, of the arguments {@link #A}, {@link #PANEL} and {@link #OUT}. */
  OneDnnPrimitive product() {
    return product;
  }

  /** Rows of a. */
  int rows() {
    return rows;
  }

  int k() {
    return k;
  }

  int width() {
    return width;
  }

  /** Bytes of a panel. */
  long panelBytes() {
    return panelBytes;
  }

  /**
   * Lays out a whole matrix of bf16 {@code [k, n]}, panel after panel, zeros up to the end of the
   * last.
   *
   * @param kStride bytes from k to k + 1
   * @param columnStride bytes from column to column
   * @param workers who share the work, a panel a piece
   */
  void pack(long from, long kStride, long columnStride, int n, long to, WorkerPool workers) {
    long plainBytes = NativePool.aligned((long) k * width * Short.BYTES);
    workers.run(
        (panel, scratch) -> {
          long plain = scratch.address(plainBytes + packing.workBytes());
          long work = plain + plainBytes;
          int column = panel * width;
          long own = from + column * columnStride;
          copy(own, kStride, columnStride, Math.min(width, n - column), plain);
          long place = to + panel * panelBytes;
          Memory.zero(place, panelBytes);
          packing.begin(work);
          try {
            packing.place(work, 0, plain);
            packing.place(work, 1, place);
            packing.execute(work);
          } finally {
            packing.end(work);
          }
        },
        Math.ceilDiv(n, width));
  }

  private void copy(long from, long kStride, long columnStride, int columns, long to) {
    Memory.zero(to, (long) k * width * Short.BYTES);
    for (int p = 0; p < k; p++) {
      long source = from + p * kStride;
      for (int column = 0; column < columns; column++) {
        Memory.putShort(to + (long) column * Short.BYTES, Memory.getShort(source));
        source += columnStride;
      }
      to += (long) width * Short.BYTES;
    }
  }

  @Override
  public void close() {
    if (packing != null) {
      packing.close();
    }
    if (product != null) {
      product.close();
    }
    library.destroy(library.attributesDestroy, attributes);
    for (long layout : new long[] {a, plainB, anyB, out}) {
      library.destroy(library.layoutDestroy, layout);
    }
  }
}
