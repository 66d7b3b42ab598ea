// Rows of n5 elements each, where n are the extents of up to six axes: how many there are, the
// coordinates c of row r, and the place of the row's first element under strides s.
#define WALK_ROWS(n) (n##0 * n##1 * n##2 * n##3 * n##4)
#define HEDDLE_AXIS(c, n, k) \
  i64 c##k = 0;              \
  if (n##k != 1) {           \
    c##k = c##_rest % n##k;  \
    c##_rest /= n##k;        \
  }
#define WALK_ROW(c, r, n) \
  i64 c##_rest = (r);     \
  HEDDLE_AXIS(c, n, 4)    \
  HEDDLE_AXIS(c, n, 3)    \
  HEDDLE_AXIS(c, n, 2)    \
  HEDDLE_AXIS(c, n, 1)    \
  HEDDLE_AXIS(c, n, 0)
#define WALK_AT(c, s) (c##0 * s##0 + c##1 * s##1 + c##2 * s##2 + c##3 * s##3 + c##4 * s##4)
