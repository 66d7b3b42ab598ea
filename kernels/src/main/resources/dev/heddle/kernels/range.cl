// y = start, start + step, ... Defined before: Y (element type).
#include "convert.h"

KERNEL range(TENSOR(y), i64 count, i64 start, i64 step) {
  GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
  EACH(i, 0, count) { STORE(Y, y, i, CAST(i64, Y, start + i * step)); }
}
