// PTX of Hopper: mbarrier, the proxies' fence, wgmma, which four warps issue and which goes on while
// they do, and setmaxnreg; clusters of blocks, and bulk copies of boxes of tensors. What is done, and what
// may not be done meanwhile, stands in driver/phases.cpp, driver/warpgroup.cpp, driver/registers.cpp,
// driver/cluster.cpp and driver/bulk.cpp.
#pragma once
#include "half.h"

extern "C" {
void heddle_sim_phases_begin(unsigned long barrier, unsigned count);
// An arrival at a barrier in shared::cluster space, before which `bytes` more of copies are expected.
void heddle_sim_phases_arrive(unsigned barrier, unsigned bytes);
void heddle_sim_phases_show();
void heddle_sim_phases_wait(unsigned long barrier, unsigned parity);
void heddle_sim_proxy_fence();
void heddle_sim_bulk_copy(const heddle_sim::BulkCopy *own);
void heddle_sim_cluster_arrive();
void heddle_sim_cluster_wait();
void heddle_sim_wgmma(const heddle_sim::Wgmma *own);
void heddle_sim_wgmma_fence();
void heddle_sim_wgmma_commit();
void heddle_sim_wgmma_wait(unsigned groups);
void heddle_sim_registers(unsigned count, bool more);
}

namespace heddle_ptx {

static inline void selp_u32(unsigned &to, unsigned a, unsigned b, bool which) { to = which ? a : b; }

static inline void mbarrier_init_shared__cta_b64(unsigned barrier, unsigned count) {
  heddle_sim_phases_begin((unsigned long)in_shared(barrier), count);
}
static inline void mbarrier_arrive_shared__cta_b64(unsigned barrier) {
  heddle_sim_phases_arrive(barrier, 0);
}
static inline void mbarrier_arrive_expect_tx_shared__cta_b64(unsigned barrier, unsigned bytes) {
  heddle_sim_phases_arrive(barrier, bytes);
}
static inline void mbarrier_arrive_release_cluster_shared__cluster_b64(unsigned barrier) {
  heddle_sim_phases_arrive(barrier, 0);
}
// Waits as long as it takes, as it may.
static inline void mbarrier_try_wait_parity_shared__cta_b64(bool &over, unsigned barrier,
                                                            unsigned parity) {
  heddle_sim_phases_wait((unsigned long)in_shared(barrier), parity);
  over = true;
}

static inline void mbarrier_try_wait_parity_acquire_cluster_shared__cta_b64(bool &over,
                                                                            unsigned barrier,
                                                                            unsigned parity) {
  mbarrier_try_wait_parity_shared__cta_b64(over, barrier, parity);
}
static inline void fence_mbarrier_init_release_cluster() { heddle_sim_phases_show(); }

static inline void fence_proxy_async_shared__cta() { heddle_sim_proxy_fence(); }

static inline void mapa_shared__cluster_u32(unsigned &to, unsigned address, unsigned rank) {
  to = address | (rank + 1) << heddle_sim::RANK_SHIFT;
}
static inline void barrier_cluster_arrive_release_aligned() { heddle_sim_cluster_arrive(); }
static inline void barrier_cluster_wait_acquire_aligned() { heddle_sim_cluster_wait(); }

static inline void cp_async_bulk_tensor_2d_shared__cluster_global_mbarrier__complete_tx__bytes_multicast__cluster(
    unsigned to, const void *map, int x, int y, unsigned barrier, unsigned short blocks) {
  const heddle_sim::BulkCopy own = {to, barrier, (const heddle_sim::TensorMap *)map, {x, y}, 2, blocks};
  heddle_sim_bulk_copy(&own);
}
static inline void cp_async_bulk_tensor_2d_shared__cluster_global_mbarrier__complete_tx__bytes(
    unsigned to, const void *map, int x, int y, unsigned barrier) {
  cp_async_bulk_tensor_2d_shared__cluster_global_mbarrier__complete_tx__bytes_multicast__cluster(
      to, map, x, y, barrier, 0);
}

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
static inline void wgmma_fence_sync_aligned() { heddle_sim_wgmma_fence(); }
static inline void wgmma_commit_group_sync_aligned() { heddle_sim_wgmma_commit(); }
static inline void wgmma_wait_group_sync_aligned(unsigned groups) { heddle_sim_wgmma_wait(groups); }

static inline void setmaxnreg_dec_sync_aligned_u32(unsigned count) { heddle_sim_registers(count, false); }
static inline void setmaxnreg_inc_sync_aligned_u32(unsigned count) { heddle_sim_registers(count, true); }

// The operands as they stand in the instruction: N / 2 sums; two descriptors and five immediates, or four
// registers of a, a descriptor and four immediates.
template <unsigned columns, float (*number)(unsigned short), class... Operand>
HEDDLE_UNCHECKED static void wgmma(Operand &&...operands) {
  const unsigned sums = columns / 2;
  const bool by_rows = sizeof...(operands) == sums + 9;
  static_assert(by_rows || sizeof...(operands) == sums + 7,
                "wgmma.mma_async: too few operands, or too many");
  const void *const at[] = {&operands...};
  const auto in_a_row = [&](unsigned from, unsigned count) {
    for (unsigned i = 1; i < count; i++) {
      if (at[from + i] != (const float *)at[from] + i) {
        heddle_sim_trap("wgmma's registers do not lie in a row");
      }
    }
  };
  const auto descriptor = [&](unsigned i) { return *(const unsigned long long *)at[i]; };
  const auto immediate = [&](unsigned i) { return *(const int *)at[i]; };
  in_a_row(0, sums);
  heddle_sim::Wgmma own = {(float *)at[0], columns, nullptr, 0, 0, number, 0, 0, 0, 0, 0};
  unsigned next = sums;
  if (by_rows) {
    in_a_row(next, 4);
    own.rows = (const unsigned *)at[next];
    next += 4;
  } else {
    own.a = descriptor(next++);
  }
  own.b = descriptor(next++);
  own.scale_d = immediate(next++);
  own.scale_a = immediate(next++);
  own.scale_b = immediate(next++);
  if (!by_rows) own.turned_a = immediate(next++);
  own.turned_b = immediate(next);
  heddle_sim_wgmma(&own);
}

#define HEDDLE_WGMMA(type, number, n)                                                      \
  template <class... Operand>                                                              \
  static inline void wgmma_mma_async_sync_aligned_m64n##n##k16_f32_##type##_##type(        \
      Operand &&...operands) {                                                             \
    wgmma<n, number>((Operand &&)operands...);                                             \
  }
#define HEDDLE_WGMMAS(n)                             \
  HEDDLE_WGMMA(bf16, heddle_sim::bfloat_to_float, n) \
  HEDDLE_WGMMA(f16, heddle_sim::half_to_float, n)
HEDDLE_WGMMAS(8)
HEDDLE_WGMMAS(32)
HEDDLE_WGMMAS(64)
HEDDLE_WGMMAS(128)
HEDDLE_WGMMAS(256)
#undef HEDDLE_WGMMAS
#undef HEDDLE_WGMMA
#endif

}  // namespace heddle_ptx
