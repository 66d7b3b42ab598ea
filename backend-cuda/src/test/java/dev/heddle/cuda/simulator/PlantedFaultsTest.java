package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.ILLEGAL_ADDRESS;
import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_VALUE;
import static dev.heddle.cuda.simulator.SimulatedCuda.LAUNCH_FAILED;
import static dev.heddle.cuda.simulator.SimulatedCuda.MISALIGNED_ADDRESS;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static dev.heddle.cuda.simulator.SimulatedCuda.reset;
import static dev.heddle.cuda.simulator.SimulatedCuda.synchronize;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A kernel with each kind of fault is caught, and the same kernel without it is not. */
@NeedsSimulator
class PlantedFaultsTest {
  private static final int THREADS = 128;
  private static final int BLOCKS = 3;
  private static final int COUNT = BLOCKS * THREADS;

  /** Reverses each block by way of shared memory; the faults are planted by defines. */
  private static final String REVERSE =
      """
      extern "C" __global__ void __launch_bounds__(128)
      reverse(float *y, const float *x, int n) {
        __shared__ float tile[128];
        __shared__ int last;
        const int item = threadIdx.x;
        const int i = blockIdx.x * 128 + item;
      #ifdef MOST_WRITE
        if (item < 100)
      #endif
        tile[item] = x[i];
        if (item == 0) last = 127;
      #ifndef NO_BARRIER
        __syncthreads();
      #endif
      #ifdef SOME_WAIT
        if (item < 64) __syncthreads();
      #endif
      #ifdef TWO_PLACES
        if (item < 64) { __syncthreads(); } else { __syncthreads(); }
      #endif
      #ifdef SHARED_END
        const float own = tile[last + 1 - item + (item == 0 ? n - n : 0)];
      #else
        const float own = tile[last - item];
      #endif
      #ifdef OVERWRITE
        tile[item] = own;
      #endif
      #ifdef ALL_WRITE_ONE
        last = item;
      #endif
      #ifdef READ_RESULT
        y[i] += own;
      #elif defined(BEHIND_END)
        y[i + 1] = own;
      #elif defined(FAR_AWAY)
        y[i + 1000000000ll] = own;
      #elif defined(ODD_ADDRESS)
        *(float *)((char *)y + 2) = own;
      #elif defined(ODD_VECTOR)
        *(float4 *)(y + 1) = make_float4(own, own, own, own);
      #elif defined(NULL_POINTER)
        if (i == 0) *(volatile float *)(unsigned long long)(n - n) = own;
      #elif defined(FEW_LANES)
        if (item < 16) y[i] = __shfl_sync(0xffffffffu, own, 0);
      #elif defined(OTHER_LANE)
        y[i] = item % 32 < 8 ? __shfl_sync(0xffu, own, 9) : own;
      #else
        y[i] = own;
      #endif
      }
      """;

  private SimulatedCuda cuda;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
  }

  @AfterEach
  void close() {
    cuda.close();
  }

  private record Planted(String define, int status, String words) {}

  @TestFactory
  Stream<DynamicTest> eachIsCaught() {
    return Stream.of(
            new Planted(
                "NO_BARRIER", LAUNCH_FAILED, "there was no barrier since|nothing was written"),
            new Planted(
                "MOST_WRITE", LAUNCH_FAILED, "tile of 512 bytes, which nothing was written"),
            new Planted("SOME_WAIT", LAUNCH_FAILED, "64 of 128 threads wait at a barrier"),
            new Planted("TWO_PLACES", LAUNCH_FAILED, "waits at another barrier"),
            new Planted("SHARED_END", ILLEGAL_ADDRESS, "512 bytes into tile of 512 bytes"),
            new Planted(
                "OVERWRITE",
                LAUNCH_FAILED,
                "read it, and there was no barrier since|wrote it, and"),
            new Planted(
                "ALL_WRITE_ONE", LAUNCH_FAILED, "into last of 4 bytes: .* no barrier since"),
            new Planted(
                "READ_RESULT", LAUNCH_FAILED, "reads 4 bytes .* which nothing was written to"),
            new Planted(
                "BEHIND_END", ILLEGAL_ADDRESS, "0 bytes behind the end of an allocation of 1536"),
            new Planted("FAR_AWAY", ILLEGAL_ADDRESS, "writes 4 bytes .* no allocation"),
            new Planted("ODD_ADDRESS", MISALIGNED_ADDRESS, "no multiple of the size"),
            new Planted("ODD_VECTOR", MISALIGNED_ADDRESS, "16 bytes .* no multiple of the size"),
            new Planted("NULL_POINTER", ILLEGAL_ADDRESS, "writes 4 bytes at 0x0: no memory"),
            new Planted("FEW_LANES", LAUNCH_FAILED, "mask ffffffff for lanes that do not come"),
            new Planted("OTHER_LANE", LAUNCH_FAILED, "a lane that is not in its mask"))
        .map(each -> DynamicTest.dynamicTest(each.define(), () -> isCaught(each)));
  }

  private void isCaught(Planted planted) {
    MemorySegment kernel = cuda.kernel("reverse", "#define " + planted.define() + "\n" + REVERSE);
    long x = cuda.upload(new float[COUNT]);
    long y = cuda.allocate(4L * COUNT);
    assertEquals(0, cuda.launch(kernel, BLOCKS, THREADS, y, x, COUNT));
    // Found by the next call, and by all that follow.
    int found = synchronize();
    int again = synchronize();
    String report = report();
    reset();
    SimulatedCuda.need("cuMemFree_v2", x);
    SimulatedCuda.need("cuMemFree_v2", y);
    assertAll(
        () -> assertEquals(planted.status(), found),
        () -> assertEquals(planted.status(), again),
        () -> assertTrue(report.startsWith("reverse<<<(3,1,1), (128,1,1)>>>, block ("), report),
        () -> assertTrue(Pattern.compile(planted.words()).matcher(report).find(), report));
  }

  @Test
  void withoutAFaultNothingIsFound() {
    MemorySegment kernel = cuda.kernel("reverse", REVERSE);
    float[] values = new float[COUNT];
    float[] expected = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      values[i] = i;
      expected[i] = i / THREADS * THREADS + THREADS - 1 - i % THREADS;
    }
    long x = cuda.upload(values);
    long y = cuda.allocate(4L * COUNT);
    assertEquals(0, cuda.launch(kernel, BLOCKS, THREADS, y, x, COUNT));
    assertEquals(0, synchronize());
    assertArrayEquals(expected, cuda.download(y, COUNT));
    assertEquals("", report());
    SimulatedCuda.need("cuMemFree_v2", x);
    SimulatedCuda.need("cuMemFree_v2", y);
  }

  @Test
  void memoryThatWasFreedIsNotReadAgain() {
    MemorySegment kernel = cuda.kernel("reverse", REVERSE);
    long x = cuda.upload(new float[COUNT]);
    long y = cuda.allocate(4L * COUNT);
    SimulatedCuda.need("cuMemFree_v2", x);
    long other = cuda.upload(new float[COUNT]);
    assertEquals(0, cuda.launch(kernel, BLOCKS, THREADS, y, x, COUNT));
    assertEquals(ILLEGAL_ADDRESS, synchronize());
    assertTrue(report().contains("into what was freed: an allocation of 1536 bytes"), report());
    reset();
    SimulatedCuda.need("cuMemFree_v2", other);
    SimulatedCuda.need("cuMemFree_v2", y);
  }

  @Test
  void aLaunchBeyondItsBoundIsRefusedAtOnce() {
    MemorySegment kernel = cuda.kernel("reverse", REVERSE);
    assertEquals(INVALID_VALUE, cuda.launch(kernel, 1, 2 * THREADS, 0L, 0L, 0));
    assertTrue(report().contains("256 threads, where its launch bound is 128"), report());
    assertEquals(INVALID_VALUE, cuda.launch(kernel, 0, THREADS, 0L, 0L, 0));
    assertEquals(0, synchronize());
  }

  @Test
  void theLineOfAFaultIsNamed() {
    String text = "extern \"C\" __global__ void f(int *y) {\n  int i = 3;\n  y[i] = 1;\n}\n";
    long y = cuda.allocate(8);
    assertEquals(0, cuda.launch(cuda.kernel("f", text), 1, 1, y));
    assertEquals(ILLEGAL_ADDRESS, synchronize());
    assertTrue(report().contains("line 3 of the text"), report());
    reset();
    SimulatedCuda.need("cuMemFree_v2", y);
  }
}
