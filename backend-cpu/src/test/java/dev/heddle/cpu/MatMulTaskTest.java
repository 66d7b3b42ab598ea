package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Elements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class MatMulTaskTest {
  private final Arena arena = Arena.ofConfined();
  private final NativePool memory = new NativePool(0);
  private final Random random = new Random(7);

  @AfterEach
  void free() {
    assertEquals(0, memory.liveBytes());
    memory.close();
    arena.close();
  }

  private static final Kernels[] ALL = {Kernels.withVectors(), Kernels.scalar()};

  /** A matrix or several in native memory, at any strides, and its values in Java. */
  private final class Matrix {
    final float[] values;
    final int rows;
    final int columns;
    final long address;
    final long rowStride;
    final long columnStride;

    /** Uniform in [-1, 1). */
    Matrix(int rows, int columns, boolean transposed, int gap) {
      this.values = new float[rows * columns];
      this.rows = rows;
      this.columns = columns;
      this.rowStride = transposed ? 4 : 4L * (columns + gap);
      this.columnStride = transposed ? 4L * (rows + gap) : 4;
      this.address = arena.allocate(4L * (rows + gap) * (columns + gap) + 64, 64).address();
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat() * 2 - 1;
        Memory.putFloat(at(i / columns, i % columns), values[i]);
      }
    }

    long at(int row, int column) {
      return address + row * rowStride + column * columnStride;
    }

    float[] read() {
      float[] now = new float[values.length];
      for (int i = 0; i < now.length; i++) {
        now[i] = Memory.getFloat(at(i / columns, i % columns));
      }
      return now;
    }
  }

  /** One product's operands; 0 where there is none. */
  private record One(long aAt, long bAt, long biasAt, long residualAt, long yAt)
      implements MatMulTask.Matrices {
    @Override
    public long a(long index) {
      return aAt;
    }

    @Override
    public long b(long index) {
      return bAt;
    }

    @Override
    public long bias(long index) {
      return biasAt;
    }

    @Override
    public long residual(long index) {
      return residualAt;
    }

    @Override
    public long y(long index) {
      return yAt;
    }
  }

  private static long address(Matrix matrix) {
    return matrix == null ? 0 : matrix.address;
  }

  /** y = a b, to be refined. */
  private static MatMulTask task(
      Kernels kernels, Matrix a, Matrix b, Matrix bias, Matrix residual, Matrix y) {
    return new MatMulTask(
            kernels, new One(address(a), address(b), address(bias), address(residual), address(y)))
        .shape(y.rows, y.columns, a.columns)
        .a(a.rowStride, a.columnStride)
        .b(b.rowStride, b.columnStride)
        .y(y.rowStride);
  }

  /** y = activation(alpha a b + bias) + residual in float64; activation RELU or none. */
  private static double[] expected(
      Matrix a,
      Matrix b,
      int m,
      int n,
      int k,
      double alpha,
      Matrix bias,
      boolean relu,
      Matrix residual) {
    double[] y = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int p = 0; p < k; p++) {
          sum += (double) a.values[i * k + p] * b.values[p * n + j];
        }
        sum *= alpha;
        sum += bias == null ? 0 : bias.values[bias.rows == m && bias.columns == 1 ? i : j];
        sum = relu ? Math.max(sum, 0) : sum;
        y[i * n + j] = sum + (residual == null ? 0 : residual.values[i * n + j]);
      }
    }
    return y;
  }

  private long pack(Kernels kernels, Matrix b, int k, int n) {
    long packed =
        arena.allocate(Math.max(64, MatMulPacking.bytes(kernels.matMul(), k, n)), 64).address();
    try (WorkerPool pool = new WorkerPool(2, memory)) {
      MatMulPacking.pack(
          kernels.matMul(), DType.F32, b.address, b.rowStride, b.columnStride, k, n, packed, pool);
    }
    return packed;
  }

  private static void assertClose(double[] expected, float[] actual, int k, String what) {
    for (int i = 0; i < expected.length; i++) {
      // Each of k products and sums of magnitude up to k rounds by 2^-24, mostly far less.
      double tolerance = 1e-6 * (1 + k * 0.05) * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], actual[i], tolerance, what + ", element " + i);
    }
  }

  @Test
  void productsAgreeWithFloat64ForEveryShapeLayoutAndEpilogue() {
    int[] ms = {1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 29, 63};
    int[] ns = {1, 3, 15, 16, 31, 32, 33, 64, 97, 130, 257};
    int[] ks = {0, 1, 2, 7, 32, 129, 600};
    for (Kernels kernels : ALL) {
      try (WorkerPool pool = new WorkerPool(2, memory)) {
        for (int round = 0; round < 300; round++) {
          int m = ms[random.nextInt(ms.length)];
          int n = ns[random.nextInt(ns.length)];
          int k = ks[random.nextInt(ks.length)];
          checkOne(kernels, pool, m, n, k);
        }
      }
    }
  }

  private void checkOne(Kernels kernels, WorkerPool pool, int m, int n, int k) {
    Matrix a = new Matrix(m, k, random.nextBoolean(), random.nextInt(3));
    Matrix b = new Matrix(k, n, random.nextBoolean(), random.nextInt(3));
    // As many gaps as the residual has: they share their row stride.
    Matrix y = new Matrix(m, n, false, 1);
    Matrix residual = random.nextBoolean() ? new Matrix(m, n, false, 1) : null;
    boolean column = random.nextBoolean();
    Matrix bias = null;
    if (random.nextBoolean()) {
      bias = column ? new Matrix(m, 1, false, 0) : new Matrix(1, n, false, 0);
    }
    boolean relu = random.nextBoolean();
    float alpha = random.nextBoolean() ? 1 : 0.25f;

    MatMulTask task = task(kernels, a, b, bias, residual, y).alpha(alpha);
    if (random.nextBoolean()) {
      task.packedB(pack(kernels, b, k, n));
    }
    if (bias != null) {
      task.bias(column ? 4 : 0, column ? 0 : 4);
    }
    if (relu) {
      task.activation(Unary.Kind.RELU);
    }
    task.run(pool, 1);
    assertClose(
        expected(a, b, m, n, k, alpha, bias, relu, residual),
        y.read(),
        k,
        "%s [%d, %d] @ [%d, %d]".formatted(kernels.name(), m, k, k, n));
  }

  @Test
  void aRowHasTheSameBitsAloneAndInAnyBatchAndForAnyThreads() {
    int m = 47;
    int n = 203;
    for (Kernels kernels : ALL) {
      for (int k : new int[] {37, 512, 1100, 2100}) {
        Matrix a = new Matrix(m, k, false, 0);
        Matrix b = new Matrix(k, n, true, 0);
        long packed = pack(kernels, b, k, n);
        float[] alone = rowsAtATime(1, kernels, 1, a, b, packed);
        for (int threads : new int[] {1, 2, 3, 7}) {
          for (int rows : new int[] {1, 2, 5, 17, m}) {
            String what =
                "%s, k %d, %d threads, %d rows".formatted(kernels.name(), k, threads, rows);
            assertArrayEquals(alone, rowsAtATime(rows, kernels, threads, a, b, packed), what);
            assertArrayEquals(alone, rowsAtATime(rows, kernels, threads, a, b, 0), what);
          }
        }
      }
    }
  }

  private float[] rowsAtATime(
      int rows, Kernels kernels, int threads, Matrix a, Matrix b, long packed) {
    Matrix y = new Matrix(a.rows, b.columns, false, 0);
    try (WorkerPool pool = new WorkerPool(threads, memory)) {
      for (int row = 0; row < a.rows; row += rows) {
        MatMulTask task =
            new MatMulTask(kernels, new One(a.at(row, 0), b.address, 0, 0, y.at(row, 0)))
                .shape(Math.min(rows, a.rows - row), y.columns, a.columns)
                .a(a.rowStride, 4)
                .b(b.rowStride, b.columnStride)
                .y(y.rowStride);
        if (packed != 0) {
          task.packedB(packed);
        }
        task.run(pool, 1);
      }
    }
    return y.read();
  }

  /** a {@code [2, 3, m, k]}, b {@code [2, 1, k, n]}: heads share b. */
  private record Heads(long aAt, long bAt, long yAt, int m, int n, int k)
      implements MatMulTask.Matrices {
    @Override
    public long a(long index) {
      return aAt + 4 * index * m * k;
    }

    @Override
    public long b(long index) {
      return bAt + 4 * (index / 3) * k * n;
    }

    @Override
    public long bias(long index) {
      return 0;
    }

    @Override
    public long residual(long index) {
      return 0;
    }

    @Override
    public long y(long index) {
      return yAt + 4 * index * m * n;
    }
  }

  @Test
  void longSumsStayExactBecauseTheyAreSummedInBlocks() {
    int m = 8;
    int n = 200;
    int k = 4096;
    for (Kernels kernels : ALL) {
      Matrix a = new Matrix(m, k, false, 0);
      Matrix b = new Matrix(k, n, false, 0);
      Matrix y = new Matrix(m, n, false, 0);
      try (WorkerPool pool = new WorkerPool(2, memory)) {
        task(kernels, a, b, null, null, y).run(pool, 1);
      }
      double[] expected = expected(a, b, m, n, k, 1, null, false, null);
      float[] actual = y.read();
      double error = 0;
      double magnitude = 0;
      for (int i = 0; i < expected.length; i++) {
        error += (expected[i] - actual[i]) * (expected[i] - actual[i]);
        magnitude += expected[i] * expected[i];
      }
      double relative = Math.sqrt(error / magnitude);
      assertTrue(relative < 4e-7, kernels.name() + ": relative error " + relative);
    }
  }

  @Test
  void batchesMayShareAnOperand() {
    int m = 9;
    int n = 21;
    int k = 40;
    for (Kernels kernels : ALL) {
      Matrix a = new Matrix(6 * m, k, false, 0);
      Matrix b = new Matrix(2 * k, n, false, 0);
      Matrix y = new Matrix(6 * m, n, false, 0);
      try (WorkerPool pool = new WorkerPool(3, memory)) {
        new MatMulTask(kernels, new Heads(a.address, b.address, y.address, m, n, k))
            .shape(m, n, k)
            .a(a.rowStride, 4)
            .b(b.rowStride, 4)
            .y(y.rowStride)
            .run(pool, 6);
      }
      float[] actual = y.read();
      for (int i = 0; i < actual.length; i++) {
        int row = i / n;
        double sum = 0;
        for (int p = 0; p < k; p++) {
          sum += (double) a.values[row * k + p] * b.values[(row / (3 * m) * k + p) * n + i % n];
        }
        assertEquals(sum, actual[i], 1e-5);
      }
    }
  }

  @Test
  void yMayBeTheResidualAndNothingBesideItIsWritten() {
    for (Kernels kernels : ALL) {
      int m = 16;
      int n = 45;
      int k = 50;
      Matrix a = new Matrix(m, k, false, 0);
      Matrix b = new Matrix(k, n, false, 0);
      Matrix y = new Matrix(m, n, false, 5);
      for (int row = 0; row < m; row++) {
        for (int gap = 0; gap < 5; gap++) {
          Memory.putFloat(y.at(row, n + gap), -77);
        }
      }
      try (WorkerPool pool = new WorkerPool(2, memory)) {
        task(kernels, a, b, null, y, y).packedB(pack(kernels, b, k, n)).run(pool, 1);
      }
      assertClose(expected(a, b, m, n, k, 1, null, false, y), y.read(), k, "in place");
      for (int row = 0; row < m; row++) {
        for (int gap = 0; gap < 5; gap++) {
          assertEquals(-77, Memory.getFloat(y.at(row, n + gap)));
        }
      }
    }
  }

  @Test
  void emptyProductsRun() {
    for (Kernels kernels : ALL) {
      try (WorkerPool pool = new WorkerPool(2, memory)) {
        Matrix a = new Matrix(3, 4, false, 0);
        Matrix b = new Matrix(4, 5, false, 0);
        Matrix y = new Matrix(3, 5, false, 0);
        task(kernels, a, b, null, null, y).shape(0, 5, 4).run(pool, 1);
        task(kernels, a, b, null, null, y).shape(3, 0, 4).run(pool, 1);
        task(kernels, a, b, null, null, y).run(pool, 0);
        assertArrayEquals(y.values, y.read());
      }
    }
  }

  @Test
  void weightsOfEveryFloatTypeArePackedAsFloat32() {
    int k = 19;
    int n = 70;
    for (Kernels kernels : ALL) {
      MatMulTiles tiles = kernels.matMul();
      for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16, DType.F64}) {
        MemorySegment weights = arena.allocate((long) k * n * dtype.bytes(), 64);
        for (int i = 0; i < k * n; i++) {
          Elements.putDouble(weights, dtype, i, random.nextGaussian());
        }
        // Stored [n, k], as linear layers are.
        MemorySegment packed = arena.allocate(MatMulPacking.bytes(kernels.matMul(), k, n), 64);
        long size = dtype.bytes();
        try (WorkerPool pool = new WorkerPool(2, memory)) {
          MatMulPacking.pack(
              tiles, dtype, weights.address(), size, k * size, k, n, packed.address(), pool);
        }
        for (int column = 0; column < MatMulPacking.panels(tiles, n) * tiles.width(); column++) {
          for (int p = 0; p < k; p++) {
            int panel = column / tiles.width();
            long at = ((long) panel * k + p) * tiles.width() + column % tiles.width();
            float expected =
                column < n ? (float) Elements.getDouble(weights, dtype, (long) column * k + p) : 0;
            assertEquals(expected, packed.getAtIndex(ValueLayout.JAVA_FLOAT, at));
          }
        }
      }
    }
  }

  @Tag("allocation")
  @Test
  void aWarmProductAllocatesNothing() {
    Kernels kernels = Kernels.BEST;
    Matrix a = new Matrix(33, 64, false, 0);
    Matrix b = new Matrix(64, 96, false, 0);
    Matrix y = new Matrix(33, 96, false, 0);
    try (WorkerPool pool = new WorkerPool(2, memory)) {
      MatMulTask task =
          task(kernels, a, b, null, null, y)
              .packedB(pack(kernels, b, 64, 96))
              .activation(Unary.Kind.GELU);
      KernelAllocationTest.assertAllocatesNothingOnceWarm("a product", () -> task.run(pool, 1));
    }
  }
}
