// The dialect in CUDA C++, for nvcc and NVRTC.
typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#define KERNEL extern "C" __global__ void
#define GLOBAL
// Where a pointer points: memory of the group. An array of it: SHARED f32 tile[64].
#define LOCAL
#define SHARED __shared__
#define PRIVATE
// Not static: what a kernel does not call is no warning then.
#define DEVICE __device__ __forceinline__
#define GROUP_SIZE(x, y, z) __launch_bounds__((x) * (y) * (z))
// So many groups of that size at a time on a multiprocessor: what bounds a kernel's registers.
#define GROUP_RESIDENT(size, groups) __launch_bounds__(size, groups)
#define UNROLL _Pragma("unroll")
#define HEDDLE_PRAGMA(text) _Pragma(#text)
#define UNROLL_BY(n) HEDDLE_PRAGMA(unroll n)
// Before a loop whose iterations touch nothing of each other's.
#define INDEPENDENT

struct heddle_axes {
  static __device__ __forceinline__ u32 of(uint3 v, i32 axis) {
    return axis == 0 ? v.x : axis == 1 ? v.y : v.z;
  }
  static __device__ __forceinline__ u32 of(dim3 v, i32 axis) {
    return axis == 0 ? v.x : axis == 1 ? v.y : v.z;
  }
};
#define GROUP_ID(axis) ((i64)heddle_axes::of(blockIdx, axis))
#define GROUPS(axis) ((i64)heddle_axes::of(gridDim, axis))
#define LOCAL_ID(axis) ((i32)heddle_axes::of(threadIdx, axis))
#define LOCAL_SIZE(axis) ((i32)heddle_axes::of(blockDim, axis))
#define GLOBAL_ID(axis) (GROUP_ID(axis) * LOCAL_SIZE(axis) + LOCAL_ID(axis))
#define GLOBAL_SIZE(axis) (GROUPS(axis) * LOCAL_SIZE(axis))
#define BARRIER() __syncthreads()
// Has memory bring what lies at p nearer.
#define PREFETCH(p) asm volatile("prefetch.global.L2 [%0];" : : "l"(p))
// What another item of 32 neighbours has, all of which ask: the one `by` further, or number `item`.
#define SHUFFLE_DOWN(x, by) __shfl_down_sync(0xffffffffu, x, by)
#define SHUFFLE(x, item) __shfl_sync(0xffffffffu, x, item)

// Bits.
#define F32_BITS(x) __float_as_uint(x)
#define BITS_F32(x) __uint_as_float(x)
#define F64_BITS(x) ((u64)__double_as_longlong(x))

// Storage types whose arithmetic is in float32, through PTX: NVRTC has no headers at hand.
__device__ __forceinline__ f32 heddle_half_to_f32(u16 bits) {
  f32 x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
}
__device__ __forceinline__ u16 heddle_f32_to_half(f32 x) {
  u16 bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}
#define HALF_TO_F32(address) heddle_half_to_f32(*(const u16 *)(address))
#define F32_TO_HALF(x, address) (*(u16 *)(address) = heddle_f32_to_half(x))

// The same on both sides of f32 and f64: nvcc overloads by type.
__device__ __forceinline__ f32 heddle_fma(f32 a, f32 b, f32 c) { return __fmaf_rn(a, b, c); }
__device__ __forceinline__ f64 heddle_fma(f64 a, f64 b, f64 c) { return __fma_rn(a, b, c); }
#define FMA(a, b, c) heddle_fma(a, b, c)
// By the reciprocal, for numbers that are neither large nor small: 2 instructions instead of some 10.
DEVICE f32 heddle_quotient(f32 p, f32 q) {
  f32 inverse;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(q));
  return p * inverse;
}
#define QUOTIENT(p, q) heddle_quotient(p, q)
#define EXP(x) exp(x)
#define LOG(x) log(x)
#define SQRT(x) sqrt(x)
#define TANH(x) tanh(x)
#define ERF(x) erf(x)
#define ERFC(x) erfc(x)
#define SIN(x) sin(x)
#define COS(x) cos(x)
#define POW(x, y) pow(x, y)
#define FLOOR(x) floor(x)
#define CEIL(x) ceil(x)
#define RINT(x) rint(x)
#define FABS(x) fabs(x)
#define FMOD(x, y) fmod(x, y)
#define LOG1P(x) log1p(x)
#define IS_NAN(x) ((x) != (x))

// The first of several threads to find *at 0 puts value there.
#define CLAIM(at, value) (atomicCAS((i32 *)(at), 0, value) == 0)

// Vectors of VEC_LANES floats (4, 8 or 16), for kernels that write them out: vec has + - * / and <.
#ifdef VEC_LANES
struct vec {
  f32 of[VEC_LANES];
  static DEVICE vec splat(f32 x) {
    vec y;
    UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = x;
    return y;
  }
  static DEVICE vec load(const f32 *p) {
    vec y;
    UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = p[i];
    return y;
  }
  static DEVICE void store(f32 *p, const vec &x) {
    UNROLL for (i32 i = 0; i < VEC_LANES; i++) p[i] = x.of[i];
  }
  static DEVICE vec fma(const vec &a, const vec &b, const vec &c) {
    vec y;
    UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = FMA(a.of[i], b.of[i], c.of[i]);
    return y;
  }
};
// The lanes' bits, and what a comparison found.
struct vec_bits {
  u32 of[VEC_LANES];
};
#define HEDDLE_VEC_OPERATOR(result, op)                                      \
  DEVICE result operator op(const vec &a, const vec &b) {                    \
    result y;                                                                \
    UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = a.of[i] op b.of[i]; \
    return y;                                                                \
  }
HEDDLE_VEC_OPERATOR(vec, +)
HEDDLE_VEC_OPERATOR(vec, -)
HEDDLE_VEC_OPERATOR(vec, *)
HEDDLE_VEC_OPERATOR(vec, /)
HEDDLE_VEC_OPERATOR(vec_bits, <)
DEVICE vec_bits operator<<(const vec_bits &a, i32 by) {
  vec_bits y;
  UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = a.of[i] << by;
  return y;
}
DEVICE vec heddle_choose(const vec_bits &which, const vec &a, const vec &b) {
  vec y;
  UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = which.of[i] ? a.of[i] : b.of[i];
  return y;
}
DEVICE vec_bits heddle_bits(const vec &x) {
  vec_bits y;
  UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = F32_BITS(x.of[i]);
  return y;
}
DEVICE vec heddle_vec(const vec_bits &x) {
  vec y;
  UNROLL for (i32 i = 0; i < VEC_LANES; i++) y.of[i] = BITS_F32(x.of[i]);
  return y;
}
#define VEC(x) vec::splat(x)
#define VEC_LOAD(p) vec::load(p)
#define VEC_STORE(p, x) vec::store(p, x)
#define VEC_FMA(a, b, c) vec::fma(a, b, c)
// x in the lanes where the comparison holds, else y.
#define VEC_CHOOSE(comparison, x, y) heddle_choose(comparison, x, y)
// The lanes' bits, which have <<, and back.
#define VEC_BITS(x) heddle_bits(x)
#define BITS_VEC(x) heddle_vec(x)
#endif
