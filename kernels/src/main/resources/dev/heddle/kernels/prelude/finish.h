// What ends an element's sum; bias and residual may be absent.
DEVICE void finish(REAL sum, i64 row, i64 column, i64 n, REAL alpha,
                   GLOBAL const STORAGE(BIAS) *bias, i64 bias_row, i64 bias_column,
                   GLOBAL const STORAGE(Y) *residual, GLOBAL STORAGE(Y) *y) {
  REAL x = alpha * sum;
  if (bias) {
    x = FMA(alpha, sum, (REAL)LOAD(BIAS, bias, row * bias_row + column * bias_column));
  }
  x = activate(x);
  if (residual) {
    x = x + (REAL)LOAD(Y, residual, row * n + column);
  }
  STORE(Y, y, row * n + column, (VALUE(Y))x);
}
