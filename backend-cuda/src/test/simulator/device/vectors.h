// CUDA's small vectors. Those of a power of two bytes are aligned to their size, as on a GPU, so
// that a misaligned access shows.
#pragma once

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define HEDDLE_VECTORS(type, name)                                                        \
  struct __attribute__((aligned(2 * sizeof(type)))) name##2 {                             \
    type x, y;                                                                            \
  };                                                                                      \
  struct __attribute__((aligned(sizeof(type) * 4 > 16 ? 16 : sizeof(type) * 4))) name##4 { \
    type x, y, z, w;                                                                      \
  };                                                                                      \
  static inline name##2 make_##name##2(type x, type y) { return name##2{x, y}; }          \
  static inline name##4 make_##name##4(type x, type y, type z, type w) {                  \
    return name##4{x, y, z, w};                                                           \
  }
HEDDLE_VECTORS(signed char, char)
HEDDLE_VECTORS(unsigned char, uchar)
HEDDLE_VECTORS(short, short)
HEDDLE_VECTORS(unsigned short, ushort)
HEDDLE_VECTORS(int, int)
HEDDLE_VECTORS(unsigned, uint)
HEDDLE_VECTORS(long long, longlong)
HEDDLE_VECTORS(unsigned long long, ulonglong)
HEDDLE_VECTORS(float, float)
HEDDLE_VECTORS(double, double)
#undef HEDDLE_VECTORS
