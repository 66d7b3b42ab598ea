// Softmax, or its logarithm if LOG_SOFTMAX. Defined before: X, the element type of both.
//
// What GPUs read and write: a row once, where it fits into a group's registers (32 items up to 512
// elements, 512 up to BLOCK); a longer one twice and once, the second time from its end, where the
// device's cache may still have it. Predicted, not measured: a copy's bandwidth where rows fit, two
// thirds of it where they neither fit nor stay in the cache.
#include "four.h"
#include "wide.h"
#include "rows.h"
typedef VALUE(X) value;

// A NaN is not the larger one: the sum finds it.
DEVICE value larger(value a, value b) { return b > a ? b : a; }

DEVICE value plus(value a, value b) { return a + b; }

// What is taken off before exp: of a row that is hidden throughout nothing, so that its sum is 0.
DEVICE value shift(value top) { return top == -F32_INFINITY ? 0 : top; }

#ifdef LOG_SOFTMAX
DEVICE value norm_of(value sum) { return sum == 0 ? 0 : LOG(sum); }
DEVICE value finish(value off, value norm) { return off - norm; }
#else
DEVICE value norm_of(value sum) { return sum == 0 ? 0 : 1 / sum; }
DEVICE value finish(value off, value norm) { return EXP(off) * norm; }
#endif

// The greatest of n elements x, and the sum of exp(x - shift(top)).
#define TOP_AND_SUM(top, sum, x, n, lane, shared)                                   \
  FILL_ROW(lane, -F32_INFINITY)                                                   \
  EACH_ELEMENT(                                                                     \
      i, k, n, lane[k] = larger(lane[k], INSIDE(i, n) ? ELEMENT(X, x, i) : -F32_INFINITY)) \
  COMBINE_ROW(larger, lane, shared)                                               \
  const value top = lane[0];                                                        \
  FILL_ROW(lane, 0)                                                               \
  EACH_ELEMENT(i, k, n, lane[k] += INSIDE(i, n) ? EXP(ELEMENT(X, x, i) - shift(top)) : 0) \
  COMBINE_ROW(plus, lane, shared)                                                 \
  const value sum = lane[0]

// Rows of n elements, n being BLOCK at most.
KERNEL GROUP_KEPT() softmax(TENSOR(y), TENSOR(x), i64 rows, i64 n) {
  ROW_MEMORY(value, shared);
  value lane[ITEM_LANES];
  EACH_ROW(row, rows) {
    const i64 length = row < rows ? n : 0;
    GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + row * n;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row * n;
    READ_ROW(X, in, length)
    TOP_AND_SUM(top, sum, in, length, lane, shared);
    const value off = shift(top);
    const value norm = norm_of(sum);
    STORE_EACH(X, out, i, k, length, lane, finish(ELEMENT(X, in, i) - off, norm))
  }
}

// Longer rows, first: of each block its greatest and its sum, [rows, blocks, 2].
KERNEL GROUP_KEPT() softmax_blocks(TENSOR(partials), TENSOR(x), i64 rows, i64 n, i64 blocks) {
  ROW_MEMORY(value, shared);
  value lane[ITEM_LANES];
  GLOBAL value *out = OPERAND(value, partials);
  EACH_ROW(part, rows * blocks) {
    const i64 row = part / blocks;
    const i64 first = part % blocks * BLOCK;
    const i64 rest = n - first < BLOCK ? n - first : BLOCK;
    const i64 length = row < rows ? rest : 0;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row * n + first;
    READ_ROW(X, in, length)
    TOP_AND_SUM(top, sum, in, length, lane, shared);
    if (LOCAL_ID(0) == 0 && row < rows) {
      out[2 * part] = top;
      out[2 * part + 1] = sum;
    }
  }
}

// Longer rows, second: each block merges all of its row's, in order, and writes its own elements.
// The blocks that were read last come first.
KERNEL GROUP_KEPT() softmax_merge(TENSOR(y), TENSOR(x), TENSOR(partials), i64 rows, i64 n, i64 blocks) {
#ifndef KEPT
  value lane[ITEM_LANES];
#endif
  EACH_ROW(from_end, rows * blocks) {
    const i64 part = rows * blocks - 1 - from_end;
    if (part >= 0) {
      const i64 row = part / blocks;
      GLOBAL const value *partial = OPERAND(const value, partials) + 2 * row * blocks;
      value top = -F32_INFINITY;
      for (i64 b = 0; b < blocks; b++) {
        top = larger(top, partial[2 * b]);
      }
      const value off = shift(top);
      value sum = 0;
      for (i64 b = 0; b < blocks; b++) {
        sum += partial[2 * b + 1] * EXP(partial[2 * b] - off);
      }
      const value norm = norm_of(sum);
      const i64 first = part % blocks * BLOCK;
      const i64 length = n - first < BLOCK ? n - first : BLOCK;
      GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + row * n + first;
      GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row * n + first;
      READ_ROW(X, in, length)
      STORE_EACH(X, out, i, k, length, lane, finish(ELEMENT(X, in, i) - off, norm))
    }
  }
}

// Along an axis that is not the last: n elements, inner apart. A work-item has COLUMNS neighbours.
KERNEL softmax_columns(TENSOR(y), TENSOR(x), i64 outer, i64 n, i64 inner) {
  const i64 pieces = (inner + COLUMNS - 1) / COLUMNS;
  for (i64 piece = GLOBAL_ID(0); piece < outer * pieces; piece += GLOBAL_SIZE(0)) {
    const i64 column = piece % pieces * COLUMNS;
    const i32 width = (i32)(inner - column < COLUMNS ? inner - column : COLUMNS);
    const i64 begin = piece / pieces * n * inner + column;
    GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + begin;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + begin;
    value top[COLUMNS];
    value sum[COLUMNS];
    value part[COLUMNS];
    for (i32 c = 0; c < COLUMNS; c++) {
      top[c] = -F32_INFINITY;
      sum[c] = 0;
    }
    for (i64 j = 0; j < n; j++) {
      for (i32 c = 0; c < COLUMNS; c++) {
        if (c < width) {
          top[c] = larger(top[c], LOAD(X, in, j * inner + c));
        }
      }
    }
    for (i32 c = 0; c < COLUMNS; c++) {
      top[c] = shift(top[c]);
    }
    for (i64 first = 0; first < n; first += COLUMN_BLOCK) {
      const i64 end = n - first < COLUMN_BLOCK ? n : first + COLUMN_BLOCK;
      for (i32 c = 0; c < COLUMNS; c++) {
        part[c] = 0;
      }
      for (i64 j = first; j < end; j++) {
        for (i32 c = 0; c < COLUMNS; c++) {
          if (c < width) {
            part[c] += EXP(LOAD(X, in, j * inner + c) - top[c]);
          }
        }
      }
      for (i32 c = 0; c < COLUMNS; c++) {
        sum[c] += part[c];
      }
    }
    for (i32 c = 0; c < COLUMNS; c++) {
      sum[c] = norm_of(sum[c]);
    }
    for (i64 j = 0; j < n; j++) {
      for (i32 c = 0; c < COLUMNS; c++) {
        if (c < width) {
          const value off = LOAD(X, in, j * inner + c) - top[c];
          STORE(X, out, j * inner + c, finish(off, sum[c]));
        }
      }
    }
  }
}
