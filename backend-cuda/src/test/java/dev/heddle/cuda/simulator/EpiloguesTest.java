package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.call;
import static dev.heddle.cuda.simulator.SimulatedCuda.need;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** cuBLASLt's products: an algorithm is for what it was looked for, and for nothing else. */
@NeedsSimulator
class EpiloguesTest {
  private static final int INVALID = 7;
  private static final int NOT_SUPPORTED = 15;
  private static final int COMPUTE_F32 = 68;
  private static final int F32 = 0;
  private static final int F16 = 2;
  private static final int RELU_BIAS = 6;

  /** Of a product's description. */
  private static final int EPILOGUE = 7;

  private static final int BIAS = 8;
  private static final int BIAS_TYPE = 26;

  private static final int WORKSPACE = 1;
  private static final int ALIGNMENT_OF_A = 5;
  private static final long WORKSPACE_BYTES = 1 << 16;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment found = arena.allocate(96, 8);
  private final MemorySegment count = arena.allocate(JAVA_INT);
  private SimulatedCuda cuda;
  private MemorySegment handle;
  private MemorySegment product;
  private MemorySegment preference;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
    handle = cuda.make("cublasLtCreate");
    product = cuda.make("cublasLtMatmulDescCreate", COMPUTE_F32, F32);
    preference = cuda.make("cublasLtMatmulPreferenceCreate");
    prefer(WORKSPACE, arena.allocateFrom(JAVA_LONG, WORKSPACE_BYTES));
    for (int i = 0; i < 4; i++) {
      prefer(ALIGNMENT_OF_A + i, arena.allocateFrom(JAVA_INT, 16));
    }
  }

  @AfterEach
  void close() {
    SimulatedCuda.reset();
    need("cublasLtMatmulPreferenceDestroy", preference);
    need("cublasLtMatmulDescDestroy", product);
    need("cublasLtDestroy", handle);
    cuda.close();
    arena.close();
  }

  private void prefer(int attribute, MemorySegment value) {
    need("cublasLtMatmulPreferenceSetAttribute", preference, attribute, value, value.byteSize());
  }

  private void describe(int attribute, MemorySegment value) {
    need("cublasLtMatmulDescSetAttribute", product, attribute, value, value.byteSize());
  }

  private MemorySegment layout(long rows, long columns) {
    return cuda.make("cublasLtMatrixLayoutCreate", F32, rows, columns, rows);
  }

  private int find(List<MemorySegment> layouts) {
    return call(
        "cublasLtMatmulAlgoGetHeuristic",
        handle,
        product,
        layouts.get(0),
        layouts.get(1),
        layouts.get(2),
        layouts.get(2),
        preference,
        1,
        found,
        count);
  }

  private int multiply(
      List<MemorySegment> layouts, long a, long b, long d, long workspace, long bytes) {
    return call(
        "cublasLtMatmul",
        handle,
        product,
        cuda.host(1),
        MemorySegment.ofAddress(a),
        layouts.get(0),
        MemorySegment.ofAddress(b),
        layouts.get(1),
        cuda.host(0),
        MemorySegment.ofAddress(d),
        layouts.get(2),
        MemorySegment.ofAddress(d),
        layouts.get(2),
        found,
        MemorySegment.ofAddress(workspace),
        bytes,
        MemorySegment.NULL);
  }

  @Test
  void anAlgorithmIsForItsProductItsAlignmentAndItsWorkspace() {
    long k = 1024;
    float[] ones = new float[2 * (int) k];
    Arrays.fill(ones, 1);
    long a = cuda.upload(ones);
    long bias = cuda.upload(1, -2000);
    long d = cuda.allocate(64);
    long workspace = cuda.allocate(WORKSPACE_BYTES);
    List<MemorySegment> matrices = List.of(layout(2, k), layout(k, 2), layout(2, 2));
    List<MemorySegment> others = List.of(layout(2, k / 2), layout(k / 2, 2), layout(2, 2));
    describe(EPILOGUE, arena.allocateFrom(JAVA_INT, RELU_BIAS));
    describe(BIAS, arena.allocateFrom(ADDRESS, MemorySegment.ofAddress(bias)));
    assertEquals(0, find(matrices));
    assertEquals(1, count.get(JAVA_INT, 0));
    assertEquals(16, found.get(JAVA_LONG, 64), "bytes of the workspace");
    assertEquals(0, multiply(matrices, a, a, d, workspace, WORKSPACE_BYTES));
    assertArrayEquals(new float[] {1025, 0, 1025, 0}, cuda.download(d, 4));
    assertEquals(INVALID, multiply(matrices, a, a, d, workspace, 8));
    assertEquals(INVALID, multiply(matrices, a, a + 4, d, workspace, WORKSPACE_BYTES));
    assertEquals(INVALID, multiply(others, a, a, d, workspace, WORKSPACE_BYTES));
    describe(BIAS_TYPE, arena.allocateFrom(JAVA_INT, F16));
    assertEquals(NOT_SUPPORTED, find(matrices), "a bias is of the result's type");
    describe(BIAS_TYPE, arena.allocateFrom(JAVA_INT, F32));
    assertEquals("", report());
    describe(BIAS, arena.allocateFrom(ADDRESS, MemorySegment.ofAddress(d + 16)));
    assertEquals(0, multiply(matrices, a, a, d, workspace, WORKSPACE_BYTES));
    assertEquals(SimulatedCuda.ILLEGAL_ADDRESS, SimulatedCuda.synchronize());
    assertTrue(report().contains("cublasLtMatmul: the bias, column 0"), report());
    SimulatedCuda.reset();
    matrices.forEach(each -> need("cublasLtMatrixLayoutDestroy", each));
    others.forEach(each -> need("cublasLtMatrixLayoutDestroy", each));
    for (long each : new long[] {a, bias, d, workspace}) {
      need("cuMemFree_v2", each);
    }
  }
}
