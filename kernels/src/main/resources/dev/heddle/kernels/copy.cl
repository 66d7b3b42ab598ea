// Strided copies: y[c . t] = x[c . s] for all coordinates c below n. Defined before: BYTES.
#include "walk.h"

KERNEL copy(TENSOR(y), TENSOR(x), AXES(n), AXES(t), AXES(s)) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  const i64 rows = WALK_ROWS(n);
  SHARE(r, 1, rows) {
    WALK_ROW(c, r, n)
    GLOBAL element *to = y + WALK_AT(c, t);
    GLOBAL const element *from = x + WALK_AT(c, s);
#ifdef CPU_DEVICE
    // Vectors want to know what lies one after another.
    if (t5 == 1 && s5 == 1) {
      EACH(j, 0, n5) { to[j] = from[j]; }
    } else
#endif
    {
      EACH(j, 0, n5) { to[j * t5] = from[j * s5]; }
    }
  }
}
