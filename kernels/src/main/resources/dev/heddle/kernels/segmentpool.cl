// One row per sequence: [tokens, hidden] to [sequences, hidden]. Defined before: X; KIND_...; BLOCK,
// tokens that are summed at once. A work-item has COLUMNS neighbouring columns of a sequence.
#include "starts.h"
typedef VALUE(X) value;

// With a NaN among them the result is NaN.
DEVICE value larger(value a, value b) { return a > b ? a : b > a ? b : a == b ? a : a + b; }

KERNEL segment_pool(TENSOR(y), TENSOR(x), TENSOR(starts), i64 sequences, i64 tokens, i64 hidden) {
  GLOBAL const i32 *start = OPERAND(const i32, starts);
  const i64 pieces = (hidden + COLUMNS - 1) / COLUMNS;
  for (i64 piece = GLOBAL_ID(0); piece < sequences * pieces; piece += GLOBAL_SIZE(0)) {
    const i64 sequence = piece / pieces;
    const i64 column = piece % pieces * COLUMNS;
    const i64 width = hidden - column < COLUMNS ? hidden - column : COLUMNS;
    i64 from = start_of(start, sequence, tokens);
    i64 to = start_of(start, sequence + 1, tokens);
#if defined(KIND_FIRST)
    to = from < to ? from + 1 : to;
#elif defined(KIND_LAST)
    from = from < to ? to - 1 : from;
#endif
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + column;
    GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + sequence * hidden + column;
    value all[COLUMNS];
    value part[COLUMNS];
    for (i32 c = 0; c < COLUMNS; c++) {
#ifdef KIND_MAX
      all[c] = from < to ? -F32_INFINITY : 0;
#else
      all[c] = 0;
#endif
    }
    for (i64 first = from; first < to; first += BLOCK) {
      const i64 end = to - first < BLOCK ? to : first + BLOCK;
      for (i32 c = 0; c < COLUMNS; c++) {
        part[c] = 0;
      }
      for (i64 token = first; token < end; token++) {
        for (i32 c = 0; c < COLUMNS; c++) {
          if (c < width) {
            const value own = LOAD(X, in, token * hidden + c);
#ifdef KIND_MAX
            all[c] = larger(all[c], own);
#else
            part[c] += own;
#endif
          }
        }
      }
      for (i32 c = 0; c < COLUMNS; c++) {
        all[c] += part[c];
      }
    }
    for (i32 c = 0; c < width; c++) {
#if defined(KIND_MEAN)
      const value pooled = from < to ? all[c] / (to - from) : 0;
#elif defined(KIND_MEAN_SQRT_LENGTH)
      const value pooled = from < to ? all[c] / SQRT((value)(to - from)) : 0;
#else
      const value pooled = all[c];
#endif
      STORE(X, out, c, pooled);
    }
  }
}
