// A value's bits as another type of the same size.
#pragma once

template <class To, class From>
static inline __attribute__((always_inline)) To heddle_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}
