// Combines elements along some axes. Defined before: X, the element type; ACC, the type it is
// accumulated in; INTEGERS if that is i64; KIND_...; BLOCK, elements that are combined at once: of
// more, blocks are merged in order.
#include "rows.h"
typedef ACC acc;

// The sum of exponentials is that of differences from the greatest.
#if defined(KIND_LOG_SUM_EXP)
#define NEEDS_TOP
#define NO_TOP -F32_INFINITY
#else
#define NO_TOP 0
#endif

#ifdef INTEGERS
DEVICE acc plus(acc a, acc b) { return (i64)((u64)a + (u64)b); }
DEVICE acc times(acc a, acc b) { return (i64)((u64)a * (u64)b); }
DEVICE acc larger(acc a, acc b) { return b > a ? b : a; }
DEVICE acc smaller(acc a, acc b) { return b < a ? b : a; }
#else
DEVICE acc plus(acc a, acc b) { return a + b; }
DEVICE acc times(acc a, acc b) { return a * b; }
// With a NaN among them the result is NaN; of zeros the positive one is larger.
DEVICE acc larger(acc a, acc b) {
  return a > b ? a : b > a ? b : a == b && a != 0 ? a : a + b;
}
DEVICE acc smaller(acc a, acc b) {
  return a < b ? a : b < a ? b : a == b && a != 0 ? a : -(-a - b);
}
#endif

// What nothing gives, and how two results become one.
#if defined(KIND_MAX)
#define START LEAST
#define COMBINE larger
#elif defined(KIND_MIN)
#define START GREATEST
#define COMBINE smaller
#elif defined(KIND_PROD)
#define START 1
#define COMBINE times
#else
#define START 0
#define COMBINE plus
#endif

// What an element gives; top is the greatest of its row, or what stands for it.
DEVICE acc term(acc x, acc top) {
#if defined(KIND_L1)
  return x < 0 ? times(x, -1) : x;
#elif defined(KIND_L2) || defined(KIND_SUM_SQUARE)
  return times(x, x);
#elif defined(KIND_LOG_SUM_EXP)
  return EXP(x - top);
#else
  return x;
#endif
}

// Of infinite elements the greatest decides: their differences are no numbers.
DEVICE acc shift(acc top) { return top - top == 0 ? top : 0; }

// From all that was combined to the result, count elements having been there.
DEVICE acc finish(acc all, acc top, i64 count) {
#if defined(KIND_MEAN) && defined(INTEGERS)
  return count == 0 ? 0 : all / count;
#elif defined(KIND_MEAN)
  return all / count;
#elif defined(KIND_L2)
  return SQRT(all);
#elif defined(KIND_LOG_SUM)
  return LOG(all);
#elif defined(KIND_LOG_SUM_EXP)
  return top - top == 0 ? top + LOG(all) : top;
#else
  return all;
#endif
}

#if defined(TRUNCATED)
// Of integers, as Java casts: towards zero, NaN to 0, what lies beyond to the nearest there is.
DEVICE VALUE(X) result(acc x) {
  return (VALUE(X))(IS_NAN(x) ? 0 : x >= 9.2233720e18f ? 0x7fffffffffffffff
                    : x <= -9.2233720e18f ? -0x7fffffffffffffff - 1 : (i64)x);
}
#elif defined(X_BOOL)
DEVICE VALUE(X) result(acc x) { return x != 0; }
#else
DEVICE VALUE(X) result(acc x) { return (VALUE(X))x; }
#endif

// Where element i of those that are combined lies, behind the first: extents m, strides r.
DEVICE i64 place(i64 i, AXES(m), AXES(r)) {
  COORDINATES(c, i, m);
  return AT(c, r);
}
#define PLACE(i)                                                             \
  (single ? (i) * r5                                                         \
          : place(i, m0, m1, m2, m3, m4, m5, r0, r1, r2, r3, r4, r5))

DEVICE i64 least(i64 a, i64 b) { return a < b ? a : b; }

// One of results * blocks parts: kept axes n with strides s in x, combined axes m with strides r. A
// single block gives the result, more give what reduce_merge wants, [results, blocks, 1 or 2].
#define WHERE                                                                        \
  TENSOR(y), TENSOR(partials), TENSOR(x), i64 results, i64 count, i64 blocks, AXES(n), \
      AXES(s), AXES(m), AXES(r)

#ifdef NEEDS_TOP
#define STORE_PART(part, all, top)                       \
  if (blocks == 1) {                                     \
    STORE(X, out, part, result(finish(all, top, count))); \
  } else {                                               \
    parts[2 * (part)] = all;                             \
    parts[2 * (part) + 1] = top;                         \
  }
#else
#define STORE_PART(part, all, top)                       \
  if (blocks == 1) {                                     \
    STORE(X, out, part, result(finish(all, top, count))); \
  } else {                                               \
    parts[part] = all;                                   \
  }
#endif

// The last axis is among those combined: lanes.
KERNEL reduce_rows(WHERE) {
  ROW_MEMORY(acc, shared);
  acc lane[ITEM_LANES];
  const i32 single = m0 * m1 * m2 * m3 * m4 == 1;
  GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y);
  GLOBAL acc *parts = OPERAND(acc, partials);
  EACH_ROW(part, results * blocks) {
    const i64 row = part / blocks;
    const i64 first = part % blocks * BLOCK;
    const i64 length = row < results ? least(count - first, BLOCK) : 0;
    COORDINATES(c, row, n);
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + AT(c, s);
#ifdef NEEDS_TOP
    FILL_ROW(lane, NO_TOP)
    EACH_ELEMENT(i, k, length, lane[k] = larger(lane[k], (acc)LOAD(X, in, PLACE(first + i))))
    COMBINE_ROW(larger, lane, shared)
    const acc top = lane[0];
#else
    const acc top = NO_TOP;
#endif
    const acc off = shift(top);
    FILL_ROW(lane, START)
    if (single && r5 == 1) {
      EACH_ELEMENT(
          i, k, length, lane[k] = COMBINE(lane[k], term((acc)LOAD(X, in, first + i), off)))
    } else {
      EACH_ELEMENT(
          i, k, length, lane[k] = COMBINE(lane[k], term((acc)LOAD(X, in, PLACE(first + i)), off)))
    }
    COMBINE_ROW(COMBINE, lane, shared)
    if (LOCAL_ID(0) == 0 && row < results) {
      STORE_PART(part, lane[0], top)
    }
  }
}

// The last axis is kept: a work-item has COLUMNS neighbours along it, and goes through a block.
KERNEL reduce_columns(WHERE) {
  const i32 single = m0 * m1 * m2 * m3 * m4 == 1;
  const i64 pieces = (n5 + COLUMNS - 1) / COLUMNS;
  const i64 rows = n0 * n1 * n2 * n3 * n4;
  GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y);
  GLOBAL acc *parts = OPERAND(acc, partials);
  for (i64 item = GLOBAL_ID(0); item < rows * blocks * pieces; item += GLOBAL_SIZE(0)) {
    const i64 column = item % pieces * COLUMNS;
    const i32 width = (i32)least(n5 - column, COLUMNS);
    const i64 block = item / pieces % blocks;
    const i64 begin = block * BLOCK;
    const i64 end = least(count, begin + BLOCK);
    const i64 first = item / pieces / blocks * n5 + column;
    COORDINATES(c, first, n);
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + AT(c, s);
    acc top[COLUMNS];
    acc off[COLUMNS];
    acc all[COLUMNS];
    for (i32 k = 0; k < COLUMNS; k++) {
      top[k] = NO_TOP;
      all[k] = START;
    }
#ifdef NEEDS_TOP
    for (i64 i = begin; i < end; i++) {
      const i64 at = PLACE(i);
      for (i32 k = 0; k < COLUMNS; k++) {
        if (k < width) {
          top[k] = larger(top[k], (acc)LOAD(X, in, at + k * s5));
        }
      }
    }
#endif
    for (i32 k = 0; k < COLUMNS; k++) {
      off[k] = shift(top[k]);
    }
    for (i64 i = begin; i < end; i++) {
      const i64 at = PLACE(i);
      for (i32 k = 0; k < COLUMNS; k++) {
        if (k < width) {
          all[k] = COMBINE(all[k], term((acc)LOAD(X, in, at + k * s5), off[k]));
        }
      }
    }
    for (i32 k = 0; k < width; k++) {
      STORE_PART((first + k) * blocks + block, all[k], top[k])
    }
  }
}

// A work-item a result: its blocks in order.
KERNEL reduce_merge(TENSOR(y), TENSOR(partials), i64 results, i64 count, i64 blocks) {
  GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y);
  for (i64 row = GLOBAL_ID(0); row < results; row += GLOBAL_SIZE(0)) {
    acc all = START;
#ifdef NEEDS_TOP
    GLOBAL const acc *parts = OPERAND(const acc, partials) + 2 * row * blocks;
    acc top = NO_TOP;
    for (i64 b = 0; b < blocks; b++) {
      top = larger(top, parts[2 * b + 1]);
    }
    for (i64 b = 0; b < blocks; b++) {
      all += parts[2 * b] * EXP(parts[2 * b + 1] - top);
    }
#else
    GLOBAL const acc *parts = OPERAND(const acc, partials) + row * blocks;
    const acc top = NO_TOP;
    for (i64 b = 0; b < blocks; b++) {
      all = COMBINE(all, parts[b]);
    }
#endif
    STORE(X, out, row, result(finish(all, top, count)));
  }
}
