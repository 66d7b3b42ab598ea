// y = condition ? a : b, element by element, all three broadcast to y. Defined before: BYTES.
#include "walk.h"

KERNEL choose(TENSOR(y), TENSOR(condition), TENSOR(a), TENSOR(b), AXES(n), AXES(q), AXES(s),
              AXES(u)) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const u8 *condition = OPERAND(const u8, condition);
  GLOBAL const element *a = OPERAND(const element, a);
  GLOBAL const element *b = OPERAND(const element, b);
  const i64 rows = WALK_ROWS(n);
  SHARE(r, 1, rows) {
    WALK_ROW(c, r, n)
    const i64 y_row = r * n5;
    const i64 q_row = WALK_AT(c, q);
    const i64 a_row = WALK_AT(c, s);
    const i64 b_row = WALK_AT(c, u);
// Both are read whatever the condition, as vectors are.
#define EACH_OF_ROW(first, second)                        \
  EACH(j, 0, n5) {                                        \
    const element left = (first);                         \
    const element right = (second);                       \
    y[y_row + j] = condition[q_row + j * q5] != 0 ? left : right; \
  }
#ifdef CPU_DEVICE
    // Vectors want to know what lies one after another, and what repeats.
    if (s5 == 1 && u5 == 1) {
      EACH_OF_ROW(a[a_row + j], b[b_row + j])
    } else if (s5 == 1 && u5 == 0) {
      const element second = b[b_row];
      EACH_OF_ROW(a[a_row + j], second)
    } else if (s5 == 0 && u5 == 1) {
      const element first = a[a_row];
      EACH_OF_ROW(first, b[b_row + j])
    } else
#endif
    {
      EACH_OF_ROW(a[a_row + j * s5], b[b_row + j * u5])
    }
  }
}
