// What matmul_panels.cl reads, as f32 from any element type X and any strides. A group takes STEPS
// steps of k, or so many rows; there is one along z for each matrix.

// [k, n] in panels of WIDTH columns: panel after panel, step after step of each, zeros past the
// last column.
KERNEL GROUP_SIZE(1, 1, 1) pack_columns(TENSOR(y), TENSOR(x), i64 k, i64 n, i64 x_matrix, i64 x_k,
    i64 x_column) {
  const i64 column = GROUP_ID(1) * WIDTH;
  const i32 columns = (i32)(n - column < WIDTH ? n - column : WIDTH);
  const i64 begin = GROUP_ID(0) * STEPS;
  const i64 end = begin + STEPS < k ? begin + STEPS : k;
  GLOBAL f32 *y = OPERAND(f32, y) + (GROUP_ID(2) * GROUPS(1) + GROUP_ID(1)) * k * WIDTH;
  GLOBAL const STORAGE(X) *x =
      OPERAND(const STORAGE(X), x) + GROUP_ID(2) * x_matrix + column * x_column;
  for (i64 p = begin; p < end; p++) {
    if (x_column == 1) {
      INDEPENDENT for (i32 c = 0; c < columns; c++) {
        y[p * WIDTH + c] = LOAD(X, x, p * x_k + c);
      }
    } else {
      INDEPENDENT for (i32 c = 0; c < columns; c++) {
        y[p * WIDTH + c] = LOAD(X, x, p * x_k + c * x_column);
      }
    }
    for (i32 c = columns; c < WIDTH; c++) {
      y[p * WIDTH + c] = 0.0f;
    }
  }
}

// [m, k], row by row.
KERNEL GROUP_SIZE(1, 1, 1) pack_rows(TENSOR(y), TENSOR(x), i64 m, i64 k, i64 x_matrix, i64 x_row,
    i64 x_k) {
  const i64 begin = GROUP_ID(0) * STEPS;
  const i64 end = begin + STEPS < m ? begin + STEPS : m;
  GLOBAL f32 *y = OPERAND(f32, y) + GROUP_ID(2) * m * k;
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x) + GROUP_ID(2) * x_matrix;
  for (i64 row = begin; row < end; row++) {
    if (x_k == 1) {
      INDEPENDENT for (i64 p = 0; p < k; p++) {
        y[row * k + p] = LOAD(X, x, row * x_row + p);
      }
    } else {
      INDEPENDENT for (i64 p = 0; p < k; p++) {
        y[row * k + p] = LOAD(X, x, row * x_row + p * x_k);
      }
    }
  }
}
