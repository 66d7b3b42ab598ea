// y = activate(alpha a @ b + bias) + residual by tiles in the memory of a group: for GPUs, and for
// types that no other kernel takes. Defined before: A, B, BIAS, Y (element types), REAL (f32 or f64,
// what it is computed in), ROWS and COLUMNS of a tile, ITEM_ROWS and ITEM_COLUMNS of it that an item
// sums, DEPTH of k that is held at a time (a divisor of K_BLOCK), K_BLOCK, KIND_..., BATCHED if
// there may be several products, SPLIT if a group sums one block of k and merge() the blocks.
#include "blocks.h"
#include "matmul.h"
#include "activation.h"
#include "finish.h"
#define ITEMS_DOWN (ROWS / ITEM_ROWS)
#define ITEMS_ACROSS (COLUMNS / ITEM_COLUMNS)
#define ITEMS (ITEMS_DOWN * ITEMS_ACROSS)
// One more than is used: items that write down a column then write to different banks.
#define LEFT_WIDTH (ROWS + 1)
#define RIGHT_WIDTH (COLUMNS + 1)

KERNEL GROUP_SIZE(ITEMS, 1, 1) multiply(TENSOR(y), TENSOR(a), TENSOR(b), TENSOR(bias),
    TENSOR(residual), i64 m, i64 n, i64 k, REAL alpha, i64 a_row, i64 a_k, i64 a_matrix, i64 b_k,
    i64 b_column, i64 b_matrix, i64 bias_row, i64 bias_column, i64 products BATCH) {
  SHARED REAL left[DEPTH * LEFT_WIDTH];
  SHARED REAL right[DEPTH * RIGHT_WIDTH];
  const i32 item = LOCAL_ID(0);
  const i32 across = item % ITEMS_ACROSS;
  const i32 down = item / ITEMS_ACROSS;
  const i64 column0 = GROUP_ID(1) * COLUMNS;
#ifdef SPLIT
  const i64 blocks = (k + K_BLOCK - 1) / K_BLOCK;
  const i64 parts = products * blocks;
#else
  const i64 parts = products;
#endif
  for (i64 part = GROUP_ID(2); part < parts; part += GROUPS(2)) {
#ifdef SPLIT
    const i64 product = part / blocks;
    const i64 begin = part % blocks * K_BLOCK;
    const i64 end = begin + K_BLOCK < k ? begin + K_BLOCK : k;
#else
    const i64 product = part;
    const i64 begin = 0;
    const i64 end = k;
#endif
    BATCH_AT(product);
    const i64 row0 = FIRST_ROW + GROUP_ID(0) * ROWS;
    GLOBAL const STORAGE(A) *a = OPERAND(const STORAGE(A), a) + A_AT * a_matrix;
    GLOBAL const STORAGE(B) *b = OPERAND(const STORAGE(B), b) + B_AT * b_matrix;
    REAL total[ITEM_ROWS][ITEM_COLUMNS];
    REAL sum[ITEM_ROWS][ITEM_COLUMNS];
    UNROLL for (i32 r = 0; r < ITEM_ROWS; r++) {
      UNROLL for (i32 c = 0; c < ITEM_COLUMNS; c++) {
        total[r][c] = 0;
        sum[r][c] = 0;
      }
    }
    for (i64 first = row0 < END_ROW ? begin : end; first < end; first += DEPTH) {
      // Neighbouring items read what lies side by side.
      for (i32 i = item; i < ROWS * DEPTH; i += ITEMS) {
        const i32 r = a_k == 1 ? i / DEPTH : i % ROWS;
        const i32 p = a_k == 1 ? i % DEPTH : i / ROWS;
        REAL x = 0;
        if (row0 + r < END_ROW && first + p < end) {
          x = (REAL)LOAD(A, a, A_ROW(row0 + r) * a_row + (first + p) * a_k);
        }
        left[p * LEFT_WIDTH + r] = x;
      }
      for (i32 i = item; i < COLUMNS * DEPTH; i += ITEMS) {
        const i32 c = b_k == 1 ? i / DEPTH : i % COLUMNS;
        const i32 p = b_k == 1 ? i % DEPTH : i / COLUMNS;
        REAL x = 0;
        if (column0 + c < n && first + p < end) {
          x = (REAL)LOAD(B, b, (first + p) * b_k + (column0 + c) * b_column);
        }
        right[p * RIGHT_WIDTH + c] = x;
      }
      BARRIER();
      for (i32 p = 0; p < DEPTH; p++) {
        REAL x[ITEM_COLUMNS];
        UNROLL for (i32 c = 0; c < ITEM_COLUMNS; c++) {
          x[c] = right[p * RIGHT_WIDTH + across + c * ITEMS_ACROSS];
        }
        UNROLL for (i32 r = 0; r < ITEM_ROWS; r++) {
          const REAL w = left[p * LEFT_WIDTH + down + r * ITEMS_DOWN];
          UNROLL for (i32 c = 0; c < ITEM_COLUMNS; c++) {
            sum[r][c] = FMA(w, x[c], sum[r][c]);
          }
        }
      }
      BARRIER();
      if ((first + DEPTH - begin) % K_BLOCK == 0 || first + DEPTH >= end) {
        UNROLL for (i32 r = 0; r < ITEM_ROWS; r++) {
          UNROLL for (i32 c = 0; c < ITEM_COLUMNS; c++) {
            total[r][c] = total[r][c] + sum[r][c];
            sum[r][c] = 0;
          }
        }
      }
    }
#ifdef SPLIT
    GLOBAL REAL *y = OPERAND(REAL, y) + part * m * n;
#else
    GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y) + Y_AT * m * n;
    GLOBAL const STORAGE(Y) *residual = 0;
    GLOBAL const STORAGE(BIAS) *bias = 0;
    if (PRESENT(residual)) {
      residual = OPERAND(const STORAGE(Y), residual) + Y_AT * m * n;
    }
    if (PRESENT(bias)) {
      bias = OPERAND(const STORAGE(BIAS), bias) + BIAS_AT;
    }
#endif
    UNROLL for (i32 r = 0; r < ITEM_ROWS; r++) {
      UNROLL for (i32 c = 0; c < ITEM_COLUMNS; c++) {
        const i64 row = row0 + down + r * ITEMS_DOWN;
        const i64 column = column0 + across + c * ITEMS_ACROSS;
        if (row < END_ROW && column < n) {
#ifdef SPLIT
          y[row * n + column] = total[r][c];
#else
          finish(total[r][c], Y_ROW(row), column, n, alpha, bias, bias_row, bias_column, residual,
                 y);
#endif
        }
      }
    }
  }
}

#ifndef EXPERTS
// Adds the blocks' sums [products, blocks, m, n] in order.
KERNEL merge(TENSOR(y), TENSOR(sums), TENSOR(bias), TENSOR(residual), i64 m, i64 n, i64 blocks,
    REAL alpha, i64 bias_row, i64 bias_column, i64 products BATCH) {
  GLOBAL const REAL *sums = OPERAND(const REAL, sums);
  SHARE(i, 0, products * m * n) {
    const i64 product = i / (m * n);
    const i64 at = i % (m * n);
    REAL total = 0;
    for (i64 block = 0; block < blocks; block++) {
      total = total + sums[(product * blocks + block) * m * n + at];
    }
    BATCH_AT(product);
    GLOBAL const STORAGE(BIAS) *bias = 0;
    GLOBAL const STORAGE(Y) *residual = 0;
    if (PRESENT(bias)) {
      bias = OPERAND(const STORAGE(BIAS), bias) + BIAS_AT;
    }
    if (PRESENT(residual)) {
      residual = OPERAND(const STORAGE(Y), residual) + product * m * n;
    }
    finish(total, at / n, at % n, n, alpha, bias, bias_row, bias_column, residual,
           OPERAND(STORAGE(Y), y) + product * m * n);
  }
}
#endif
