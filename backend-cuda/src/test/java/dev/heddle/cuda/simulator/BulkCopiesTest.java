package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_CLUSTER_SIZE;
import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_VALUE;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static dev.heddle.cuda.simulator.SimulatedCuda.synchronize;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two blocks of a cluster copy boxes of a matrix for each other and for themselves, twice to the
 * same place: right, and with each rule of bulk copies, their barriers and clusters broken; and the
 * rules of the maps that describe the matrix.
 */
@NeedsSimulator
class BulkCopiesTest {
  private static final int LINES = 30;
  private static final int COLUMNS = 72;

  /**
   * Block r copies the box at column 0, line 8 r for both, to slot r, and the one at column 64 and
   * line 24, of which 8 columns and 6 lines lie within, for itself, to slot 2; in the second round
   * all a line further on. What is read is added up.
   */
  private static final String COPY =
      """
      struct __align__(64) map { unsigned long long opaque[16]; };
      __device__ unsigned in_shared(const void *at) { return (unsigned)__cvta_generic_to_shared(at); }
      __device__ void wait(unsigned at, unsigned parity) {
        unsigned over = 0;
        while (!over) {
          asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, "
                       "[%1], %2; selp.u32 %0, 1, 0, p; }" : "=r"(over) : "r"(at), "r"(parity));
        }
      }
      __device__ void arrive_at(unsigned at, unsigned rank) {
        unsigned there;
        asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(at), "r"(rank));
        asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" : : "r"(there));
      }
      __device__ void cluster_barrier() {
        asm volatile("barrier.cluster.arrive.release.aligned;");
        asm volatile("barrier.cluster.wait.acquire.aligned;");
      }
      extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(64) f(
          const CONSTANT map matrix, float *y) {
        extern __shared__ __align__(1024) unsigned short slots[];
        const unsigned full = in_shared(slots + 3 * 512), empty = full + 8, rank = blockIdx.x % 2;
        float sum[24];
        for (int i = 0; i < 24; i++) sum[i] = 0;
        if (threadIdx.x == 0) {
          asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(full), "r"(1));
          asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(empty), "r"(RELEASES));
      #ifndef NOT_SHOWN
          asm volatile("fence.mbarrier_init.release.cluster;");
      #endif
      #ifdef WRITTEN_BEFORE
          slots[0] = 1;
      #endif
        }
      #ifdef BEGUN_ALONE
        __syncthreads();
      #else
        cluster_barrier();
      #endif
        for (int round = 0; round < 2; round++) {
          if (threadIdx.x == 0) {
            wait(empty, (round + 1) % 2);
            asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                         : : "r"(full), "r"(BYTES));
            asm volatile(
                "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;"
                : : "r"(in_shared(slots + rank * 512)), "l"(&matrix), "r"(0), "r"((int)rank * 8 + round),
                    "r"(full), "h"((unsigned short)BLOCKS));
            asm volatile(
                "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                " [%0], [%1, {%2, %3}], [%4];"
                : : "r"(in_shared(slots + SLOT)), "l"(&matrix), "r"(64), "r"(24 + round), "r"(full));
      #ifdef TOUCHED
            slots[2 * 512] = 1;
      #endif
          }
      #ifndef NOT_WAITED
          wait(full, round);
      #endif
          for (int i = 0; i < 24; i++) {
            const int at = i * 64 + threadIdx.x, line = at / 64 % 8;
            sum[i] = 100 * sum[i] + slots[at / 512 * 512 + line * 64 + (at % 64 ^ line * 8)];
          }
          asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" : : "r"(empty));
      #ifndef GIVEN_BACK_TO_ONE
          arrive_at(empty, (rank + 1) % RANKS);
      #endif
        }
        for (int i = 0; i < 24; i++) y[(blockIdx.x * 24 + i) * 64 + threadIdx.x] = sum[i];
      #ifdef LATE
        if (rank == 0) arrive_at(empty, 1);
      #else
        cluster_barrier();
      #endif
      }
      """;

  private static final String RIGHT =
      """
      #define CONSTANT __grid_constant__
      #define RELEASES 128
      #define BYTES 3072
      #define BLOCKS 3
      #define SLOT 1024
      #define RANKS 2
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

  private static int element(int line, int column) {
    return line < LINES && column < COLUMNS ? (7 * line + 3 * column) % 97 : 0;
  }

  /** A matrix of 16-bit numbers on the device. */
  private long matrix() {
    float[] pairs = new float[LINES * COLUMNS / 2];
    for (int i = 0; i < pairs.length; i++) {
      int lower = element(2 * i / COLUMNS, 2 * i % COLUMNS);
      int upper = element((2 * i + 1) / COLUMNS, (2 * i + 1) % COLUMNS);
      pairs[i] = Float.intBitsToFloat(upper << 16 | lower);
    }
    return cuda.upload(pairs);
  }

  private int encode(MemorySegment map, String broken, long address) {
    int type = broken.equals("type") ? 16 : 1;
    int axes = broken.equals("axes") ? 6 : 2;
    long base = broken.equals("address") ? address + 8 : address;
    MemorySegment extents = cuda.place(16, 8);
    extents.setAtIndex(ValueLayout.JAVA_LONG, 0, broken.equals("extent") ? 0 : COLUMNS);
    extents.setAtIndex(ValueLayout.JAVA_LONG, 1, LINES);
    MemorySegment steps = cuda.place(8, 8);
    steps.set(ValueLayout.JAVA_LONG, 0, broken.equals("stride") ? 142 : 2 * COLUMNS);
    MemorySegment box = cuda.place(8, 4);
    box.setAtIndex(
        ValueLayout.JAVA_INT, 0, broken.equals("width") ? 68 : broken.equals("span") ? 72 : 64);
    box.setAtIndex(ValueLayout.JAVA_INT, 1, broken.equals("lines") ? 257 : 8);
    MemorySegment boxSteps = cuda.place(8, 4);
    boxSteps.setAtIndex(ValueLayout.JAVA_INT, 0, 1);
    boxSteps.setAtIndex(ValueLayout.JAVA_INT, 1, broken.equals("step") ? 0 : 1);
    return SimulatedCuda.call(
        "cuTensorMapEncodeTiled",
        broken.equals("map") ? map.asSlice(32) : map,
        type,
        axes,
        base,
        extents,
        steps,
        box,
        boxSteps,
        0,
        broken.equals("swizzle") ? 7 : 3,
        2,
        0);
  }

  /** What the launch returned, or else what was found when it was waited for. */
  private int run(String text, int blocks, long y) {
    MemorySegment kernel = cuda.kernel("f", text);
    MemorySegment map = cuda.place(256, 64);
    long matrix = matrix();
    assertEquals(0, encode(map, "", matrix), () -> report());
    int launched = cuda.launch(kernel, MemorySegment.NULL, blocks, 64, 3 * 1024 + 16, map, y);
    return launched != 0 ? launched : synchronize();
  }

  @Test
  void blocksOfAClusterCopyForEachOther() {
    int blocks = 4;
    long y = cuda.upload(new float[blocks * 24 * 64]);
    assertEquals(0, run(RIGHT + COPY, blocks, y), () -> report());
    assertEquals("", report());
    float[] got = cuda.download(y, blocks * 24 * 64);
    for (int i = 0; i < got.length; i++) {
      int slot = i / 512 % 3;
      int line = i / 64 % 8 + (slot == 2 ? 24 : 8 * slot);
      int column = i % 64 + (slot == 2 ? 64 : 0);
      assertEquals(100 * element(line, column) + element(line + 1, column), got[i], "" + i);
    }
  }

  @Test
  void aGridIsOfWholeClusters() {
    assertEquals(INVALID_CLUSTER_SIZE, run(RIGHT + COPY, 3, cuda.upload(new float[3 * 24 * 64])));
    assertTrue(report().contains("3 blocks are no clusters of 2"), report());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          NOT_SHOWN;         719; did not show it by fence.mbarrier_init
          BYTES 2048;        719; nothing was written to
          BYTES 4096;        719; 0 of 1 arrivals are missing, and 1024 bytes of copies
          BYTES 0;           719; nothing was written to|bytes of copies
          BLOCKS 2;          719; nothing was written to|bytes of copies|under way
          BLOCKS 7;          719; block 2 of a cluster of 2
          BEGUN_ALONE;       719; nobody began|no barrier.cluster was since
          WRITTEN_BEFORE;    719; for a bulk copy: thread .0,0,0. wrote it, and no fence.proxy.async
          NOT_WAITED;        719; which nothing was written to
          TOUCHED;           719; which a bulk copy writes that is under way
          GIVEN_BACK_TO_ONE; 719; of 1 arrivals are missing|of 128 arrivals are missing
          RELEASES 64;       719; (read it|wrote it too), and there was no barrier since
          RANKS 3;           719; block 2 of a cluster of 2
          LATE;              719; which has ended|barrier.cluster|has ended before
          SLOT 0;            719; which a bulk copy writes that is under way
          SLOT 1056;         716; is no multiple of 128
          CONSTANT;          719; no __grid_constant__ parameter
          """)
  void aBrokenRuleIsAFault(String define, int status, String words) {
    String name = define.split(" ")[0];
    String defines =
        RIGHT.lines().filter(line -> !line.contains(" " + name + " ")).toList().stream()
            .reduce("#define " + define + "\n", (text, line) -> text + line + "\n");
    int found = run(defines + COPY, 2, cuda.upload(new float[2 * 24 * 64]));
    String report = report();
    SimulatedCuda.reset();
    assertEquals(status, found, report);
    assertTrue(Pattern.compile(words.strip()).matcher(report).find(), report);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          map;     no multiple of 64
          type;    16 is no data type
          axes;    6 axes; 1 to 5 are allowed
          address; no multiple of 16
          extent;  extent 0 is 0
          stride;  stride 0 is 142 bytes
          width;   136 bytes, no multiple of 16
          span;    144 bytes, and is swizzled within 128
          lines;   extent 1 is 257
          step;    step 1 is 0
          swizzle; 7 is no swizzle
          """)
  void aMapKeepsTheDriversRules(String broken, String words) {
    assertEquals(INVALID_VALUE, encode(cuda.place(256, 64), broken, 0x200000000000L));
    assertTrue(report().contains(words.strip()), report());
  }
}
