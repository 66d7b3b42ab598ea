// Rounds groups of float32 elements to 256 levels between their bounds. Each step is rounded to
// float32, as the operation says. Defined before: DEQUANTIZED, if codes are to be scaled.
#include "rows.h"
#include "starts.h"

// A NaN is no bound.
DEVICE f32 lower(f32 a, f32 b) { return b < a ? b : a; }
DEVICE f32 higher(f32 a, f32 b) { return b > a ? b : a; }

DEVICE f32 scale_of(f32 low, f32 high) {
  const f32 range = (high - low) / 255;
  return range == 0 ? 1 : range;
}

DEVICE f32 zero_of(f32 low, f32 scale) {
  const f32 zero = 0 - low / scale;
  return RINT(zero > 255 ? 255 : zero);
}

DEVICE f32 code(f32 x, f32 scale, f32 zero) {
  const f32 level = RINT(x / scale) + zero;
  const f32 code = (level < 0 ? 0 : level > 255 ? 255 : level) - zero;
#ifdef DEQUANTIZED
  return code * scale;
#else
  return code;
#endif
}

// The least and the greatest of n elements in, 0 among them.
#define BOUNDS(low, high, in, n, lane, shared)                        \
  FILL_ROW(lane, 0)                                                   \
  EACH_ELEMENT(i, k, n, lane[k] = lower(lane[k], (in)[i]))            \
  COMBINE_ROW(lower, lane, shared)                                    \
  const f32 low = lane[0];                                            \
  FILL_ROW(lane, 0)                                                   \
  EACH_ELEMENT(i, k, n, lane[k] = higher(lane[k], (in)[i]))           \
  COMBINE_ROW(higher, lane, shared)                                   \
  const f32 high = lane[0]

#define KEEP(group, scale, zero)                   \
  if (LOCAL_ID(0) == 0 && PRESENT(scales)) {       \
    OPERAND(f32, scales)[group] = scale;           \
  }                                                \
  if (LOCAL_ID(0) == 0 && PRESENT(zeros)) {        \
    OPERAND(f32, zeros)[group] = zero;             \
  }

// Groups of n elements each.
KERNEL quantize_rows(TENSOR(y), TENSOR(scales), TENSOR(zeros), TENSOR(x), i64 groups, i64 n) {
  ROW_MEMORY(f32, shared);
  f32 lane[ITEM_LANES];
  EACH_ROW(group, groups) {
    const i64 length = group < groups ? n : 0;
    GLOBAL const f32 *in = OPERAND(const f32, x) + group * n;
    GLOBAL f32 *out = OPERAND(f32, y) + group * n;
    BOUNDS(low, high, in, length, lane, shared);
    const f32 scale = scale_of(low, high);
    const f32 zero = zero_of(low, scale);
    STORE_EACH(f32, out, i, k, length, lane, code(in[i], scale, zero))
    if (group < groups) {
      KEEP(group, scale, zero)
    }
  }
}

// Groups of other sizes, each in so many parts: group g is rows g * n to (g + 1) * n - 1 of size
// elements, or what starts say.
#define PART(from, length)                                                          \
  const i64 group = part / parts;                                                   \
  i64 from = 0;                                                                     \
  i64 length = 0;                                                                   \
  if (group < groups) {                                                             \
    i64 begin = group * n * size;                                                   \
    i64 end = begin + n * size;                                                     \
    if (PRESENT(starts)) {                                                          \
      begin = start_of(OPERAND(const i32, starts), group, n) * size;                \
      end = start_of(OPERAND(const i32, starts), group + 1, n) * size;              \
    }                                                                               \
    const i64 each = end > begin ? (end - begin + parts - 1) / parts : 0;           \
    from = begin + part % parts * each;                                             \
    const i64 rest = end - from;                                                    \
    length = rest < 0 ? 0 : rest < each ? rest : each;                              \
  }

// First: the bounds of each part, [groups, parts, 2]. They are exact, whatever the parts.
KERNEL quantize_bounds(
    TENSOR(partials), TENSOR(x), TENSOR(starts), i64 groups, i64 parts, i64 n, i64 size) {
  ROW_MEMORY(f32, shared);
  f32 lane[ITEM_LANES];
  EACH_ROW(part, groups * parts) {
    PART(from, length)
    GLOBAL const f32 *in = OPERAND(const f32, x) + from;
    BOUNDS(low, high, in, length, lane, shared);
    if (LOCAL_ID(0) == 0 && group < groups) {
      OPERAND(f32, partials)[2 * part] = low;
      OPERAND(f32, partials)[2 * part + 1] = high;
    }
  }
}

// Second: each part finds its group's bounds and rounds its own elements.
KERNEL quantize_parts(
    TENSOR(y), TENSOR(scales), TENSOR(zeros), TENSOR(x), TENSOR(starts), TENSOR(partials),
    i64 groups, i64 parts, i64 n, i64 size) {
  f32 lane[ITEM_LANES];
  EACH_ROW(part, groups * parts) {
    PART(from, length)
    if (group < groups) {
      GLOBAL const f32 *bounds = OPERAND(const f32, partials) + 2 * group * parts;
      f32 low = 0;
      f32 high = 0;
      for (i64 p = 0; p < parts; p++) {
        low = lower(low, bounds[2 * p]);
        high = higher(high, bounds[2 * p + 1]);
      }
      const f32 scale = scale_of(low, high);
      const f32 zero = zero_of(low, scale);
      GLOBAL const f32 *in = OPERAND(const f32, x) + from;
      GLOBAL f32 *out = OPERAND(f32, y) + from;
      STORE_EACH(f32, out, i, k, length, lane, code(in[i], scale, zero))
      if (part % parts == 0) {
        KEEP(group, scale, zero)
      }
    }
  }
}
