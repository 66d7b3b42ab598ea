// y = x, converted element by element. Defined before: X, Y (element types), and FROM: f32, f64 or
// i64, which holds all of X.
#include "blocks.h"
#include "convert.h"
#include "four.h"
#include "wide.h"

KERNEL convert(TENSOR(y), TENSOR(x), i64 count) {
  GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x);
#define CONVERTED(x) CAST(FROM, Y, (FROM)(x))
#ifdef PACK
  MAP_PACKS(Y, y, X, x, count, CONVERTED)
#else
  EACH(i, 0, count) { STORE(Y, y, i, CONVERTED(LOAD(X, x, i))); }
#endif
}
