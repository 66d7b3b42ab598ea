// y = x in the triangle of the last two axes, zero elsewhere. Defined before: BYTES, and UPPER for
// the upper one.

KERNEL triangle(TENSOR(y), TENSOR(x), i64 rows, i64 rowsOfOne, i64 columns, i64 diagonal) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  SHARE(r, 1, rows) {
    const i64 edge = r % rowsOfOne + diagonal;
    const i64 first = r * columns;
    EACH(j, 0, columns) {
#ifdef UPPER
      y[first + j] = j >= edge ? x[first + j] : 0;
#else
      y[first + j] = j <= edge ? x[first + j] : 0;
#endif
    }
  }
}
