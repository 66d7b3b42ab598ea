// The PTX of CUDA's own kernels, a function each; the simulator has a C++ twin of every instruction
// (device/tensor.h, device/warpgroup.h). From compute capability 8.0 on; what stands below "Hopper" is
// for sm_90a alone. How lanes hold matrices is the PTX manual's, "Warp-Level Matrix Instructions" and
// "Asynchronous Warpgroup Level Matrix Instructions".
#define LANE (LOCAL_ID(0) % 32)
#define WARP_BARRIER() __syncwarp()

// As GROUP_SIZE, for kernels that want registers rather than many groups at a time.
#define GROUP_OF(items) __launch_bounds__(items, 1)
// The same, `blocks` neighbouring groups at a time: a cluster, whose groups write into each other's
// shared memory. The grid is a multiple of it.
#define GROUP_OF_CLUSTER(items, blocks) __cluster_dims__(blocks, 1, 1) __launch_bounds__(items, 1)
#ifndef __cluster_dims__
#define __cluster_dims__(...) __attribute__((cluster_dims(__VA_ARGS__)))
#endif
// The same, where a multiprocessor is to have so many groups.
#define GROUP_AMONG(items, groups) __launch_bounds__(items, groups)

// c += a b in float32: a 16 x 16 by rows, b 16 x 8 by columns. Lane 4 g + t has of a the rows g and
// g + 8 (a0 and a2, a1 and a3), of b the column g, of both the numbers 2 t and 2 t + 1 (a0, a1, b0),
// 2 t + 8 and 2 t + 9 (a2, a3, b1) of k; of c the columns 2 t and 2 t + 1 of both rows.
#define HEDDLE_MMA(T)                                                                            \
  DEVICE void mma_##T(PRIVATE f32 *c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {           \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." #T "." #T ".f32 "                                \
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                         \
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                          \
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));                                  \
  }
HEDDLE_MMA(bf16)
HEDDLE_MMA(f16)

// Two numbers as 16 bits each, the first in the lower half.
DEVICE u32 pack_bf16(f32 lower, f32 upper) {
  u32 bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(upper), "f"(lower));
  return bits;
}
DEVICE u32 pack_f16(f32 lower, f32 upper) {
  u32 bits;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(upper), "f"(lower));
  return bits;
}

// 2^x, off by 2^-22 of it at most; exactly 1 for 0 and 0 for -infinity.
DEVICE f32 power_of_two(f32 x) {
  f32 y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Copies that go on while the thread does: `given` bytes (16, or fewer and then zeros) to shared
// memory, both at multiples of 16 bytes. They are there once a thread that began them has waited for
// their group, and the others at a barrier behind that.
DEVICE void copy_async(LOCAL void *to, GLOBAL const void *from, i32 given) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"((u32)__cvta_generic_to_shared(to)), "l"(from), "r"(given)
               : "memory");
}
DEVICE void copy_commit() { asm volatile("cp.async.commit_group;" : : : "memory"); }
// Waits until at most so many groups are under way.
#define COPY_WAIT(groups) asm volatile("cp.async.wait_group %0;" : : "n"(groups) : "memory")

// Four matrices of 8 x 8 numbers of 16 bits from shared memory, turned: lane 8 i + r says where row r
// of matrix i lies, 16 bytes at a multiple of 16. Lane 4 g + t gets of each the rows 2 t and 2 t + 1 of
// column g, the first one in the lower half.
DEVICE uint4 load_turned(LOCAL const void *row) {
  uint4 x;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
               : "r"((u32)__cvta_generic_to_shared(row))
               : "memory");
  return x;
}

// Hopper.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL

// A barrier in shared memory that `count` arrivals release, again and again: a thread that arrived goes
// on, and one that waits for phase 0, 1, 0, ... goes on once that one is over. What is ordered before
// an arrival is before whatever waited for it. Begun by one thread, which shows it to copies and to the
// cluster, and known to others behind a BARRIER, to the cluster's behind a CLUSTER_BARRIER.
DEVICE void phases_begin(LOCAL u64 *barrier, i32 count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;"
               :
               : "r"((u32)__cvta_generic_to_shared(barrier)), "r"(count)
               : "memory");
}
DEVICE void phases_arrive(LOCAL u64 *barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];"
               :
               : "r"((u32)__cvta_generic_to_shared(barrier))
               : "memory");
}
#define HEDDLE_PHASES_WAIT(name, order)                                                           \
  DEVICE void name(LOCAL u64 *barrier, i32 phase) {                                               \
    u32 over;                                                                                     \
    do {                                                                                          \
      asm volatile("{ .reg .pred over; "                                                          \
                   "mbarrier.try_wait.parity" order ".shared::cta.b64 over, [%1], %2; "           \
                   "selp.u32 %0, 1, 0, over; }"                                                   \
                   : "=r"(over)                                                                   \
                   : "r"((u32)__cvta_generic_to_shared(barrier)), "r"(phase)                      \
                   : "memory");                                                                   \
    } while (!over);                                                                              \
  }
HEDDLE_PHASES_WAIT(phases_wait, "")
DEVICE void phases_show() { asm volatile("fence.mbarrier_init.release.cluster;" : : : "memory"); }

// Of a cluster: all wait for all; a barrier of the same place in another block, by its rank there, is
// arrived at; and one is waited for that others arrive at so.
DEVICE void cluster_barrier() {
  asm volatile("barrier.cluster.arrive.release.aligned;" : : : "memory");
  asm volatile("barrier.cluster.wait.acquire.aligned;" : : : "memory");
}
DEVICE void phases_arrive_at(LOCAL u64 *barrier, i32 rank) {
  u32 there;
  asm("mapa.shared::cluster.u32 %0, %1, %2;"
      : "=r"(there)
      : "r"((u32)__cvta_generic_to_shared(barrier)), "r"(rank));
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];"
               :
               : "r"(there)
               : "memory");
}
HEDDLE_PHASES_WAIT(phases_wait_cluster, ".acquire.cluster")

// Bulk copies, which no thread waits for or addresses: a box of a matrix of 16-bit numbers, from
// column `x` and line `line` on, of 64 numbers a line and as many lines as the map says, lands at a
// multiple of 1024 bytes, a line 128 bytes, swizzled as wgmma reads it. What lies outside of the matrix
// comes as zeros. A phase that expects bytes is over once all arrivals and as many bytes have come.
// What a box overwrites is done with: read by wgmma that was waited for, or else shown.
struct __align__(64) heddle_map {
  u64 opaque[16];
};
#define MAP(name) const __grid_constant__ heddle_map name##_map
DEVICE void phases_arrive_expecting(LOCAL u64 *barrier, i32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
               :
               : "r"((u32)__cvta_generic_to_shared(barrier)), "r"(bytes)
               : "memory");
}
DEVICE void copy_box(LOCAL void *to, const heddle_map &map, i32 x, i32 line, LOCAL u64 *barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
               "[%0], [%1, {%2, %3}], [%4];"
               :
               : "r"((u32)__cvta_generic_to_shared(to)), "l"(&map), "r"(x), "r"(line),
                 "r"((u32)__cvta_generic_to_shared(barrier))
               : "memory");
}
// To the same place in several blocks of the cluster, whose ranks are the bits of `blocks`, and to the
// barrier of each.
DEVICE void copy_box_to(u16 blocks, LOCAL void *to, const heddle_map &map, i32 x, i32 line,
                        LOCAL u64 *barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
               ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;"
               :
               : "r"((u32)__cvta_generic_to_shared(to)), "l"(&map), "r"(x), "r"(line),
                 "r"((u32)__cvta_generic_to_shared(barrier)), "h"(blocks)
               : "memory");
}

// What this thread wrote to shared memory, and what its cp.async did that it has waited for, wgmma may
// read that is issued after it in order.
DEVICE void show_to_wgmma() { asm volatile("fence.proxy.async.shared::cta;" : : : "memory"); }

// Four warps give back registers, or get some that others gave back, for what stands behind: a multiple
// of 8 each thread, all threads together no more than they began with.
#define REGISTERS_DOWN_TO(n) asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" : : "n"(n))
#define REGISTERS_UP_TO(n) asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" : : "n"(n))

// Where wgmma finds an operand that lies swizzled: lines of 128 bytes one after another from a multiple
// of 1024 bytes on, of which line i has its 16 bytes number j at j ^ (i % 8). By k, where a line is 64
// numbers along k: `next` is how far on the next 8 lines are, and 16 of k are 32 bytes. Turned, where a
// line is 64 numbers of one k: `next` is how far on the next 8 of k are, 16 of k are 16 lines, and the
// next 64 lines' width lies `across` bytes on.
DEVICE u64 swizzled(LOCAL const void *at, i32 across, i32 next) {
  const u64 place = ((u32)__cvta_generic_to_shared(at) & 0x3ffff) >> 4;
  return place | (u64)(across >> 4) << 16 | (u64)(next >> 4) << 32 | (u64)1 << 62;
}

// sum += a b^T in float32, of four warps together, meanwhile: a 64 x 16, b N x 16, or turned 16 x N.
// Warp w of them has rows 16 w on, lane 4 g + t of these g and g + 8, columns 2 t and 2 t + 1 of every 8:
// sum[4 i + 2 r + c] is row g + 8 r, column 8 i + 2 t + c. All four issue wgmma_begin() before the first
// and after touching sum, then products, then wgmma_commit(). Until WGMMA_WAIT says that the group is
// done sum may not be touched, nor what a and b name be written.
//
// a may stand in registers: lane 4 g + t has in a[2 j + r] the numbers 8 j + 2 t and 8 j + 2 t + 1 of k of
// row g + 8 r, the first in the lower half. They may not be touched either, and are for wgmma_begin() like
// sum. The first product of a chain begins it: what sum was before does not matter.
#define HEDDLE_TEN(d)                                                                             \
  "%" #d "0, %" #d "1, %" #d "2, %" #d "3, %" #d "4, %" #d "5, %" #d "6, %" #d "7, %" #d "8, %" #d "9, "
#define HEDDLE_SUMS_32                                                                            \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, "
#define HEDDLE_SUMS_64                                                                            \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, " HEDDLE_TEN(1) HEDDLE_TEN(2) "%30, %31}, "
#define HEDDLE_SUMS_128                                                                           \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, " HEDDLE_TEN(1) HEDDLE_TEN(2) HEDDLE_TEN(3)           \
      HEDDLE_TEN(4) HEDDLE_TEN(5) "%60, %61, %62, %63}, "
#define HEDDLE_SUMS_256                                                                           \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, " HEDDLE_TEN(1) HEDDLE_TEN(2) HEDDLE_TEN(3)           \
      HEDDLE_TEN(4) HEDDLE_TEN(5) HEDDLE_TEN(6) HEDDLE_TEN(7) HEDDLE_TEN(8) HEDDLE_TEN(9)         \
          HEDDLE_TEN(10) HEDDLE_TEN(11) "%120, %121, %122, %123, %124, %125, %126, %127}, "
#define HEDDLE_FACTORS_32 "%16, %17, "
#define HEDDLE_FACTORS_64 "%32, %33, "
#define HEDDLE_FACTORS_128 "%64, %65, "
#define HEDDLE_FACTORS_256 "%128, %129, "
#define HEDDLE_ROWS_32 "{%16, %17, %18, %19}, %20, "
#define HEDDLE_ROWS_64 "{%32, %33, %34, %35}, %36, "
#define HEDDLE_ROWS_128 "{%64, %65, %66, %67}, %68, "
#define HEDDLE_SUM_4(i) "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3])
#define HEDDLE_SUM_16(i)                                                                          \
  HEDDLE_SUM_4(i), HEDDLE_SUM_4(i + 4), HEDDLE_SUM_4(i + 8), HEDDLE_SUM_4(i + 12)
#define HEDDLE_SUM_32(i) HEDDLE_SUM_16(i), HEDDLE_SUM_16(i + 16)
#define HEDDLE_SUM_64(i) HEDDLE_SUM_32(i), HEDDLE_SUM_32(i + 32)
#define HEDDLE_SUM_128(i) HEDDLE_SUM_64(i), HEDDLE_SUM_64(i + 64)
#define HEDDLE_MNEMONIC(T, N) "wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." #T "." #T " "
#define HEDDLE_WGMMA(name, T, N, sums, turned)                                                    \
  DEVICE void name##_##T##_##N(PRIVATE f32 *c, u64 a, u64 b) {                                    \
    asm volatile(HEDDLE_MNEMONIC(T, N) HEDDLE_SUMS_##N HEDDLE_FACTORS_##N "1, 1, 1, 0, " #turned ";" \
                 : sums(0)                                                                        \
                 : "l"(a), "l"(b));                                                               \
  }
#define HEDDLE_WGMMA_ROWS(name, T, N, sums, goes_on, turned)                                      \
  DEVICE void name##_##T##_##N(PRIVATE f32 *c, PRIVATE const u32 *a, u64 b) {                     \
    asm volatile(HEDDLE_MNEMONIC(T, N) HEDDLE_SUMS_##N HEDDLE_ROWS_##N #goes_on ", 1, 1, " #turned ";" \
                 : sums(0)                                                                        \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                           \
  }
#define HEDDLE_WGMMAS(T)                                                                          \
  HEDDLE_WGMMA(wgmma, T, 32, HEDDLE_SUM_16, 0)                                                    \
  HEDDLE_WGMMA(wgmma, T, 128, HEDDLE_SUM_64, 0)                                                   \
  HEDDLE_WGMMA(wgmma, T, 256, HEDDLE_SUM_128, 0)                                                  \
  HEDDLE_WGMMA(wgmma_turned, T, 64, HEDDLE_SUM_32, 1)                                             \
  HEDDLE_WGMMA(wgmma_turned, T, 128, HEDDLE_SUM_64, 1)                                            \
  HEDDLE_WGMMA(wgmma_turned, T, 256, HEDDLE_SUM_128, 1)                                           \
  HEDDLE_WGMMA_ROWS(wgmma_first_rows, T, 64, HEDDLE_SUM_32, 0, 0)                                 \
  HEDDLE_WGMMA_ROWS(wgmma_rows, T, 64, HEDDLE_SUM_32, 1, 0)                                       \
  HEDDLE_WGMMA_ROWS(wgmma_rows_turned, T, 32, HEDDLE_SUM_16, 1, 1)                                \
  HEDDLE_WGMMA_ROWS(wgmma_rows_turned, T, 64, HEDDLE_SUM_32, 1, 1)                                \
  HEDDLE_WGMMA_ROWS(wgmma_rows_turned, T, 128, HEDDLE_SUM_64, 1, 1)
HEDDLE_WGMMAS(bf16)
HEDDLE_WGMMAS(f16)
DEVICE void wgmma_begin() { asm volatile("wgmma.fence.sync.aligned;" : : : "memory"); }
DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory"); }
// Waits until at most so many groups are under way.
#define WGMMA_WAIT(groups) asm volatile("wgmma.wait_group.sync.aligned %0;" : : "n"(groups) : "memory")

// A compiler may move what touches registers alone across wgmma's fences and waits. Not across these, which
// are nothing else: before wgmma_begin() for what was written since the last one, behind WGMMA_WAIT for
// sums that are read next.
DEVICE void settle_sums(PRIVATE f32 *x, i32 count) {
  UNROLL for (i32 i = 0; i < count; i++) { asm volatile("" : "+f"(x[i]) : : "memory"); }
}
DEVICE void settle_rows(PRIVATE u32 *x, i32 count) {
  UNROLL for (i32 i = 0; i < count; i++) { asm volatile("" : "+r"(x[i]) : : "memory"); }
}
#endif
