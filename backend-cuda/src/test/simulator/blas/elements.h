// The element types of cuBLAS (cudaDataType), as what they are computed in.
#pragma once
#include <cstddef>

#include "../device/half.h"

namespace heddle_sim {

enum class Type { F32 = 0, F64 = 1, F16 = 2, BF16 = 14 };

inline size_t bytes_of(Type type) {
  return type == Type::F64 ? 8 : type == Type::F32 ? 4 : 2;
}

inline double load(Type type, const void *base, size_t index) {
  switch (type) {
    case Type::F32: return ((const float *)base)[index];
    case Type::F64: return ((const double *)base)[index];
    case Type::F16: return half_to_float(((const unsigned short *)base)[index]);
    case Type::BF16: return bfloat_to_float(((const unsigned short *)base)[index]);
  }
  return 0;
}

// value is exact in float32 unless the type is F64.
inline void store(Type type, void *base, size_t index, double value) {
  switch (type) {
    case Type::F32: ((float *)base)[index] = (float)value; break;
    case Type::F64: ((double *)base)[index] = value; break;
    case Type::F16: ((unsigned short *)base)[index] = float_to_half((float)value); break;
    case Type::BF16: ((unsigned short *)base)[index] = float_to_bfloat((float)value); break;
  }
}

// As tensor cores take a float32 where tf32 is asked for: 10 bits of fraction, nearest, ties away.
inline float round_to_tf32(float x) {
  const unsigned bits = heddle_bits<unsigned>(x);
  if ((bits & 0x7f800000u) == 0x7f800000u) return x;
  return heddle_bits<float>((bits + 0x1000u) & ~0x1fffu);
}

}  // namespace heddle_sim
