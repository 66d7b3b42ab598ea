// y = activate(alpha a @ b + bias) + residual by tiles that stay in registers: for CPUs, a group of
// one item. a is f32, a row's elements adjacent; b lies in panels of WIDTH columns, as
// matmul_pack.cl leaves it. Defined before: Y, BIAS (element types), ROWS of a tile, VEC_LANES of a
// vector and VECTORS of a tile's row, K_BLOCK, REAL f32, KIND_..., and BATCHED if there may be
// several products.
#include "matmul.h"
#include "activation.h"
#define WIDTH (VECTORS * VEC_LANES)

// Products of `rows` rows from row on, all by one panel. The last of them stands in for those up to
// `height`: a loop of fixed length is unrolled, and its sums stay in registers.
DEVICE void multiply_rows(i32 height, i64 row, i32 rows, GLOBAL const f32 *a, i64 a_row,
                          GLOBAL const f32 *b, i64 k, PRIVATE f32 *sums ORDER_PARAMETERS) {
  for (i64 first = 0; first == 0 || first < k; first += K_BLOCK) {
    const i64 last = first + K_BLOCK < k ? first + K_BLOCK : k;
    vec sum[ROWS][VECTORS];
    i64 at[ROWS];
    UNROLL for (i32 r = 0; r < height; r++) {
      at[r] = A_ROW(row + (r < rows ? r : rows - 1)) * a_row;
      UNROLL for (i32 v = 0; v < VECTORS; v++) {
        sum[r][v] = VEC(0.0f);
      }
    }
    for (i64 p = first; p < last; p++) {
      vec right[VECTORS];
      UNROLL for (i32 v = 0; v < VECTORS; v++) {
        right[v] = VEC_LOAD(b + p * WIDTH + v * VEC_LANES);
      }
      UNROLL for (i32 r = 0; r < height; r++) {
        const vec left = VEC(a[at[r] + p]);
        UNROLL for (i32 v = 0; v < VECTORS; v++) {
          sum[r][v] = VEC_FMA(left, right[v], sum[r][v]);
        }
      }
    }
    UNROLL for (i32 r = 0; r < height; r++) {
      UNROLL for (i32 v = 0; v < VECTORS; v++) {
        PRIVATE f32 *to = sums + r * WIDTH + v * VEC_LANES;
        VEC_STORE(to, first == 0 ? sum[r][v] : VEC_LOAD(to) + sum[r][v]);
      }
    }
  }
}

// A group computes `chunk` rows by one panel.
KERNEL GROUP_SIZE(1, 1, 1) multiply(TENSOR(y), TENSOR(a), TENSOR(b), TENSOR(bias),
    TENSOR(residual), i64 m, i64 n, i64 k, f32 alpha, i64 a_row, i64 a_matrix, i64 b_matrix,
    i64 bias_row, i64 bias_column, i64 chunk BATCH) {
  const i64 product = GROUP_ID(2);
  BATCH_AT(product);
  const i64 column = GROUP_ID(0) * WIDTH;
  const i32 columns = (i32)(n - column < WIDTH ? n - column : WIDTH);
  GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y) + Y_AT * m * n + column;
  GLOBAL const STORAGE(Y) *residual = OPERAND(const STORAGE(Y), residual) + Y_AT * m * n + column;
  GLOBAL const f32 *a = OPERAND(const f32, a) + A_AT * a_matrix;
  GLOBAL const f32 *b = OPERAND(const f32, b) + B_AT * b_matrix + column * k;
  GLOBAL const STORAGE(BIAS) *bias =
      OPERAND(const STORAGE(BIAS), bias) + BIAS_AT + column * bias_column;
  const i64 begin = FIRST_ROW + GROUP_ID(1) * chunk;
  const i64 end = begin + chunk < END_ROW ? begin + chunk : END_ROW;
  PRIVATE f32 sums[ROWS * WIDTH];
  i32 rows;
  for (i64 row = begin; row < end; row += rows) {
    rows = end - row < ROWS ? (i32)(end - row) : ROWS;
    if (rows > 2) {
      multiply_rows(ROWS, row, rows, a, a_row, b, k, sums ORDER);
    } else {
      rows = 1;
      multiply_rows(1, row, 1, a, a_row, b, k, sums ORDER);
    }
    for (i32 r = 0; r < rows; r++) {
      // Loops without a choice in them, which become vectors.
      PRIVATE f32 *x = sums + r * WIDTH;
      const i64 at = Y_ROW(row + r) * n;
      if (PRESENT(bias)) {
        GLOBAL const STORAGE(BIAS) *add = bias + (row + r) * bias_row;
        INDEPENDENT for (i32 c = 0; c < columns; c++) {
          x[c] = FMA(alpha, x[c], LOAD(BIAS, add, c * bias_column));
        }
      } else {
        INDEPENDENT for (i32 c = 0; c < WIDTH; c++) {
          x[c] = alpha * x[c];
        }
      }
      INDEPENDENT for (i32 c = 0; c < WIDTH; c++) {
        x[c] = activate(x[c]);
      }
      if (PRESENT(residual)) {
        INDEPENDENT for (i32 c = 0; c < columns; c++) {
          x[c] = x[c] + LOAD(Y, residual, at + c);
        }
      }
      INDEPENDENT for (i32 c = 0; c < columns; c++) {
        STORE(Y, y, at + c, x[c]);
      }
    }
  }
}
