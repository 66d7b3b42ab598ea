// What follows is the same in every language.

// An operand: memory, and where in it the first element lies, in bytes.
#define TENSOR(name) GLOBAL char *name##_memory, i64 name##_offset
#define OPERAND(type, name) ((GLOBAL type *)(name##_memory + name##_offset))
#define PRESENT(name) (name##_memory != 0)

#define HEDDLE_JOIN2(a, b) a##b
#define HEDDLE_JOIN(a, b) HEDDLE_JOIN2(a, b)

// Storage of each element type, and what it is computed in.
typedef u8 bool_storage;
typedef u8 u8_storage;
typedef i8 i8_storage;
typedef i16 i16_storage;
typedef i32 i32_storage;
typedef i64 i64_storage;
typedef u16 f16_storage;
typedef u16 bf16_storage;
typedef f32 f32_storage;
typedef i32 bool_value;
typedef i32 u8_value;
typedef i32 i8_value;
typedef i32 i16_value;
typedef i32 i32_value;
typedef i64 i64_value;
typedef f32 f16_value;
typedef f32 bf16_value;
typedef f32 f32_value;
#ifdef USES_F64
typedef f64 f64_storage;
typedef f64 f64_value;
#endif

DEVICE f32 bf16_to_f32(u16 bits) { return BITS_F32((u32)bits << 16); }

DEVICE u16 f32_to_bf16(f32 x) {
  u32 bits = F32_BITS(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return (u16)(bits >> 16 | 0x40u);
  }
  return (u16)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// load_T(p, i) and store_T(p, i, x): element i of storage p, as a T_value.
#define HEDDLE_PLAIN(T)                                                                     \
  DEVICE T##_value load_##T(GLOBAL const T##_storage *p, i64 i) { return (T##_value)p[i]; } \
  DEVICE void store_##T(GLOBAL T##_storage *p, i64 i, T##_value x) { p[i] = (T##_storage)x; }
HEDDLE_PLAIN(u8)
HEDDLE_PLAIN(i8)
HEDDLE_PLAIN(i16)
HEDDLE_PLAIN(i32)
HEDDLE_PLAIN(i64)
HEDDLE_PLAIN(f32)
#ifdef USES_F64
HEDDLE_PLAIN(f64)
#endif
DEVICE i32 load_bool(GLOBAL const u8 *p, i64 i) { return p[i] != 0; }
DEVICE void store_bool(GLOBAL u8 *p, i64 i, i32 x) { p[i] = x != 0; }
DEVICE f32 load_f16(GLOBAL const u16 *p, i64 i) { return HALF_TO_F32(p + i); }
DEVICE void store_f16(GLOBAL u16 *p, i64 i, f32 x) { F32_TO_HALF(x, p + i); }
DEVICE f32 load_bf16(GLOBAL const u16 *p, i64 i) { return bf16_to_f32(p[i]); }
DEVICE void store_bf16(GLOBAL u16 *p, i64 i, f32 x) { p[i] = f32_to_bf16(x); }

// For types that are defined before: STORAGE(X), VALUE(X), LOAD(X, p, i), STORE(X, p, i, x).
#define STORAGE(T) HEDDLE_JOIN(T, _storage)
#define VALUE(T) HEDDLE_JOIN(T, _value)
#define LOAD(T, p, i) HEDDLE_JOIN(load_, T)(p, i)
#define STORE(T, p, i, x) HEDDLE_JOIN(store_, T)(p, i, x)

// Elements that are only moved: BYTES of them, if it is defined before.
#define HEDDLE_ELEMENT_1 u8
#define HEDDLE_ELEMENT_2 u16
#define HEDDLE_ELEMENT_4 u32
#define HEDDLE_ELEMENT_8 u64
#ifdef BYTES
typedef HEDDLE_JOIN(HEDDLE_ELEMENT_, BYTES) element;
#endif

// What a run cannot take: the first kernel to find it says where and which value. The words are
// read by RunStatus.
DEVICE void refuse(GLOBAL i64 *status, i32 node, i32 what, i64 value, i64 bound) {
  GLOBAL i32 *words = (GLOBAL i32 *)status;
  if (CLAIM(words, node)) {
    words[1] = what;
    status[1] = value;
    status[2] = bound;
  }
}
#define STATUS GLOBAL i64 *status, i32 node

// Up to six axes, the last one innermost: extents n, the coordinates c of element i, and the place
// of these coordinates under strides s, in elements.
#define AXES(n) i64 n##0, i64 n##1, i64 n##2, i64 n##3, i64 n##4, i64 n##5
#define COORDINATES(c, i, n)                              \
  i64 c##_rest = (i);                                     \
  const i64 c##5 = c##_rest % n##5; c##_rest /= n##5;     \
  const i64 c##4 = c##_rest % n##4; c##_rest /= n##4;     \
  const i64 c##3 = c##_rest % n##3; c##_rest /= n##3;     \
  const i64 c##2 = c##_rest % n##2; c##_rest /= n##2;     \
  const i64 c##1 = c##_rest % n##1; const i64 c##0 = c##_rest / n##1
#define AT(c, s)                                                                  \
  (c##0 * s##0 + c##1 * s##1 + c##2 * s##2 + c##3 * s##3 + c##4 * s##4 + c##5 * s##5)

// A literal of a type that is defined before: NUMBER(REAL, 0.5).
#define HEDDLE_LITERAL_f32(x) x##f
#define HEDDLE_LITERAL_f64(x) x
#define NUMBER(T, x) HEDDLE_JOIN(HEDDLE_LITERAL_, T)(x)

#define F32_INFINITY BITS_F32(0x7f800000u)
#define F32_NAN BITS_F32(0x7fc00000u)

// for (i = ...): an item's share of 0 to n - 1, cut among the items along an axis: on a GPU such
// that neighbours take neighbours, on a CPU a stretch for each. EACH says besides that the order
// does not matter, which lets a CPU's compiler take whole vectors; it stands innermost.
#ifdef CPU_DEVICE
#define SHARE(i, axis, n)                                                            \
  for (i64 i = GLOBAL_ID(axis) * (n) / GLOBAL_SIZE(axis),                            \
           i##_end = (GLOBAL_ID(axis) + 1) * (n) / GLOBAL_SIZE(axis);                \
       i < i##_end; i++)
#else
#define SHARE(i, axis, n) for (i64 i = GLOBAL_ID(axis); i < (n); i += GLOBAL_SIZE(axis))
#endif
#define EACH(i, axis, n) INDEPENDENT SHARE(i, axis, n)
