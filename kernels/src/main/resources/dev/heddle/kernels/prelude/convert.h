// CAST(S, T, x): x, an S_value, as a T_value, which STORE rounds to nearest even, at once and not
// twice; by the rules of dev.heddle.tensor.Elements. S is f32, f64 or i64.
#define CAST(S, T, x) HEDDLE_JOIN(HEDDLE_JOIN(HEDDLE_JOIN(cast_, S), _), T)(x)

// Truncates towards zero: NaN is 0, and what lies beyond the integers the nearest of them.
#define HEDDLE_I64_MAX ((i64)0x7fffffffffffffff)
#define HEDDLE_TRUNCATE(x, bound)                        \
  ((x) != (x) ? 0                                        \
   : (x) >= (bound) ? HEDDLE_I64_MAX                     \
   : (x) < -(bound) ? -HEDDLE_I64_MAX - 1 : (i64)(x))
DEVICE i64 cast_f32_i64(f32 x) { return HEDDLE_TRUNCATE(x, 9223372036854775808.0f); }

// The float32 next to an integer whose last bit is odd, or the integer itself where it is one:
// rounding that again gives what rounding the integer at once gives (Boldo and Melquiond, 2008).
DEVICE f32 odd_i64(i64 x) {
  const u64 size = x < 0 ? 0 - (u64)x : (u64)x;
  f32 y = (f32)size;
  const u64 nearest = (u64)y;
  const u32 bits = F32_BITS(y);
  if (nearest != size && (bits & 1) == 0) {
    y = BITS_F32(nearest < size ? bits + 1 : bits - 1);
  }
  return x < 0 ? -y : y;
}

#define HEDDLE_TO_INTEGER(T)                                            \
  DEVICE T##_value cast_i64_##T(i64 x) { return (T##_value)x; }           \
  DEVICE T##_value cast_f32_##T(f32 x) { return (T##_value)cast_f32_i64(x); }
HEDDLE_TO_INTEGER(u8)
HEDDLE_TO_INTEGER(i8)
HEDDLE_TO_INTEGER(i16)
HEDDLE_TO_INTEGER(i32)
DEVICE i64 cast_i64_i64(i64 x) { return x; }
DEVICE i32 cast_i64_bool(i64 x) { return x != 0; }
DEVICE i32 cast_f32_bool(f32 x) { return x != 0; }
DEVICE f32 cast_i64_f32(i64 x) { return (f32)x; }
// What float32 rounds is infinite in float16.
DEVICE f32 cast_i64_f16(i64 x) { return (f32)x; }
DEVICE f32 cast_i64_bf16(i64 x) { return odd_i64(x); }
DEVICE f32 cast_f32_f32(f32 x) { return x; }
DEVICE f32 cast_f32_f16(f32 x) { return x; }
DEVICE f32 cast_f32_bf16(f32 x) { return x; }

#ifdef USES_F64
DEVICE i64 cast_f64_i64(f64 x) { return HEDDLE_TRUNCATE(x, 9223372036854775808.0); }

// As of an integer.
DEVICE f32 odd_f64(f64 x) {
  const f32 y = (f32)x;
  const u32 bits = F32_BITS(y);
  if ((f64)y == x || x != x || (bits & 1) != 0 || (bits & 0x7fffffffu) == 0x7f800000u) {
    return y;
  }
  // Towards x: away from zero where x is the larger. Zero has an even last bit too.
  const f64 size = x < 0 ? -x : x;
  const f64 nearest = y < 0 ? -(f64)y : (f64)y;
  const u32 odd = nearest < size ? (bits & 0x7fffffffu) + 1 : (bits & 0x7fffffffu) - 1;
  return BITS_F32(odd | (x < 0 ? 0x80000000u : 0));
}

#define HEDDLE_F64_TO_INTEGER(T) \
  DEVICE T##_value cast_f64_##T(f64 x) { return (T##_value)cast_f64_i64(x); }
HEDDLE_F64_TO_INTEGER(u8)
HEDDLE_F64_TO_INTEGER(i8)
HEDDLE_F64_TO_INTEGER(i16)
HEDDLE_F64_TO_INTEGER(i32)
DEVICE i32 cast_f64_bool(f64 x) { return x != 0; }
DEVICE f32 cast_f64_f32(f64 x) { return (f32)x; }
DEVICE f32 cast_f64_f16(f64 x) { return odd_f64(x); }
DEVICE f32 cast_f64_bf16(f64 x) { return odd_f64(x); }
DEVICE f64 cast_f64_f64(f64 x) { return x; }
DEVICE f64 cast_f32_f64(f32 x) { return (f64)x; }
DEVICE f64 cast_i64_f64(i64 x) { return (f64)x; }
#endif
