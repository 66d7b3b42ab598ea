package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.LAUNCH_FAILED;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static dev.heddle.cuda.simulator.SimulatedCuda.synchronize;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Four warps multiply rows that stand in their registers by what four others write for them, twice,
 * with registers that those give back: right, and with each rule of this broken.
 */
@NeedsSimulator
class WarpgroupRowsTest {
  /** a [64, 16] and b [16, 32] in f16, of small whole numbers; and a word that all read. */
  private static final String MULTIPLY =
      """
      #define VOLATILE asm volatile
      __device__ void begin(unsigned at, unsigned count) {
        VOLATILE("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(at), "r"(count));
      }
      __device__ void arrive(unsigned at) {
        VOLATILE("mbarrier.arrive.shared::cta.b64 _, [%0];" : : "r"(at));
      }
      __device__ void wait(unsigned at, unsigned parity) {
        unsigned over = 0;
        while (!over) {
          VOLATILE("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; "
                   "selp.u32 %0, 1, 0, p; }" : "=r"(over) : "r"(at), "r"(parity));
        }
      }
      __device__ void set(unsigned *a, int row, int round) {
        for (int i = 0; i < 4; i++) {
          const int k = threadIdx.x % 4 * 2 + i / 2 * 8;
          const float x = (row + i % 2 * 8) % 4 + k % 3 + round;
          const float y = (row + i % 2 * 8) % 4 + (k + 1) % 3 + round;
          asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(a[i]) : "f"(y), "f"(x));
        }
      }
      extern "C" __global__ void BOUNDS f(float *y) {
        extern __shared__ __align__(1024) char stage[];
        int *flag = (int *)(stage + 2048);
        const unsigned full = (unsigned)__cvta_generic_to_shared(stage + 2064), empty = full + 8;
        if (threadIdx.x == 0) {
          begin(full, 128);
          begin(empty, 128);
        }
        __syncthreads();
        if (threadIdx.x >= 128) {
          VOLATILE("setmaxnreg.dec.sync.aligned.u32 %0;" : : "n"(FEWER));
          for (int round = 0; round < 2; round++) {
            wait(empty, (round + 1) % 2);
            for (int i = threadIdx.x - 128; i < 16 * 32; i += 128) {
              const int k = i / 32, n = i % 32;
              const float x = k % 3 - n % 5 + round;
              unsigned short bits;
              asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
              *(unsigned short *)(stage + k * 128 + (n / 8 ^ k % 8) * 16 + n % 8 * 2) = bits;
            }
            if (threadIdx.x == 128) *flag = round + 1;
            VOLATILE("fence.proxy.async.shared::cta;");
            arrive(full);
          }
        } else {
      #ifdef NOT_ALL
          if (threadIdx.x < 96)
      #endif
          VOLATILE("setmaxnreg.inc.sync.aligned.u32 %0;" : : "n"(MORE));
          const int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4;
          const unsigned long long b =
              (unsigned long long)((unsigned)__cvta_generic_to_shared(stage) >> 4)
              | 64ull << 32 | 1ull << 62;
          float sum[16], flags = 0;
          for (int i = 0; i < 16; i++) sum[i] = 0;
          unsigned a[4];
          for (int round = 0; round < 2; round++) {
            wait(full, round);
      #ifdef GIVEN_BACK_EARLY
            arrive(empty);
      #endif
            flags += *flag;
      #ifndef WRITTEN_LATE
            set(a, row, round);
      #endif
      #ifndef NO_FENCE
            VOLATILE("wgmma.fence.sync.aligned;");
      #endif
      #ifdef WRITTEN_LATE
            set(a, row, round);
      #endif
            VOLATILE("wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16 "
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, "
                     "{%16, %17, %18, %19}, %20, 1, 1, 1, 1;"
                     : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3]), "+f"(sum[4]),
                       "+f"(sum[5]), "+f"(sum[6]), "+f"(sum[7]), "+f"(sum[8]), "+f"(sum[9]),
                       "+f"(sum[10]), "+f"(sum[11]), "+f"(sum[12]), "+f"(sum[13]), "+f"(sum[14]),
                       "+f"(sum[15])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
            VOLATILE("wgmma.commit_group.sync.aligned;");
      #ifdef WRITTEN_EARLY
            a[2] = 0;
      #endif
            VOLATILE("wgmma.wait_group.sync.aligned %0;" : : "n"(0));
      #ifndef GIVEN_BACK_EARLY
            arrive(empty);
      #endif
          }
          for (int i = 0; i < 16; i++) {
            y[(row + i / 2 % 2 * 8) * 32 + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2] = sum[i] + flags;
          }
        }
      }
      """;

  private static final String RIGHT =
      "#define BOUNDS __launch_bounds__(256, 2)\n#define FEWER 40\n#define MORE 216\n";

  private SimulatedCuda cuda;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
  }

  @AfterEach
  void close() {
    cuda.close();
  }

  @Test
  void rowsInRegistersAreMultipliedByWhatLiesTurned() {
    MemorySegment kernel = cuda.kernel("f", RIGHT + MULTIPLY);
    long y = cuda.upload(new float[64 * 32]);
    assertEquals(0, cuda.launch(kernel, MemorySegment.NULL, 1, 256, 2080, y));
    assertEquals(0, synchronize(), () -> report());
    assertEquals("", report());
    float[] got = cuda.download(y, 64 * 32);
    SimulatedCuda.need("cuMemFree_v2", y);
    for (int row = 0; row < 64; row++) {
      for (int column = 0; column < 32; column++) {
        float sum = 3;
        for (int k = 0; k < 16; k++) {
          for (int round = 0; round < 2; round++) {
            sum += (row % 4 + k % 3 + round) * (k % 3 - column % 5 + round);
          }
        }
        assertEquals(sum, got[row * 32 + column], row + ", " + column);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          NO_FENCE;         no wgmma.fence since
          WRITTEN_LATE;     a's registers were written since the last wgmma.fence
          WRITTEN_EARLY;    a of a wgmma that is under way, before wgmma.wait_group
          GIVEN_BACK_EARLY; there was no barrier since|which a wgmma reads that is under way
          MORE 224;         setmaxnreg: waits for ever, for 33792 registers of the 32768
          MORE 120;         setmaxnreg: 120 registers are not more than the 128 it has
          FEWER 36;         setmaxnreg: 36 registers, which is not 24 to 256, a multiple of 8
          BOUNDS;           setmaxnreg: in a kernel without launch bounds
          NOT_ALL;          setmaxnreg: not the same by each of four warps
          """)
  void aBrokenRuleIsAFault(String define, String words) {
    String name = define.split(" ")[0];
    String defines =
        RIGHT.lines().filter(line -> !line.contains(" " + name + " ")).toList().stream()
            .reduce("#define " + define + "\n", (text, line) -> text + line + "\n");
    MemorySegment kernel = cuda.kernel("f", defines + MULTIPLY);
    long y = cuda.upload(new float[64 * 32]);
    assertEquals(0, cuda.launch(kernel, MemorySegment.NULL, 1, 256, 2080, y));
    int found = synchronize();
    String report = report();
    SimulatedCuda.reset();
    SimulatedCuda.need("cuMemFree_v2", y);
    assertEquals(LAUNCH_FAILED, found);
    assertTrue(Pattern.compile(words.strip()).matcher(report).find(), report);
  }
}
