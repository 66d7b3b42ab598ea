// Layer norm, or RMS norm if not CENTRED. Defined before: X, the element type of x, skip, y and sum;
// SCALE and, where there is one, BIAS, types of the parameters; HAS_SKIP, HAS_SUM.
#include "rows.h"
typedef VALUE(X) value;

DEVICE value plus(value a, value b) { return a + b; }

#ifdef HAS_SKIP
#define ADDED(i) (LOAD(X, in, i) + LOAD(X, add, i))
#else
#define ADDED(i) LOAD(X, in, i)
#endif
#ifdef BIAS
#define SHIFT(i) +(value)LOAD(BIAS, shifts, bias_step *(i))
#else
#define SHIFT(i)
#endif

// Parameters have a number for each of n columns, or one for all: steps of 1 or 0.
KERNEL norm_rows(
    TENSOR(y), TENSOR(sum), TENSOR(x), TENSOR(skip), TENSOR(scale), TENSOR(bias), i64 rows, i64 n,
    i64 scale_step, i64 bias_step, value epsilon) {
  ROW_MEMORY(value, shared);
  value lane[ITEM_LANES];
  GLOBAL const STORAGE(SCALE) *scales = OPERAND(const STORAGE(SCALE), scale);
#ifdef BIAS
  GLOBAL const STORAGE(BIAS) *shifts = OPERAND(const STORAGE(BIAS), bias);
#endif
  EACH_ROW(row, rows) {
    const i64 length = row < rows ? n : 0;
    GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + row * n;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row * n;
#ifdef HAS_SKIP
    GLOBAL const STORAGE(X) *add = OPERAND(const STORAGE(X), skip) + row * n;
#endif
#ifdef HAS_SUM
    GLOBAL STORAGE(X) *kept = OPERAND(STORAGE(X), sum) + row * n;
#endif
#ifdef CENTRED
    FILL_ROW(lane, 0)
    EACH_ELEMENT(i, k, length, lane[k] += ADDED(i))
    COMBINE_ROW(plus, lane, shared)
    const value near = lane[0] / n;
    // The mean's own rounding shows in the sum of what is left, and is taken off again.
    FILL_ROW(lane, 0)
    EACH_ELEMENT(i, k, length, lane[k] += ADDED(i) - near)
    COMBINE_ROW(plus, lane, shared)
    const value mean = near + lane[0] / n;
#else
    const value mean = 0;
#endif
    FILL_ROW(lane, 0)
    EACH_ELEMENT(
        i, k, length, const value d = ADDED(i) - mean; lane[k] = FMA(d, d, lane[k]))
    COMBINE_ROW(plus, lane, shared)
    const value factor = 1 / SQRT(lane[0] / n + epsilon);
#ifdef HAS_SUM
    STORE_EACH(X, kept, i, k, length, lane, ADDED(i))
#endif
    STORE_EACH(
        X, out, i, k, length, lane,
        (ADDED(i) - mean) * factor * (value)LOAD(SCALE, scales, scale_step * i) SHIFT(i))
  }
}
