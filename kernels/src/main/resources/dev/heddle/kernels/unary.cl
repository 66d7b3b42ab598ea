// y = KIND(x), element by element. Defined before: X, Y (element types), KIND_..., and where x is a
// float REAL, what it is computed in. Integers are computed in 64 bits, whose low ones stay.
#include "convert.h"
#include "four.h"
#include "wide.h"
#ifdef REAL
#include "activation.h"
#define ARITHMETIC REAL
#else
#define ARITHMETIC i64
DEVICE i64 activate(i64 x) {
#if defined(KIND_NEG)
  return (i64)(0 - (u64)x);
#elif defined(KIND_ABS)
  return x < 0 ? (i64)(0 - (u64)x) : x;
#elif defined(KIND_SIGN)
  return (x > 0) - (x < 0);
#elif defined(KIND_RELU)
  return x < 0 ? 0 : x;
#elif defined(KIND_NOT)
  return x == 0;
#endif
}
#endif

KERNEL unary(TENSOR(y), TENSOR(x), i64 count) {
  GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x);
#define APPLIED(x) CAST(ARITHMETIC, Y, activate((ARITHMETIC)(x)))
#ifdef PACK
  MAP_PACKS(Y, y, X, x, count, APPLIED)
#else
  EACH(i, 0, count) { STORE(Y, y, i, APPLIED(LOAD(X, x, i))); }
#endif
}
