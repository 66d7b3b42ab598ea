// PACK neighbours at a time, in accesses of 16 bytes, or of what they take, where they lie at a
// multiple of that; element by element elsewhere. Behind four.h. Defined before: PACK (4, 8 or 16),
// on GPUs, or nothing of this is there.
//
// READ_PACK(T, p, count, wide) gives the first PACK of count elements, zeros behind them, and
// WRITE_PACK stores no more than count; wide is ALIGNED of a place that is PACKs away. What is moved
// is bits, for elements of up to 4 bytes: TAKE(T, x, k) is element k as a T_value, PUT adds one to a
// pack that began as NO_PACK. k is known when loops are unrolled, so that packs stay in registers.
#ifdef PACK
typedef uint2 u32x2;

#define HEDDLE_BITS_bool u8
#define HEDDLE_BITS_u8 u8
#define HEDDLE_BITS_i8 u8
#define HEDDLE_BITS_i16 u16
#define HEDDLE_BITS_u16 u16
#define HEDDLE_BITS_f16 u16
#define HEDDLE_BITS_bf16 u16
#define HEDDLE_BITS_i32 u32
#define HEDDLE_BITS_u32 u32
#define HEDDLE_BITS_f32 u32
#define HEDDLE_BITS(T) HEDDLE_JOIN(HEDDLE_BITS_, T)
#define HEDDLE_PACK_BYTES(B) (PACK * (i32)sizeof(B))

#define HEDDLE_PACKS(B)                                                              \
  typedef struct {                                                                   \
    u32 of[HEDDLE_PACK_BYTES(B) < 16 ? 4 : HEDDLE_PACK_BYTES(B) / 4];                \
  } B##_pack;                                                                        \
  DEVICE B##_pack read_##B(GLOBAL const B *p, i64 count, i32 wide) {                 \
    B##_pack x = NO_PACK;                                                            \
    if (wide && count >= PACK) {                                                     \
      if (HEDDLE_PACK_BYTES(B) == 4) {                                               \
        x.of[0] = *(GLOBAL const u32 *)p;                                            \
      } else if (HEDDLE_PACK_BYTES(B) == 8) {                                        \
        const u32x2 two = *(GLOBAL const u32x2 *)p;                                  \
        x.of[0] = two.x;                                                             \
        x.of[1] = two.y;                                                             \
      }                                                                              \
      UNROLL for (i32 i = 0; i < HEDDLE_PACK_BYTES(B) / 16; i++) {                   \
        const u32x4 four = ((GLOBAL const u32x4 *)p)[i];                             \
        x.of[4 * i] = four.x;                                                        \
        x.of[4 * i + 1] = four.y;                                                    \
        x.of[4 * i + 2] = four.z;                                                    \
        x.of[4 * i + 3] = four.w;                                                    \
      }                                                                              \
    } else {                                                                         \
      UNROLL for (i32 k = 0; k < PACK; k++) {                                        \
        HEDDLE_PUT(B, x, k, k < count ? p[k] : 0);                                   \
      }                                                                              \
    }                                                                                \
    return x;                                                                        \
  }                                                                                  \
  DEVICE void write_##B(GLOBAL B *p, B##_pack x, i64 count, i32 wide) {              \
    if (wide && count >= PACK) {                                                     \
      if (HEDDLE_PACK_BYTES(B) == 4) {                                               \
        *(GLOBAL u32 *)p = x.of[0];                                                  \
      } else if (HEDDLE_PACK_BYTES(B) == 8) {                                        \
        u32x2 two;                                                                   \
        two.x = x.of[0];                                                             \
        two.y = x.of[1];                                                             \
        *(GLOBAL u32x2 *)p = two;                                                    \
      }                                                                              \
      UNROLL for (i32 i = 0; i < HEDDLE_PACK_BYTES(B) / 16; i++) {                   \
        u32x4 four;                                                                  \
        four.x = x.of[4 * i];                                                        \
        four.y = x.of[4 * i + 1];                                                    \
        four.z = x.of[4 * i + 2];                                                    \
        four.w = x.of[4 * i + 3];                                                    \
        ((GLOBAL u32x4 *)p)[i] = four;                                               \
      }                                                                              \
    } else {                                                                         \
      UNROLL for (i32 k = 0; k < PACK; k++) {                                        \
        if (k < count) {                                                             \
          p[k] = HEDDLE_TAKE(B, x, k);                                               \
        }                                                                            \
      }                                                                              \
    }                                                                                \
  }
#define NO_PACK {{0}}
#define HEDDLE_TAKE(B, x, k) \
  ((B)((x).of[(k) * (i32)sizeof(B) / 4] >> (k) * (i32)sizeof(B) % 4 * 8))
#define HEDDLE_PUT(B, x, k, bits) \
  ((x).of[(k) * (i32)sizeof(B) / 4] |= (u32)(bits) << (k) * (i32)sizeof(B) % 4 * 8)
HEDDLE_PACKS(u8)
HEDDLE_PACKS(u16)
HEDDLE_PACKS(u32)

DEVICE i32 value_of_bool(u8 bits) { return bits != 0; }
DEVICE i32 value_of_u8(u8 bits) { return bits; }
DEVICE i32 value_of_i8(u8 bits) { return (i8)bits; }
DEVICE i32 value_of_i16(u16 bits) { return (i16)bits; }
DEVICE i32 value_of_i32(u32 bits) { return (i32)bits; }
DEVICE f32 value_of_f32(u32 bits) { return BITS_F32(bits); }
DEVICE f32 value_of_bf16(u16 bits) { return bf16_to_f32(bits); }
DEVICE u8 bits_of_bool(i32 x) { return x != 0; }
DEVICE u8 bits_of_u8(i32 x) { return (u8)x; }
DEVICE u8 bits_of_i8(i32 x) { return (u8)x; }
DEVICE u16 bits_of_i16(i32 x) { return (u16)x; }
DEVICE u32 bits_of_i32(i32 x) { return (u32)x; }
DEVICE u32 bits_of_f32(f32 x) { return F32_BITS(x); }
// Of a number that is not in memory each language has its own.
#ifdef __OPENCL_VERSION__
DEVICE u16 bits_of_bf16(f32 x) { return f32_to_bf16(x); }
DEVICE f32 value_of_f16(u16 bits) { return vload_half(0, (PRIVATE const half *)&bits); }
DEVICE u16 bits_of_f16(f32 x) {
  u16 bits;
  vstore_half_rte(x, 0, (PRIVATE half *)&bits);
  return bits;
}
#else
// One instruction where the portable way takes seven, which in 16 bits a copy's bandwidth leaves no
// room for.
DEVICE u16 bits_of_bf16(f32 x) {
  u16 bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}
DEVICE f32 value_of_f16(u16 bits) { return heddle_half_to_f32(bits); }
DEVICE u16 bits_of_f16(f32 x) { return heddle_f32_to_half(x); }
#endif

#define PACK_OF(T) HEDDLE_JOIN(HEDDLE_BITS(T), _pack)
#define ALIGNED(T, p)                                                                   \
  (((u64)(p) & (HEDDLE_PACK_BYTES(HEDDLE_BITS(T)) < 16                                  \
                    ? HEDDLE_PACK_BYTES(HEDDLE_BITS(T)) - 1 : 15)) == 0)
#define READ_PACK(T, p, count, wide) \
  HEDDLE_JOIN(read_, HEDDLE_BITS(T))((GLOBAL const HEDDLE_BITS(T) *)(p), count, wide)
#define WRITE_PACK(T, p, x, count, wide) \
  HEDDLE_JOIN(write_, HEDDLE_BITS(T))((GLOBAL HEDDLE_BITS(T) *)(p), x, count, wide)
#define TAKE(T, x, k) HEDDLE_JOIN(value_of_, T)(HEDDLE_TAKE(HEDDLE_BITS(T), x, k))
#define PUT(T, x, k, value) \
  HEDDLE_PUT(HEDDLE_BITS(T), x, k, HEDDLE_JOIN(bits_of_, T)(value))
#define PACKS(n) (((n) + PACK - 1) / PACK)

// y[i] = f(x[i]) for each element i of n, cut among the items along x; y may be x.
#define MAP_PACKS(Y, y, X, x, n, f)                                              \
  {                                                                              \
    const i32 wide = ALIGNED(X, x) && ALIGNED(Y, y);                             \
    SHARE(pack, 0, PACKS(n)) {                                                   \
      const i64 begin = pack * PACK;                                             \
      const PACK_OF(X) given = READ_PACK(X, (x) + begin, (n) - begin, wide);     \
      PACK_OF(Y) made = NO_PACK;                                                 \
      UNROLL for (i32 k = 0; k < PACK; k++) {                                    \
        PUT(Y, made, k, f(TAKE(X, given, k)));                                   \
      }                                                                          \
      WRITE_PACK(Y, (y) + begin, made, (n) - begin, wide);                       \
    }                                                                            \
  }

// y[i] = x[i] for each element i of n, elements being of BYTES.
#define ELEMENT_BITS HEDDLE_JOIN(HEDDLE_ELEMENT_, BYTES)
#define COPY_PACKS(y, x, n)                                                      \
  {                                                                              \
    const i32 wide = ALIGNED(ELEMENT_BITS, x) && ALIGNED(ELEMENT_BITS, y);       \
    SHARE(pack, 0, PACKS(n)) {                                                   \
      const i64 begin = pack * PACK;                                             \
      WRITE_PACK(ELEMENT_BITS, (y) + begin,                                      \
                 READ_PACK(ELEMENT_BITS, (x) + begin, (n) - begin, wide),        \
                 (n) - begin, wide);                                             \
    }                                                                            \
  }
#endif
