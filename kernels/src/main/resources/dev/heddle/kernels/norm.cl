// Layer norm, or RMS norm if not CENTRED. Defined before: X, the element type of x, skip, y and sum;
// SCALE and, where there is one, BIAS, types of the parameters; HAS_SKIP, HAS_SUM.
//
// What GPUs read and write: each row once, where it fits into a group's registers (32 items up to 512
// elements, 512 up to 8192), and parameters from the nearest cache. Predicted, not measured: a copy's
// bandwidth, as 32 KiB or more of a multiprocessor's rows are under way at a time.
#include "four.h"
#include "wide.h"
#include "rows.h"
typedef VALUE(X) value;

DEVICE value plus(value a, value b) { return a + b; }

#ifdef HAS_SKIP
#define ADDED(i) (ELEMENT(X, in, i) + ELEMENT(X, add, i))
#else
#define ADDED(i) ELEMENT(X, in, i)
#endif
// Where rows are kept, so are parameters, which have a number for each column.
#ifdef KEPT
#define PARAMETER(T, x, step, i) (value)ELEMENT(T, x, i)
#else
#define PARAMETER(T, x, step, i) (value)LOAD(T, x, step *(i))
#endif
#ifdef BIAS
#define SHIFT(i) +PARAMETER(BIAS, shifts, bias_step, i)
#else
#define SHIFT(i)
#endif

// Parameters have a number for each of n columns, or one for all: steps of 1 or 0.
KERNEL GROUP_KEPT() norm_rows(
    TENSOR(y), TENSOR(sum), TENSOR(x), TENSOR(skip), TENSOR(scale), TENSOR(bias), i64 rows, i64 n,
    i64 scale_step, i64 bias_step, value epsilon) {
  ROW_MEMORY(value, shared);
  value lane[ITEM_LANES];
  GLOBAL const STORAGE(SCALE) *scales = OPERAND(const STORAGE(SCALE), scale);
#ifdef BIAS
  GLOBAL const STORAGE(BIAS) *shifts = OPERAND(const STORAGE(BIAS), bias);
#endif
  EXPECT_ROW(SCALE, scales, n)
#ifdef BIAS
  EXPECT_ROW(BIAS, shifts, n)
#endif
  EACH_ROW(row, rows) {
    const i64 length = row < rows ? n : 0;
    GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + row * n;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row * n;
    READ_ROW(X, in, length)
#ifdef HAS_SKIP
    GLOBAL const STORAGE(X) *add = OPERAND(const STORAGE(X), skip) + row * n;
    READ_ROW(X, add, length)
#endif
#ifdef HAS_SUM
    GLOBAL STORAGE(X) *kept = OPERAND(STORAGE(X), sum) + row * n;
    STORE_EACH(X, kept, i, k, length, lane, ADDED(i))
#endif
#ifdef CENTRED
    FILL_ROW(lane, 0)
    EACH_ELEMENT(i, k, length, lane[k] += ADDED(i))
    COMBINE_ROW(plus, lane, shared)
    const value near = lane[0] / n;
    // The mean's own rounding shows in the sum of what is left, and is taken off again.
    FILL_ROW(lane, 0)
    EACH_ELEMENT(i, k, length, lane[k] += INSIDE(i, length) ? ADDED(i) - near : 0)
    COMBINE_ROW(plus, lane, shared)
    const value mean = near + lane[0] / n;
#else
    const value mean = 0;
#endif
    FILL_ROW(lane, 0)
    EACH_ELEMENT(
        i, k, length, const value d = INSIDE(i, length) ? ADDED(i) - mean : 0;
        lane[k] = FMA(d, d, lane[k]))
    COMBINE_ROW(plus, lane, shared)
    const value factor = 1 / SQRT(lane[0] / n + epsilon);
    READ_ROW(SCALE, scales, n)
#if defined(KEPT) && defined(BIAS)
    value scaled[KEPT];
    EACH_ELEMENT(
        i, k, length, scaled[i_kept] = (ADDED(i) - mean) * factor * (value)ELEMENT(SCALE, scales, i))
    READ_ROW(BIAS, shifts, n)
    STORE_EACH(X, out, i, k, length, lane, scaled[i_kept] + (value)ELEMENT(BIAS, shifts, i))
#else
    STORE_EACH(
        X, out, i, k, length, lane,
        (ADDED(i) - mean) * factor * PARAMETER(SCALE, scales, scale_step, i) SHIFT(i))
#endif
  }
}
