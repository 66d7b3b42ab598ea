// PTX of tensor cores and of what feeds them: mma, ldmatrix, cp.async. How a warp's lanes hold a
// matrix is the PTX manual's, "Warp-Level Matrix Instructions".
//
// A GPU does not say in which order an mma adds; here the exact sum is rounded once.
#pragma once
#include "half.h"

extern "C" {
// All lanes of a warp arrive, each with an object of its own, and `work` is done once for all.
void heddle_sim_warp_work(void *own, void (*work)(const unsigned long long *lanes),
                          const char *what);
// Of `bytes` bytes the first `given` come from global memory, the others are 0.
void heddle_sim_copy_async(unsigned long to, unsigned long from, unsigned bytes, unsigned given);
void heddle_sim_copy_commit();
void heddle_sim_copy_wait(unsigned groups);
}

// Where something lies in shared memory, as PTX counts it.
#define __cvta_generic_to_shared(p) \
  ((unsigned long)((const char *)(p) - heddle_sim::self().shared))

namespace heddle_ptx {

static inline char *in_shared(unsigned address) { return heddle_sim::self().shared + address; }

struct Mma {
  unsigned a[4], b[2];
  float c[4];
};

// d = a b + c: a 16 x 16 by rows, b 16 x 8 by columns.
template <float (*number)(unsigned short)>
HEDDLE_UNCHECKED static void multiply(const unsigned long long *lanes) {
  float a[16][16], b[8][16];
  for (int lane = 0; lane < 32; lane++) {
    const Mma &own = *(const Mma *)lanes[lane];
    for (int i = 0; i < 8; i++) {
      const unsigned bits = own.a[i / 2] >> i % 2 * 16;
      a[lane / 4 + i / 2 % 2 * 8][lane % 4 * 2 + i % 2 + i / 4 * 8] = number((unsigned short)bits);
    }
    for (int i = 0; i < 4; i++) {
      const unsigned bits = own.b[i / 2] >> i % 2 * 16;
      b[lane / 4][lane % 4 * 2 + i % 2 + i / 2 * 8] = number((unsigned short)bits);
    }
  }
  for (int lane = 0; lane < 32; lane++) {
    Mma &own = *(Mma *)lanes[lane];
    for (int i = 0; i < 4; i++) {
      const float *const left = a[lane / 4 + i / 2 * 8];
      const float *const right = b[lane % 4 * 2 + i % 2];
      double sum = own.c[i];
      for (int k = 0; k < 16; k++) sum += (double)left[k] * right[k];
      own.c[i] = (float)sum;
    }
  }
}

#define HEDDLE_MMA(type, number)                                                                 \
  static inline void mma_sync_aligned_m16n8k16_row_col_f32_##type##_##type##_f32(                \
      float &d0, float &d1, float &d2, float &d3, unsigned a0, unsigned a1, unsigned a2,         \
      unsigned a3, unsigned b0, unsigned b1, float c0, float c1, float c2, float c3) {           \
    Mma own = {{a0, a1, a2, a3}, {b0, b1}, {c0, c1, c2, c3}};                                    \
    heddle_sim_warp_work(&own, multiply<number>, "mma.sync");                                    \
    d0 = own.c[0];                                                                               \
    d1 = own.c[1];                                                                               \
    d2 = own.c[2];                                                                               \
    d3 = own.c[3];                                                                               \
  }
HEDDLE_MMA(bf16, heddle_sim::bfloat_to_float)
HEDDLE_MMA(f16, heddle_sim::half_to_float)
#undef HEDDLE_MMA

struct alignas(16) Row {
  unsigned short of[8];
};

struct Matrices {
  Row row;
  unsigned to[4];
};

// Lane 8 i + r gave row r of matrix i; lane 4 g + t gets of each the elements 2 t and 2 t + 1 of
// column g, one below the other.
HEDDLE_UNCHECKED static void transpose(const unsigned long long *lanes) {
  for (int lane = 0; lane < 32; lane++) {
    for (int i = 0; i < 4; i++) {
      const int row = 8 * i + lane % 4 * 2;
      const unsigned lower = ((const Matrices *)lanes[row])->row.of[lane / 4];
      const unsigned upper = ((const Matrices *)lanes[row + 1])->row.of[lane / 4];
      ((Matrices *)lanes[lane])->to[i] = lower | upper << 16;
    }
  }
}

static inline void ldmatrix_sync_aligned_m8n8_x4_trans_shared_b16(
    unsigned &to0, unsigned &to1, unsigned &to2, unsigned &to3, unsigned address) {
  Matrices own;
  own.row = *(const Row *)in_shared(address);
  heddle_sim_warp_work(&own, transpose, "ldmatrix.sync");
  to0 = own.to[0];
  to1 = own.to[1];
  to2 = own.to[2];
  to3 = own.to[3];
}

static inline void cp_async_cg_shared_global(unsigned to, const void *from, unsigned bytes,
                                             unsigned given) {
  heddle_sim_copy_async((unsigned long)in_shared(to), (unsigned long)from, bytes, given);
}
static inline void cp_async_commit_group() { heddle_sim_copy_commit(); }
static inline void cp_async_wait_group(unsigned groups) { heddle_sim_copy_wait(groups); }

}  // namespace heddle_ptx
