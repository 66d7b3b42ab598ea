// The index of the greatest element along an axis, or of the least if SMALLEST; of equal ones the
// first, or the last if LAST_WINS. Defined before: X, and what order.h wants.
#include "rows.h"
#include "order.h"

DEVICE order better(order a, order b) { return b > a ? b : a; }

#ifdef LAST_WINS
#define NO_INDEX -1
DEVICE i64 winner(i64 a, i64 b) { return b > a ? b : a; }
#else
#define NO_INDEX 0x7fffffffffffffff
DEVICE i64 winner(i64 a, i64 b) { return b < a ? b : a; }
#endif

// Along the last axis: first the best element, then the index.
KERNEL arg_rows(TENSOR(y), TENSOR(x), i64 rows, i64 n) {
  ROW_MEMORY(order, shared_orders);
  ROW_MEMORY(i64, shared_indices);
  order orders[ITEM_LANES];
  i64 indices[ITEM_LANES];
  GLOBAL i64 *out = OPERAND(i64, y);
  EACH_ROW(row, rows) {
    const i64 length = row < rows ? n : 0;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row * n;
    FILL_ROW(orders, ORDER_LEAST)
    EACH_ELEMENT(i, k, length, orders[k] = better(orders[k], order_of(LOAD(X, in, i))))
    COMBINE_ROW(better, orders, shared_orders)
    const order best = orders[0];
    FILL_ROW(indices, NO_INDEX)
    EACH_ELEMENT(
        i, k, length,
        indices[k] = winner(indices[k], order_of(LOAD(X, in, i)) == best ? i : NO_INDEX))
    COMBINE_ROW(winner, indices, shared_indices)
    if (LOCAL_ID(0) == 0 && row < rows) {
      out[row] = indices[0];
    }
  }
}

// Along an axis that is not the last: n elements, inner apart. A work-item has COLUMNS neighbours.
KERNEL arg_columns(TENSOR(y), TENSOR(x), i64 outer, i64 n, i64 inner) {
  const i64 pieces = (inner + COLUMNS - 1) / COLUMNS;
  for (i64 piece = GLOBAL_ID(0); piece < outer * pieces; piece += GLOBAL_SIZE(0)) {
    const i64 column = piece % pieces * COLUMNS;
    const i64 width = inner - column < COLUMNS ? inner - column : COLUMNS;
    GLOBAL const STORAGE(X) *in =
        OPERAND(const STORAGE(X), x) + piece / pieces * n * inner + column;
    GLOBAL i64 *out = OPERAND(i64, y) + piece / pieces * inner + column;
    order best[COLUMNS];
    i64 index[COLUMNS];
    for (i32 c = 0; c < COLUMNS; c++) {
      best[c] = ORDER_LEAST;
      index[c] = 0;
    }
    for (i64 j = 0; j < n; j++) {
      for (i32 c = 0; c < COLUMNS; c++) {
        if (c < width) {
          const order own = order_of(LOAD(X, in, j * inner + c));
#ifdef LAST_WINS
          const i32 wins = own >= best[c];
#else
          const i32 wins = own > best[c];
#endif
          best[c] = wins ? own : best[c];
          index[c] = wins ? j : index[c];
        }
      }
    }
    for (i32 c = 0; c < width; c++) {
      out[c] = index[c];
    }
  }
}
