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
 * Four warps multiply what another one writes for them, twice in the same place: right, and with
 * each rule of {@code wgmma}, {@code mbarrier} and the proxies broken.
 */
@NeedsSimulator
class WarpgroupsTest {
  /** a [64, 64] and b [8, 64] in f16, of small whole numbers, in lines of 128 swizzled bytes. */
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
      __device__ unsigned place(int row, int k) {
        return row * 128 + (k / 8 ^ row % 8) * 16 + k % 8 * 2;
      }
      __device__ unsigned long long descriptor(const char *at) {
        return (unsigned long long)((unsigned)__cvta_generic_to_shared(at) >> 4)
            | 64ull << 32 | 1ull << 62;
      }
      extern "C" __global__ void __launch_bounds__(160) f(float *y) {
        extern __shared__ __align__(1024) char stage[];
        const unsigned full = (unsigned)__cvta_generic_to_shared(stage + 9216), empty = full + 8;
        if (threadIdx.x == 0) {
      #ifndef NOT_BEGUN
          begin(full, 32);
      #endif
          begin(empty, WAITERS);
        }
      #ifndef BEGUN_LATE
        __syncthreads();
      #endif
        if (threadIdx.x >= 128) {
          for (int round = 0; round < 2; round++) {
      #ifndef NO_WAIT_TO_WRITE
            wait(empty, (round + 1) % 2);
      #endif
            for (int i = threadIdx.x % 32; i < 72 * 64; i += 32) {
              const int row = i / 64, k = i % 64;
              const float x = row < 64 ? row % 5 + k % 3 + round : row % 8 - k % 7;
              unsigned short bits;
              asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
              *(unsigned short *)(stage + place(row, k)) = bits;
            }
      #ifndef NO_PROXY_FENCE
            VOLATILE("fence.proxy.async.shared::cta;");
      #endif
            arrive(full);
          }
        } else {
          float sum[4] = {1, 2, 3, 4};
          for (int round = 0; round < 2; round++) {
      #ifndef NO_WAIT_TO_READ
            wait(full, round ^ OTHER_PHASE);
      #endif
      #ifndef NO_FENCE
            VOLATILE("wgmma.fence.sync.aligned;");
      #endif
            for (int i = 0; i < 4; i++) {
              const char *own = stage + 32 * i;
      #ifdef OTHER_OPERANDS
              if (threadIdx.x >= 96) own = stage;
      #endif
              VOLATILE("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 "
                       "{%0, %1, %2, %3}, %4, %5, 1, 1, 1, 0, 0;"
                       : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                       : "l"(descriptor(own)), "l"(descriptor(stage + 8192 + 32 * i)));
            }
      #ifndef NO_COMMIT
            VOLATILE("wgmma.commit_group.sync.aligned;");
      #endif
      #ifdef GIVEN_BACK_EARLY
            arrive(empty);
            wait(full, 1);
      #endif
      #ifdef WRITTEN_EARLY
            sum[0] = 0;
      #endif
            VOLATILE("wgmma.wait_group.sync.aligned %0;" : : "n"(PENDING));
      #ifndef GIVEN_BACK_EARLY
            arrive(empty);
      #endif
          }
          for (int i = 0; i < 4; i++) {
            const int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4 + i / 2 * 8;
            y[row * 8 + threadIdx.x % 4 * 2 + i % 2] = sum[i];
          }
        }
      }
      """;

  private static final String RIGHT =
      "#define WAITERS 128\n#define OTHER_PHASE 0\n#define PENDING 0\n";

  private SimulatedCuda cuda;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
  }

  @AfterEach
  void close() {
    cuda.close();
  }

  private float[] run(String text, int status) {
    MemorySegment kernel = cuda.kernel("f", text);
    long y = cuda.upload(new float[64 * 8]);
    assertEquals(0, cuda.launch(kernel, MemorySegment.NULL, 1, 160, 9216 + 16, y));
    assertEquals(status, synchronize(), () -> report());
    float[] values = status == 0 ? cuda.download(y, 64 * 8) : null;
    String report = report();
    if (status == 0) {
      assertEquals("", report);
    } else {
      SimulatedCuda.reset();
    }
    SimulatedCuda.need("cuMemFree_v2", y);
    return values;
  }

  @Test
  void fourWarpsMultiplyWhatAnotherOneWrites() {
    float[] got = run(RIGHT + MULTIPLY, 0);
    for (int row = 0; row < 64; row++) {
      for (int column = 0; column < 8; column++) {
        float sum = 1 + column % 2 + row / 8 % 2 * 2;
        for (int k = 0; k < 64; k++) {
          sum += (2 * (row % 5 + k % 3) + 1) * (column - k % 7);
        }
        assertEquals(sum, got[row * 8 + column], row + ", " + column);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          NO_PROXY_FENCE;   for a wgmma: thread .* wrote it, and no fence.proxy.async shows it
          NO_WAIT_TO_READ;  which nothing was written to|there was no barrier since
          OTHER_PHASE 1;    which nothing was written to|there was no barrier since|are missing
          NO_WAIT_TO_WRITE; a wgmma reads that is under way|there was no barrier since|are missing
          GIVEN_BACK_EARLY; which a wgmma reads that is under way
          WAITERS 129;      parity 0 of an mbarrier of which 0 are over and 1 of 129 arrivals
          NOT_BEGUN;        nothing was written to|nobody began
          BEGUN_LATE;       nothing was written to|there was no barrier since|nobody began
          NO_FENCE;         no wgmma.fence since
          OTHER_OPERANDS;   the four warps give it different operands
          NO_COMMIT;        a wgmma reads that is under way|sum of a wgmma that is under way
          PENDING 1;        a wgmma reads that is under way|sum of a wgmma that is under way
          WRITTEN_EARLY;    the sum of a wgmma that is under way, before wgmma.wait_group
          """)
  void aBrokenRuleIsAFault(String define, String words) {
    String name = define.split(" ")[0];
    String defines =
        RIGHT.lines().filter(line -> !line.contains(" " + name + " ")).toList().stream()
            .reduce("#define " + define + "\n", (text, line) -> text + line + "\n");
    MemorySegment kernel = cuda.kernel("f", defines + MULTIPLY);
    long y = cuda.upload(new float[64 * 8]);
    assertEquals(0, cuda.launch(kernel, MemorySegment.NULL, 1, 160, 9216 + 16, y));
    int found = synchronize();
    String report = report();
    SimulatedCuda.reset();
    SimulatedCuda.need("cuMemFree_v2", y);
    assertEquals(LAUNCH_FAILED, found);
    assertTrue(Pattern.compile(words.strip()).matcher(report).find(), report);
  }

  @Test
  void onlyTheArchitecturesOwnTargetHasThem() {
    String log = cuda.compile(RIGHT + MULTIPLY, "--gpu-architecture=sm_90").log();
    assertTrue(log.contains("wgmma_fence_sync_aligned"), log);
  }
}
