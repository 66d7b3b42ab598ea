// PTX instructions. asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits)) has become
// heddle_ptx::cvt_f32_f16(x, bits): the mnemonic with _ for each . and the operands in order. Of an
// instruction that is not here the compiler says so by name.
#pragma once
#include "half.h"

namespace heddle_ptx {

static inline void cvt_f32_f16(float &to, unsigned short from) {
  to = heddle_sim::half_to_float(from);
}
static inline void cvt_rn_f16_f32(unsigned short &to, float from) {
  to = heddle_sim::float_to_half(from);
}
static inline void cvt_f32_bf16(float &to, unsigned short from) {
  to = heddle_sim::bfloat_to_float(from);
}
static inline void cvt_rn_bf16_f32(unsigned short &to, float from) {
  to = heddle_sim::float_to_bfloat(from);
}
// d = a in the upper and b in the lower half.
static inline void cvt_rn_f16x2_f32(unsigned &to, float upper, float lower) {
  to = (unsigned)heddle_sim::float_to_half(upper) << 16 | heddle_sim::float_to_half(lower);
}
static inline void cvt_rn_bf16x2_f32(unsigned &to, float upper, float lower) {
  to = (unsigned)heddle_sim::float_to_bfloat(upper) << 16 | heddle_sim::float_to_bfloat(lower);
}
static inline void ex2_approx_ftz_f32(float &to, float from) { to = __builtin_exp2f(from); }
static inline void ex2_approx_f32(float &to, float from) { to = __builtin_exp2f(from); }
static inline void lg2_approx_f32(float &to, float from) { to = __builtin_log2f(from); }
static inline void rcp_approx_ftz_f32(float &to, float from) { to = 1 / from; }
// A hint, of any address.
static inline void prefetch_global_L2(const void *) {}
static inline void tanh_approx_f32(float &to, float from) { to = __builtin_tanhf(from); }

}  // namespace heddle_ptx
