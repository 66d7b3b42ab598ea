// The dialect in OpenCL C 1.2.
#pragma OPENCL FP_CONTRACT OFF
#ifdef USES_F64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double f64;
#endif
typedef char i8;
typedef uchar u8;
typedef short i16;
typedef ushort u16;
typedef int i32;
typedef uint u32;
typedef long i64;
typedef ulong u64;
typedef float f32;

#define KERNEL __kernel void
#define GLOBAL __global
// Where a pointer points: memory of the group. An array of it: SHARED f32 tile[64].
#define LOCAL __local
#define SHARED __local
#define PRIVATE __private
// At once, before loops are unrolled, whose bounds may be a call's arguments.
#define DEVICE __attribute__((always_inline)) static inline
#define GROUP_SIZE(x, y, z) __attribute__((reqd_work_group_size(x, y, z)))
#define UNROLL _Pragma("unroll")
#define HEDDLE_PRAGMA(text) _Pragma(#text)
#define UNROLL_BY(n) HEDDLE_PRAGMA(unroll n)
// Before a loop whose iterations touch nothing of each other's.
#if defined(CPU_DEVICE) && defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT
#endif

#define GROUP_ID(axis) ((i64)get_group_id(axis))
#define GROUPS(axis) ((i64)get_num_groups(axis))
#define LOCAL_ID(axis) ((i32)get_local_id(axis))
#define LOCAL_SIZE(axis) ((i32)get_local_size(axis))
#define GLOBAL_ID(axis) ((i64)get_global_id(axis))
#define GLOBAL_SIZE(axis) ((i64)get_global_size(axis))
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)

// Bits.
#define F32_BITS(x) as_uint(x)
#define BITS_F32(x) as_float(x)
#define F64_BITS(x) as_ulong(x)

// Storage types whose arithmetic is in float32.
#define HALF_TO_F32(address) vload_half(0, (GLOBAL const half *)(address))
#ifdef CPU_DEVICE
// A library's own is a function with branches on some CPUs, which keeps loops from being vectors.
DEVICE u16 heddle_f32_to_half(f32 x) {
  const u32 bits = as_uint(x);
  const u32 size = bits & 0x7fffffffu;
  const u32 normal = (size + 0xfffu + (size >> 13 & 1u) - 0x38000000u) >> 13;
  // Adding 1/2 rounds to multiples of 2^-24, as subnormals are.
  const u32 subnormal = as_uint(as_float(size) + 0.5f) - 0x3f000000u;
  const u32 finite = size < 0x38800000u ? subnormal : size < 0x477ff000u ? normal : 0x7c00u;
  return (u16)((bits >> 16 & 0x8000u) | (size > 0x7f800000u ? 0x7e00u : finite));
}
#define F32_TO_HALF(x, address) (*(GLOBAL u16 *)(address) = heddle_f32_to_half(x))
#else
#define F32_TO_HALF(x, address) vstore_half_rte(x, 0, (GLOBAL half *)(address))
#endif

// The same on both sides of f32 and f64.
#define FMA(a, b, c) fma(a, b, c)
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
#define IS_NAN(x) isnan(x)

// The first of several threads to find *at 0 puts value there.
#define CLAIM(at, value) (atomic_cmpxchg((volatile GLOBAL i32 *)(at), 0, value) == 0)

// Vectors of VEC_LANES floats (4, 8 or 16), for kernels that write them out: vec has + - * / and <.
#ifdef VEC_LANES
#define HEDDLE_LANES2(word, n) word##n
#define HEDDLE_LANES(word, n) HEDDLE_LANES2(word, n)
typedef HEDDLE_LANES(float, VEC_LANES) vec;
#define VEC(x) ((vec)(x))
#define VEC_LOAD(p) HEDDLE_LANES(vload, VEC_LANES)(0, p)
#define VEC_STORE(p, x) HEDDLE_LANES(vstore, VEC_LANES)(x, 0, p)
#define VEC_FMA(a, b, c) fma(a, b, c)
// x in the lanes where the comparison holds, else y.
#define VEC_CHOOSE(comparison, x, y) select(y, x, comparison)
// The lanes' bits, which have <<, and back.
#define VEC_BITS(x) HEDDLE_LANES(as_uint, VEC_LANES)(x)
#define BITS_VEC(x) HEDDLE_LANES(as_float, VEC_LANES)(x)
#endif
