// Slices and elements of x at places that indices tell. Defined before: BYTES (of x's elements),
// I (type of the indices), FAULT_INDEX; for gather_blocks X (type of the table).
#include "blocks.h"
#include "four.h"
#include "walk.h"
#include "wide.h"

// An index counted from the front; -1 and the run refused if it leaves the axis.
DEVICE i64 find(i64 index, i64 extent, STATUS) {
  if (index < -extent || index >= extent) {
    refuse(status, node, FAULT_INDEX, index, extent);
    return -1;
  }
  return index < 0 ? index + extent : index;
}

// x [outer, extent, slice] at indices [count]: y [outer, count, slice].
KERNEL gather(TENSOR(y), TENSOR(x), TENSOR(indices), i64 slices, i64 count, i64 extent, i64 slice,
              STATUS) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  GLOBAL const STORAGE(I) *indices = OPERAND(const STORAGE(I), indices);
  SHARE(i, 1, slices) {
    const i64 index = find(LOAD(I, indices, i % count), extent, status, node);
    if (index >= 0) {
      GLOBAL element *to = y + i * slice;
      GLOBAL const element *from = x + (i / count * extent + index) * slice;
#ifdef PACK
      COPY_PACKS(to, from, slice)
#else
      EACH(j, 0, slice) { to[j] = from[j]; }
#endif
    }
  }
}

#ifdef USES_BLOCKS
// Rows of a table in blocks: the same of float32.
KERNEL gather_blocks(TENSOR(y), TENSOR(x), TENSOR(indices), i64 slices, i64 count, i64 extent,
                     i64 slice, STATUS) {
  GLOBAL f32 *y = OPERAND(f32, y);
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x);
  GLOBAL const STORAGE(I) *indices = OPERAND(const STORAGE(I), indices);
  SHARE(i, 1, slices) {
    const i64 index = find(LOAD(I, indices, i % count), extent, status, node);
    if (index >= 0) {
      EACH(j, 0, slice) { y[i * slice + j] = LOAD(X, x, index * slice + j); }
    }
  }
}
#endif

// An index for each element; n are y's axes, s x's strides with 0 for the axis that the indices
// choose from, which has so much extent and elements lie so far apart along.
KERNEL gather_elements(TENSOR(y), TENSOR(x), TENSOR(indices), AXES(n), AXES(s), i64 extent,
                       i64 apart, STATUS) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  GLOBAL const STORAGE(I) *indices = OPERAND(const STORAGE(I), indices);
  const i64 rows = WALK_ROWS(n);
  SHARE(r, 1, rows) {
    WALK_ROW(c, r, n)
    const i64 y_row = r * n5;
    const i64 x_row = WALK_AT(c, s);
    EACH(j, 0, n5) {
      const i64 index = find(LOAD(I, indices, y_row + j), extent, status, node);
      if (index >= 0) {
        y[y_row + j] = x[x_row + j * s5 + index * apart];
      }
    }
  }
}

// A tuple of depth indices for each slice: n are the extents that they choose from, s x's strides.
KERNEL gather_nd(TENSOR(y), TENSOR(x), TENSOR(indices), i64 tuples, i64 tuplesOfBatch, i64 batch,
                 i64 slice, i32 depth, AXES(n), AXES(s), STATUS) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  GLOBAL const STORAGE(I) *indices = OPERAND(const STORAGE(I), indices);
  SHARE(i, 1, tuples) {
    i64 from = i / tuplesOfBatch * batch;
    i32 found = 0;
#define CHOOSE(k)                                                                      \
  if (k < depth) {                                                                     \
    const i64 index = find(LOAD(I, indices, i * depth + k), n##k, status, node);       \
    from += index * s##k;                                                              \
    found += index >= 0;                                                               \
  }
    CHOOSE(0)
    CHOOSE(1)
    CHOOSE(2)
    CHOOSE(3)
    CHOOSE(4)
    CHOOSE(5)
    if (found == depth) {
      EACH(j, 0, slice) { y[i * slice + j] = x[from + j]; }
    }
  }
}
