// CUDA's mathematics: functions overloaded by type, and intrinsics. Those that a GPU approximates
// (__expf and the like) are exact here.
#pragma once
#include "bits.h"

#define HEDDLE_MATH_1(name)                                                     \
  static inline float name(float x) { return __builtin_##name##f(x); }
HEDDLE_MATH_1(exp)
HEDDLE_MATH_1(exp2)
HEDDLE_MATH_1(exp10)
HEDDLE_MATH_1(expm1)
HEDDLE_MATH_1(log)
HEDDLE_MATH_1(log2)
HEDDLE_MATH_1(log10)
HEDDLE_MATH_1(log1p)
HEDDLE_MATH_1(sqrt)
HEDDLE_MATH_1(cbrt)
HEDDLE_MATH_1(sin)
HEDDLE_MATH_1(cos)
HEDDLE_MATH_1(tan)
HEDDLE_MATH_1(sinh)
HEDDLE_MATH_1(cosh)
HEDDLE_MATH_1(tanh)
HEDDLE_MATH_1(asin)
HEDDLE_MATH_1(acos)
HEDDLE_MATH_1(atan)
HEDDLE_MATH_1(asinh)
HEDDLE_MATH_1(acosh)
HEDDLE_MATH_1(atanh)
HEDDLE_MATH_1(erf)
HEDDLE_MATH_1(erfc)
HEDDLE_MATH_1(floor)
HEDDLE_MATH_1(ceil)
HEDDLE_MATH_1(trunc)
HEDDLE_MATH_1(round)
HEDDLE_MATH_1(rint)
HEDDLE_MATH_1(nearbyint)
HEDDLE_MATH_1(fabs)
#undef HEDDLE_MATH_1

#define HEDDLE_MATH_2(name) \
  static inline float name(float x, float y) { return __builtin_##name##f(x, y); }
HEDDLE_MATH_2(pow)
HEDDLE_MATH_2(fmod)
HEDDLE_MATH_2(atan2)
HEDDLE_MATH_2(fmin)
HEDDLE_MATH_2(fmax)
HEDDLE_MATH_2(copysign)
#undef HEDDLE_MATH_2

static inline float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline float ldexp(float x, int n) { return __builtin_ldexpf(x, n); }
// g++ knows those of double (and expf and its like) without a declaration only as builtins.
#define HEDDLE_BUILTIN_1(type, name) extern "C" type name(type) noexcept;
#define HEDDLE_BUILTIN_2(type, name) extern "C" type name(type, type) noexcept;
#define HEDDLE_BOTH_1(name) HEDDLE_BUILTIN_1(double, name) HEDDLE_BUILTIN_1(float, name##f)
#define HEDDLE_BOTH_2(name) HEDDLE_BUILTIN_2(double, name) HEDDLE_BUILTIN_2(float, name##f)
HEDDLE_BOTH_1(exp)
HEDDLE_BOTH_1(exp2)
HEDDLE_BOTH_1(expm1)
HEDDLE_BOTH_1(log)
HEDDLE_BOTH_1(log2)
HEDDLE_BOTH_1(log10)
HEDDLE_BOTH_1(log1p)
HEDDLE_BOTH_1(sqrt)
HEDDLE_BOTH_1(cbrt)
HEDDLE_BOTH_1(sin)
HEDDLE_BOTH_1(cos)
HEDDLE_BOTH_1(tan)
HEDDLE_BOTH_1(sinh)
HEDDLE_BOTH_1(cosh)
HEDDLE_BOTH_1(tanh)
HEDDLE_BOTH_1(asin)
HEDDLE_BOTH_1(acos)
HEDDLE_BOTH_1(atan)
HEDDLE_BOTH_1(asinh)
HEDDLE_BOTH_1(acosh)
HEDDLE_BOTH_1(atanh)
HEDDLE_BOTH_1(erf)
HEDDLE_BOTH_1(erfc)
HEDDLE_BOTH_1(floor)
HEDDLE_BOTH_1(ceil)
HEDDLE_BOTH_1(trunc)
HEDDLE_BOTH_1(round)
HEDDLE_BOTH_1(rint)
HEDDLE_BOTH_1(nearbyint)
HEDDLE_BOTH_1(fabs)
HEDDLE_BOTH_2(pow)
HEDDLE_BOTH_2(fmod)
HEDDLE_BOTH_2(atan2)
HEDDLE_BOTH_2(fmin)
HEDDLE_BOTH_2(fmax)
HEDDLE_BOTH_2(copysign)
#undef HEDDLE_BOTH_1
#undef HEDDLE_BOTH_2
#undef HEDDLE_BUILTIN_1
#undef HEDDLE_BUILTIN_2
extern "C" double fma(double, double, double) noexcept;
extern "C" float fmaf(float, float, float) noexcept;
extern "C" double ldexp(double, int) noexcept;

static inline float rsqrtf(float x) { return 1 / __builtin_sqrtf(x); }
static inline float rsqrt(float x) { return rsqrtf(x); }
static inline double rsqrt(double x) { return 1 / __builtin_sqrt(x); }

#define HEDDLE_LEAST(type)                                                \
  static inline type min(type a, type b) { return b < a ? b : a; }        \
  static inline type max(type a, type b) { return a < b ? b : a; }
HEDDLE_LEAST(int)
HEDDLE_LEAST(unsigned)
HEDDLE_LEAST(long long)
HEDDLE_LEAST(unsigned long long)
#undef HEDDLE_LEAST
// Of a number and a NaN the number, as a GPU has it.
static inline float min(float a, float b) { return __builtin_fminf(a, b); }
static inline float max(float a, float b) { return __builtin_fmaxf(a, b); }
static inline double min(double a, double b) { return __builtin_fmin(a, b); }
static inline double max(double a, double b) { return __builtin_fmax(a, b); }
extern "C" int abs(int) noexcept;

// Rounding to nearest even, never contracted.
static inline float __fmaf_rn(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double __fma_rn(double x, double y, double z) { return __builtin_fma(x, y, z); }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __frcp_rn(float x) { return 1 / x; }
static inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
static inline double __dadd_rn(double x, double y) { return x + y; }
static inline double __dmul_rn(double x, double y) { return x * y; }
static inline double __ddiv_rn(double x, double y) { return x / y; }

static inline float __expf(float x) { return __builtin_expf(x); }
static inline float __exp2f(float x) { return __builtin_exp2f(x); }
static inline float __logf(float x) { return __builtin_logf(x); }
static inline float __log2f(float x) { return __builtin_log2f(x); }
static inline float __sinf(float x) { return __builtin_sinf(x); }
static inline float __cosf(float x) { return __builtin_cosf(x); }
static inline float __tanhf(float x) { return __builtin_tanhf(x); }
static inline float __powf(float x, float y) { return __builtin_powf(x, y); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }

static inline unsigned __float_as_uint(float x) { return heddle_bits<unsigned>(x); }
static inline int __float_as_int(float x) { return heddle_bits<int>(x); }
static inline float __uint_as_float(unsigned x) { return heddle_bits<float>(x); }
static inline float __int_as_float(int x) { return heddle_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return heddle_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return heddle_bits<double>(x); }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
static inline int __clzll(long long x) {
  return x == 0 ? 64 : __builtin_clzll((unsigned long long)x);
}
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; i++) y |= (x >> i & 1) << (31 - i);
  return y;
}
static inline int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
static inline unsigned __umulhi(unsigned a, unsigned b) {
  return (unsigned)((unsigned long long)a * b >> 32);
}
// The four bytes of a and b that the nibbles of selector name.
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const unsigned long long both = (unsigned long long)b << 32 | a;
  unsigned y = 0;
  for (int i = 0; i < 4; i++) {
    const unsigned nibble = selector >> 4 * i & 15;
    unsigned byte = (unsigned)(both >> 8 * (nibble & 7)) & 255;
    if (nibble & 8) byte = byte & 128 ? 255 : 0;
    y |= byte << 8 * i;
  }
  return y;
}
// The sum of c and the products of four signed bytes.
static inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; i++) c += (signed char)(a >> 8 * i) * (signed char)(b >> 8 * i);
  return c;
}
