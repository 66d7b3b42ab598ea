package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_VALUE;
import static dev.heddle.cuda.simulator.SimulatedCuda.need;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static dev.heddle.cuda.simulator.SimulatedCuda.synchronize;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What CUDA C++ offers beyond the portable dialect, computed as a GPU does. */
@NeedsSimulator
class KernelLanguageTest {
  private SimulatedCuda cuda;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
  }

  @AfterEach
  void close() {
    cuda.close();
  }

  /** Runs {@code f(float *y, ...)} and gives what it wrote. */
  private float[] run(String text, int blocks, int threads, int count, Object... rest) {
    float[] zeros = new float[count];
    long y = cuda.upload(zeros);
    Object[] arguments = new Object[rest.length + 1];
    arguments[0] = y;
    System.arraycopy(rest, 0, arguments, 1, rest.length);
    assertEquals(0, cuda.launch(cuda.kernel("f", text), blocks, threads, arguments));
    assertEquals(0, synchronize(), () -> report());
    float[] values = cuda.download(y, count);
    need("cuMemFree_v2", y);
    assertEquals("", report());
    return values;
  }

  @Test
  void lanesOfAWarpExchangeValues() {
    String text =
        """
        extern "C" __global__ void f(float *y) {
          const int lane = threadIdx.x % 32;
          float sum = lane;
          for (int by = 16; by > 0; by /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, by);
          const int up = __shfl_up_sync(0xffffffffu, lane, 3);
          const int down = __shfl_down_sync(0xffffffffu, lane, 3, 8);
          const double second = __shfl_sync(0xffffffffu, (double)lane, 1, 4);
          const unsigned odd = __ballot_sync(0xffffffffu, lane & 1);
          const bool any = __any_sync(0xffffffffu, lane == 5);
          const bool all = __all_sync(0xffffffffu, lane == 5);
          const int most = __reduce_max_sync(0xffffffffu, (lane * 7) % 32);
          int half = 0;
          if (lane < 16) half = __reduce_add_sync(0xffffu, 1);
          float *own = y + threadIdx.x * 9;
          own[0] = sum; own[1] = up; own[2] = down; own[3] = second; own[4] = odd == 0xaaaaaaaau;
          own[5] = any; own[6] = all; own[7] = most; own[8] = half;
        }
        """;
    float[] got = run(text, 1, 64, 64 * 9);
    for (int thread = 0; thread < 64; thread++) {
      int lane = thread % 32;
      float[] expected = {
        496,
        lane < 3 ? lane : lane - 3,
        lane % 8 + 3 < 8 ? lane + 3 : lane,
        lane / 4 * 4 + 1,
        1,
        1,
        0,
        31,
        lane < 16 ? 16 : 0
      };
      float[] own = new float[9];
      System.arraycopy(got, thread * 9, own, 0, 9);
      assertArrayEquals(expected, own, "lane " + lane);
    }
  }

  @Test
  void aWarpsCollectiveOrdersItsLanesAndNoOthers() {
    String text =
        """
        extern "C" __global__ void f(float *y) {
          __shared__ float tile[64];
          tile[threadIdx.x] = threadIdx.x;
          __syncwarp();
          y[threadIdx.x] = tile[threadIdx.x ^ PARTNER];
        }
        """;
    float[] got = run("#define PARTNER 1\n" + text, 1, 64, 64);
    assertEquals(62, got[63]);
    long y = cuda.allocate(256);
    assertEquals(0, cuda.launch(cuda.kernel("f", "#define PARTNER 32\n" + text), 1, 64, y));
    assertEquals(SimulatedCuda.LAUNCH_FAILED, synchronize());
    SimulatedCuda.reset();
    need("cuMemFree_v2", y);
  }

  @Test
  void atomicsOfAllBlocksAddUp() {
    String text =
        """
        extern "C" __global__ void f(float *y, int *counts) {
          __shared__ int own;
          if (threadIdx.x == 0) own = 0;
          __syncthreads();
          atomicAdd(&own, 2);
          __syncthreads();
          if (threadIdx.x == 0) atomicAdd(y, (float)own);
          atomicMax(&counts[0], (int)(blockIdx.x * 1000 + threadIdx.x));
          atomicCAS(&counts[1], 0, 7);
        }
        """;
    long counts = cuda.upload(0, 0);
    float[] got = run(text, 60, 100, 1, counts);
    assertEquals(60 * 200, got[0]);
    int[] found = new int[2];
    byte[] bytes = cuda.bytes(counts, 8);
    java.nio.ByteBuffer.wrap(bytes)
        .order(java.nio.ByteOrder.nativeOrder())
        .asIntBuffer()
        .get(found);
    assertArrayEquals(new int[] {59_099, 7}, found);
    need("cuMemFree_v2", counts);
  }

  @Test
  void theLaunchChoosesTheDynamicPart() {
    String text =
        """
        extern "C" __global__ void f(float *y) {
          extern __shared__ float tile[];
          tile[threadIdx.x] = threadIdx.x;
          __syncthreads();
          y[threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
        }
        """;
    MemorySegment kernel = cuda.kernel("f", text);
    long y = cuda.allocate(4 * 64);
    MemorySegment none = MemorySegment.NULL;
    assertEquals(0, cuda.launch(kernel, none, 1, 64, 256, y));
    assertEquals(0, synchronize());
    assertEquals(63, cuda.download(y, 64)[0]);
    // One element too few; and more than a kernel has that did not ask for it.
    assertEquals(0, cuda.launch(kernel, none, 1, 64, 252, y));
    assertEquals(SimulatedCuda.ILLEGAL_ADDRESS, synchronize());
    SimulatedCuda.reset();
    assertEquals(INVALID_VALUE, cuda.launch(kernel, none, 1, 64, 100 << 10, y));
    need("cuFuncSetAttribute", kernel, 8, 100 << 10);
    assertEquals(0, cuda.launch(kernel, none, 1, 64, 100 << 10, y));
    assertEquals(0, synchronize());
    need("cuMemFree_v2", y);
  }

  @Test
  void halvesAreRoundedAsPtxHasIt() {
    String text =
        """
        extern "C" __global__ void f(float *y) {
          const float x[6] = {1.0009765f, 65519.f, 65520.f, 1e-7f, 2.9802322e-8f, -0.f};
          for (int i = 0; i < 6; i++) {
            unsigned short bits;
            asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x[i]));
            asm volatile("cvt.f32.f16 %0, %1;" : "=f"(y[i]) : "h"(bits));
          }
        }
        """;
    float[] expected = {1.0009766f, 65504, Float.POSITIVE_INFINITY, 1.1920929e-7f, 0, -0f};
    assertArrayEquals(expected, run(text, 1, 1, 6));
  }

  /**
   * Number r + 20 c of a 16 x 16 by k + 100 n of a 16 x 8: lanes hold them as the manual has it.
   */
  @Test
  void aWarpMultipliesMatrices() {
    String text =
        """
        __device__ unsigned pair(float x, float y) {
          unsigned bits;
          asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(y), "f"(x));
          return bits;
        }
        extern "C" __global__ void f(float *y) {
          const int g = threadIdx.x / 4, t = threadIdx.x % 4 * 2;
          unsigned a[4], b[2];
          for (int i = 0; i < 4; i++) {
            const int r = g + i % 2 * 8, k = t + i / 2 * 8;
            a[i] = pair(r + 20 * k, r + 20 * k + 20);
          }
          for (int i = 0; i < 2; i++) b[i] = pair(t + 8 * i + 100 * g, t + 8 * i + 1 + 100 * g);
          float c[4] = {1, 2, 3, 4};
          asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
              "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
              : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
              : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
          for (int i = 0; i < 4; i++) y[(g + i / 2 * 8) * 8 + t + i % 2] = c[i];
        }
        """;
    float[] got = run(text, 1, 32, 128);
    for (int r = 0; r < 16; r++) {
      for (int n = 0; n < 8; n++) {
        float sum = 1 + n % 2 + r / 8 * 2;
        for (int k = 0; k < 16; k++) {
          sum += (r + 20 * k) * (k + 100 * n);
        }
        assertEquals(sum, got[8 * r + n]);
      }
    }
  }

  private static final String COPY =
      """
      extern "C" __global__ void f(float *y, const float *x) {
        __shared__ __align__(16) float tile[128];
        const int item = threadIdx.x;
        const unsigned to = (unsigned)__cvta_generic_to_shared(tile + 4 * item);
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                     : : "r"(to), "l"(x + 4 * item), "r"(item < 31 ? 16 : 8) : "memory");
        asm volatile("cp.async.commit_group;" : : : "memory");
      #ifndef NO_WAIT
        asm volatile("cp.async.wait_group %0;" : : "n"(PENDING) : "memory");
      #endif
        __syncthreads();
        for (int i = 0; i < 4; i++) y[4 * item + i] = tile[4 * (31 - item) + i];
      }
      """;

  @Test
  void whatIsCopiedMeanwhileIsThereOnceItWasWaitedFor() {
    float[] values = new float[128];
    for (int i = 0; i < values.length; i++) {
      values[i] = i + 1;
    }
    long x = cuda.upload(values);
    float[] got = run("#define PENDING 0\n" + COPY, 1, 32, 128, x);
    assertArrayEquals(new float[] {125, 126, 0, 0, 121}, java.util.Arrays.copyOf(got, 5));
    long y = cuda.allocate(512);
    for (String fault : new String[] {"NO_WAIT 1", "PENDING 1"}) {
      MemorySegment kernel = cuda.kernel("f", "#define " + fault + "\n" + COPY);
      assertEquals(0, cuda.launch(kernel, 1, 32, y, x));
      assertEquals(SimulatedCuda.LAUNCH_FAILED, synchronize());
      assertEquals(true, report().contains("which nothing was written to"), report());
      SimulatedCuda.reset();
    }
    need("cuMemFree_v2", x);
    need("cuMemFree_v2", y);
  }

  @Test
  void anInstructionThatIsNotThereIsNamed() {
    String log =
        cuda.compile(
                "extern \"C\" __global__ void f(int *y) { asm(\"bar.warp.sync %0;\" :: \"r\"(1));"
                    + " }")
            .log();
    assertEquals(true, log.contains("bar_warp_sync"), log);
  }
}
