// PTX of Hopper: mbarrier, the proxies' fence and wgmma, which four warps issue and which goes on while
// they do. What is done, and what may not be done meanwhile, stands in driver/phases.cpp and
// driver/warpgroup.cpp.
#pragma once
#include "half.h"

extern "C" {
void heddle_sim_phases_begin(unsigned long barrier, unsigned count);
void heddle_sim_phases_arrive(unsigned long barrier);
void heddle_sim_phases_wait(unsigned long barrier, unsigned parity);
void heddle_sim_proxy_fence();
void heddle_sim_wgmma(const heddle_sim::Wgmma *own);
void heddle_sim_wgmma_fence();
void heddle_sim_wgmma_commit();
void heddle_sim_wgmma_wait(unsigned groups);
}

namespace heddle_ptx {

static inline void selp_u32(unsigned &to, unsigned a, unsigned b, bool which) { to = which ? a : b; }

static inline void mbarrier_init_shared__cta_b64(unsigned barrier, unsigned count) {
  heddle_sim_phases_begin((unsigned long)in_shared(barrier), count);
}
static inline void mbarrier_arrive_shared__cta_b64(unsigned barrier) {
  heddle_sim_phases_arrive((unsigned long)in_shared(barrier));
}
// Waits as long as it takes, as it may.
static inline void mbarrier_try_wait_parity_shared__cta_b64(bool &over, unsigned barrier,
                                                            unsigned parity) {
  heddle_sim_phases_wait((unsigned long)in_shared(barrier), parity);
  over = true;
}

static inline void fence_proxy_async_shared__cta() { heddle_sim_proxy_fence(); }

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
static inline void wgmma_fence_sync_aligned() { heddle_sim_wgmma_fence(); }
static inline void wgmma_commit_group_sync_aligned() { heddle_sim_wgmma_commit(); }
static inline void wgmma_wait_group_sync_aligned(unsigned groups) { heddle_sim_wgmma_wait(groups); }

// The operands as they stand in the instruction: N / 2 sums, two descriptors, five immediates.
template <unsigned columns, float (*number)(unsigned short), class... Operand>
HEDDLE_UNCHECKED static void wgmma(Operand &&...operands) {
  const unsigned sums = columns / 2;
  static_assert(sizeof...(operands) == sums + 7, "wgmma.mma_async: too few operands, or too many");
  const void *const at[] = {&operands...};
  for (unsigned i = 1; i < sums; i++) {
    if (at[i] != (const float *)at[0] + i) heddle_sim_trap("wgmma's sums do not lie in a row");
  }
  const auto descriptor = [&](unsigned i) { return *(const unsigned long long *)at[sums + i]; };
  const auto immediate = [&](unsigned i) { return *(const int *)at[sums + 2 + i]; };
  const heddle_sim::Wgmma own = {(float *)at[0], columns,      descriptor(0), descriptor(1),
                                 number,         immediate(0), immediate(1),  immediate(2),
                                 immediate(3),   immediate(4)};
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
