// Strided copies: y[c . t] = x[c . s] for all coordinates c below n. Defined before: BYTES.
#include "four.h"
#include "walk.h"
#include "wide.h"

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
#ifdef PACK
    if (t5 == 1 && s5 == 1) {
      COPY_PACKS(to, from, n5)
    } else
#endif
    {
      EACH(j, 0, n5) { to[j * t5] = from[j * s5]; }
    }
  }
}

// The same where t5 = 1 and s4 = 1: rows become columns, square by square, by way of a square that
// is a group's, or one work-item's on a CPU: what is read and what is written lies in rows.
#define SIDE 32
#ifdef CPU_DEVICE
#define SQUARE
#define SQUARE_BARRIER()
#else
#define SQUARE SHARED
#define SQUARE_BARRIER() BARRIER()
#endif

KERNEL turn(TENSOR(y), TENSOR(x), AXES(n), AXES(t), AXES(s)) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  SQUARE element square[SIDE * (SIDE + 1)];
  const i64 across = (n5 + SIDE - 1) / SIDE;
  const i64 down = (n4 + SIDE - 1) / SIDE;
  const i64 squares = n0 * n1 * n2 * n3 * down * across;
  for (i64 at = GROUP_ID(0); at < squares; at += GROUPS(0)) {
    i64 c_rest = at / across;
    const i64 left = at % across * SIDE;
    const i64 c4 = c_rest % down * SIDE;
    c_rest /= down;
    HEDDLE_AXIS(c, n, 3)
    HEDDLE_AXIS(c, n, 2)
    HEDDLE_AXIS(c, n, 1)
    HEDDLE_AXIS(c, n, 0)
    GLOBAL element *to = y + WALK_AT(c, t) + left;
    GLOBAL const element *from = x + WALK_AT(c, s) + left * s5;
    const i64 height = n4 - c4 < SIDE ? n4 - c4 : SIDE;
    const i64 width = n5 - left < SIDE ? n5 - left : SIDE;
    for (i64 j = LOCAL_ID(1); j < width; j += LOCAL_SIZE(1)) {
      for (i64 i = LOCAL_ID(0); i < height; i += LOCAL_SIZE(0)) {
        square[j * (SIDE + 1) + i] = from[j * s5 + i];
      }
    }
    SQUARE_BARRIER();
    for (i64 i = LOCAL_ID(1); i < height; i += LOCAL_SIZE(1)) {
      for (i64 j = LOCAL_ID(0); j < width; j += LOCAL_SIZE(0)) {
        to[i * t4 + j] = square[j * (SIDE + 1) + i];
      }
    }
    SQUARE_BARRIER();
  }
}
