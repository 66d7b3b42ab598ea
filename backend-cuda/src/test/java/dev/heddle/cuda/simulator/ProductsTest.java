package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.call;
import static dev.heddle.cuda.simulator.SimulatedCuda.count;
import static dev.heddle.cuda.simulator.SimulatedCuda.need;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** cuBLAS's products: by columns, with what lies between columns left alone. */
@NeedsSimulator
class ProductsTest {
  private static final int F32 = 0;
  private static final int COMPUTE_F32 = 68;
  private static final int COMPUTE_F16 = 64;
  private static final int NOT_SUPPORTED = 15;
  private static final int INVALID = 7;
  private static final int EXECUTION_FAILED = 13;

  private SimulatedCuda cuda;
  private MemorySegment handle;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
    handle = cuda.make("cublasCreate_v2");
  }

  @AfterEach
  void close() {
    SimulatedCuda.reset();
    need("cublasDestroy_v2", handle);
    cuda.close();
  }

  private int multiply(
      int opA,
      int opB,
      int m,
      int n,
      int k,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc,
      int compute) {
    return call(
        "cublasGemmEx",
        handle,
        opA,
        opB,
        m,
        n,
        k,
        cuda.host(2),
        MemorySegment.ofAddress(a),
        F32,
        lda,
        MemorySegment.ofAddress(b),
        F32,
        ldb,
        cuda.host(beta),
        MemorySegment.ofAddress(c),
        F32,
        ldc,
        compute,
        -1);
  }

  @Test
  void eachOperandMayBeTransposed() {
    // a = [1 2 3; 4 5 6], b = [1 4; 2 5; 3 6] and so a b = [14 32; 32 77], all by columns.
    float[] plain = {1, 4, 2, 5, 3, 6};
    float[] transposed = {1, 2, 3, 4, 5, 6};
    long[] a = {cuda.upload(plain), cuda.upload(transposed)};
    long[] b = {cuda.upload(transposed), cuda.upload(plain)};
    for (int opA = 0; opA < 2; opA++) {
      for (int opB = 0; opB < 2; opB++) {
        long c = cuda.upload(1, 1, 9, 1, 1);
        assertEquals(
            0,
            multiply(
                opA,
                opB,
                2,
                2,
                3,
                a[opA],
                opA == 0 ? 2 : 3,
                b[opB],
                opB == 0 ? 3 : 2,
                10,
                c,
                3,
                COMPUTE_F32));
        assertArrayEquals(new float[] {38, 74, 9, 74, 164}, cuda.download(c, 5));
        need("cuMemFree_v2", c);
      }
    }
    for (long each : new long[] {a[0], a[1], b[0], b[1]}) {
      need("cuMemFree_v2", each);
    }
    assertEquals("", report());
  }

  @Test
  void operandsAreProven() {
    long a = cuda.upload(new float[6]);
    long c = cuda.allocate(16);
    assertEquals(INVALID, multiply(0, 0, 2, 2, 3, a, 1, a, 3, 0, c, 2, COMPUTE_F32));
    assertEquals(NOT_SUPPORTED, multiply(0, 0, 2, 2, 3, a, 2, a, 3, 0, c, 2, COMPUTE_F16));
    // With beta 0 c need not have been written; with another beta it must have been.
    assertEquals(0, multiply(0, 0, 2, 2, 3, a, 2, a, 3, 0, c, 2, COMPUTE_F32));
    long fresh = cuda.allocate(16);
    assertEquals(0, multiply(0, 0, 2, 2, 3, a, 2, a, 3, 1, fresh, 2, COMPUTE_F32));
    assertEquals(SimulatedCuda.ILLEGAL_ADDRESS, SimulatedCuda.synchronize());
    assertTrue(report().contains("which nothing was written to"), report());
    SimulatedCuda.reset();
    assertEquals(0, multiply(0, 0, 2, 2, 4, a, 2, a, 4, 0, c, 2, COMPUTE_F32));
    assertEquals(EXECUTION_FAILED, multiply(0, 0, 2, 2, 3, a, 2, a, 3, 0, c, 2, COMPUTE_F32));
    assertTrue(report().contains("cublasGemmEx: a, 32 bytes"), report());
    SimulatedCuda.reset();
    for (long each : new long[] {a, c, fresh}) {
      need("cuMemFree_v2", each);
    }
  }

  @Test
  void aStreamsWorkspaceIsTheCallersAgainOnlyWhenSet() {
    long workspace = cuda.allocate(4096);
    long a = cuda.upload(new float[4]);
    MemorySegment at = MemorySegment.ofAddress(workspace);
    assertEquals(INVALID, call("cublasSetWorkspace_v2", handle, at, 8192L));
    need("cublasSetWorkspace_v2", handle, at, 4096L);
    need("cublasSetStream_v2", handle, MemorySegment.NULL);
    SimulatedCuda.reset();
    assertEquals(0, multiply(0, 0, 2, 2, 2, a, 2, a, 2, 0, a, 2, COMPUTE_F32));
    assertEquals(1, count("products_without_workspace"));
    need("cublasSetWorkspace_v2", handle, at, 4096L);
    assertEquals(0, multiply(0, 0, 2, 2, 2, a, 2, a, 2, 0, a, 2, COMPUTE_F32));
    assertEquals(1, count("products_without_workspace"));
    need("cuMemFree_v2", workspace);
    assertEquals(0, multiply(0, 0, 2, 2, 2, a, 2, a, 2, 0, a, 2, COMPUTE_F32));
    assertTrue(report().contains("the workspace, 4096 bytes"), report());
    SimulatedCuda.reset();
    need("cuMemFree_v2", a);
  }
}
