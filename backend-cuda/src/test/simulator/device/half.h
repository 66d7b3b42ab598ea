// float16 and bfloat16 as the bits they are stored in, rounded to nearest even.
#pragma once
#include "bits.h"

namespace heddle_sim {

static inline float half_to_float(unsigned short bits) {
#ifdef __F16C__
  return __builtin_ia32_vcvtph2ps(
      (__attribute__((vector_size(16))) short){(short)bits, 0, 0, 0, 0, 0, 0, 0})[0];
#else
  const unsigned sign = (bits & 0x8000u) << 16;
  const unsigned size = bits & 0x7fffu;
  if (size >= 0x7c00u) return heddle_bits<float>(sign | 0x7f800000u | (size & 0x3ffu) << 13);
  // As a float32 of the same digits, 2^112 times too small: subnormals come out right too.
  const float y = heddle_bits<float>(size << 13) * 0x1p112f;
  return heddle_bits<float>(heddle_bits<unsigned>(y) | sign);
#endif
}

static inline unsigned short float_to_half(float x) {
  const unsigned bits = heddle_bits<unsigned>(x);
  const unsigned size = bits & 0x7fffffffu;
  unsigned half;
  if (size > 0x7f800000u) {
    half = 0x7fffu;  // What cvt makes of any NaN.
    return (unsigned short)half;
  } else if (size >= 0x477ff000u) {
    half = 0x7c00u;
  } else if (size >= 0x38800000u) {
    half = (size + 0xfffu + (size >> 13 & 1u) - 0x38000000u) >> 13;
  } else {
    // Adding 1/2 rounds to multiples of 2^-24, as subnormals are.
    half = heddle_bits<unsigned>(heddle_bits<float>(size) + 0.5f) - 0x3f000000u;
  }
  return (unsigned short)((bits >> 16 & 0x8000u) | half);
}

static inline float bfloat_to_float(unsigned short bits) {
  return heddle_bits<float>((unsigned)bits << 16);
}

static inline unsigned short float_to_bfloat(float x) {
  const unsigned bits = heddle_bits<unsigned>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffu;
  return (unsigned short)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace heddle_sim
