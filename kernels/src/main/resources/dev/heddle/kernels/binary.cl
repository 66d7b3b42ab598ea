// y = a KIND b, element by element, a and b broadcast to y: functions and comparisons.
// Defined before: Y, A, B (element types), KIND_..., and where one of a and b is a float REAL, what
// it is computed in. Integers are computed in 64 bits, whose low ones stay; functions of them have
// FAULT_DIVISOR.
#include "convert.h"
#include "four.h"
#include "walk.h"
#include "wide.h"
#ifdef REAL
#define ARITHMETIC REAL
#else
#define ARITHMETIC i64
#endif

#ifdef REAL
DEVICE REAL combine(REAL a, REAL b, STATUS) {
#if defined(KIND_ADD)
  return a + b;
#elif defined(KIND_SUB)
  return a - b;
#elif defined(KIND_MUL)
  return a * b;
#elif defined(KIND_DIV)
  return a / b;
#elif defined(KIND_POW)
#ifdef WHOLE
  // Of an integer: exact wherever the result is.
  if (b >= 0 && b < 64 && b == FLOOR(b)) {
    REAL power = 1;
    for (i32 i = (i32)b; i != 0; i >>= 1, a *= a) {
      power *= (i & 1) == 0 ? 1 : a;
    }
    return power;
  }
#endif
  // What graphs are full of.
  return b == 2 ? a * a : b == NUMBER(REAL, 0.5) && a > 0 ? SQRT(a) : POW(a, b);
#elif defined(KIND_MOD)
  const REAL rest = FMOD(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
#elif defined(KIND_FMOD)
  return FMOD(a, b);
#elif defined(KIND_MIN)
  return a < b || a != a ? a : b;
#elif defined(KIND_MAX)
  return a > b || a != a ? a : b;
#elif defined(KIND_EQUAL)
  return a == b;
#elif defined(KIND_LESS)
  return a < b;
#elif defined(KIND_LESS_OR_EQUAL)
  return a <= b;
#elif defined(KIND_GREATER)
  return a > b;
#elif defined(KIND_GREATER_OR_EQUAL)
  return a >= b;
#endif
}
#else
#ifdef FAULT_DIVISOR
// The divisor, or 1 and the run refused.
DEVICE i64 divisor(i64 b, STATUS) {
  if (b == 0) {
    refuse(status, node, FAULT_DIVISOR, 0, 0);
    return 1;
  }
  return b;
}

// The smallest integer has no quotient by -1.
DEVICE i64 quotient(i64 a, i64 b) { return b == -1 ? (i64)(0 - (u64)a) : a / b; }
DEVICE i64 remainder_of(i64 a, i64 b) { return b == -1 ? 0 : a % b; }
#endif

DEVICE i64 combine(i64 a, i64 b, STATUS) {
#if defined(KIND_ADD)
  return (i64)((u64)a + (u64)b);
#elif defined(KIND_SUB)
  return (i64)((u64)a - (u64)b);
#elif defined(KIND_MUL)
  return (i64)((u64)a * (u64)b);
#elif defined(KIND_DIV)
  return quotient(a, divisor(b, status, node));
#elif defined(KIND_POW)
  if (b < 0) {
    // The whole part of 1 / a^-b.
    const i64 base = divisor(a, status, node);
    return base == 1 || base == -1 ? ((b & 1) == 0 ? 1 : base) : 0;
  }
  u64 power = 1;
  u64 square = (u64)a;
  for (i64 i = b; i != 0; i >>= 1) {
    power *= (i & 1) == 0 ? 1 : square;
    square *= square;
  }
  return (i64)power;
#elif defined(KIND_MOD)
  const i64 by = divisor(b, status, node);
  const i64 rest = remainder_of(a, by);
  return rest != 0 && (rest < 0) != (by < 0) ? rest + by : rest;
#elif defined(KIND_FMOD)
  return remainder_of(a, divisor(b, status, node));
#elif defined(KIND_MIN)
  return a < b ? a : b;
#elif defined(KIND_MAX)
  return a > b ? a : b;
#elif defined(KIND_AND)
  return a & b;
#elif defined(KIND_OR)
  return a | b;
#elif defined(KIND_XOR)
  return a ^ b;
#elif defined(KIND_EQUAL)
  return a == b;
#elif defined(KIND_LESS)
  return a < b;
#elif defined(KIND_LESS_OR_EQUAL)
  return a <= b;
#elif defined(KIND_GREATER)
  return a > b;
#elif defined(KIND_GREATER_OR_EQUAL)
  return a >= b;
#endif
}
#endif

#define LEFT(i) ((ARITHMETIC)LOAD(A, a, i))
#define RIGHT(i) ((ARITHMETIC)LOAD(B, b, i))
#define EACH_OF_ROW(left, right)                                                            \
  EACH(j, 0, n5) {                                                                          \
    STORE(Y, y, y_row + j, CAST(ARITHMETIC, Y, combine((left), (right), status, node)));       \
  }

KERNEL binary(TENSOR(y), TENSOR(a), TENSOR(b), AXES(n), AXES(s), AXES(u), STATUS) {
  GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
  GLOBAL const STORAGE(A) *a = OPERAND(const STORAGE(A), a);
  GLOBAL const STORAGE(B) *b = OPERAND(const STORAGE(B), b);
  const i64 rows = WALK_ROWS(n);
  SHARE(r, 1, rows) {
    WALK_ROW(c, r, n)
    const i64 y_row = r * n5;
    const i64 a_row = WALK_AT(c, s);
    const i64 b_row = WALK_AT(c, u);
#ifdef CPU_DEVICE
    // Vectors want to know what lies one after another, and what repeats.
    if (s5 == 1 && u5 == 1) {
      EACH_OF_ROW(LEFT(a_row + j), RIGHT(b_row + j))
    } else if (s5 == 1 && u5 == 0) {
      const ARITHMETIC right = RIGHT(b_row);
      EACH_OF_ROW(LEFT(a_row + j), right)
    } else if (s5 == 0 && u5 == 1) {
      const ARITHMETIC left = LEFT(a_row);
      EACH_OF_ROW(left, RIGHT(b_row + j))
    } else
#endif
#ifdef PACK
    if (s5 <= 1 && u5 <= 1) {
      const i32 wide_a = s5 == 1 && ALIGNED(A, a + a_row);
      const i32 wide_b = u5 == 1 && ALIGNED(B, b + b_row);
      const i32 wide_y = ALIGNED(Y, y + y_row);
      SHARE(j, 0, PACKS(n5)) {
        const i64 i = j * PACK;
        const i64 rest = n5 - i;
        // What repeats is the first of its pack.
        const PACK_OF(A) left = READ_PACK(A, a + a_row + i * s5, s5 == 1 ? rest : 1, wide_a);
        const PACK_OF(B) right = READ_PACK(B, b + b_row + i * u5, u5 == 1 ? rest : 1, wide_b);
        PACK_OF(Y) to = NO_PACK;
        UNROLL for (i32 k = 0; k < PACK; k++) {
          const REAL of_a = s5 == 1 ? TAKE(A, left, k) : TAKE(A, left, 0);
          const REAL of_b = u5 == 1 ? TAKE(B, right, k) : TAKE(B, right, 0);
          PUT(Y, to, k, CAST(REAL, Y, combine(of_a, of_b, status, node)));
        }
        WRITE_PACK(Y, y + y_row + i, to, rest, wide_y);
      }
    } else
#endif
    {
      EACH_OF_ROW(LEFT(a_row + j * s5), RIGHT(b_row + j * u5))
    }
  }
}
