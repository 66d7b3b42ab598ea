// Rows of elements that are combined into one value each. Defined before: ROW_LANES, running values of
// a row; ROW_ITEMS, work-items that share it; ROWS, rows of a group, along y.
//
// Element i belongs to lane i % ROW_LANES, and the lanes are combined as a tree: what comes out depends
// on the row's own elements alone. On a GPU many work-items share a row; on a CPU one has it, and
// the lanes are its vectors.
#define ITEM_LANES (ROW_LANES / ROW_ITEMS)

// A row for each y of the group, all of the group together, so that barriers may stand inside: the
// number of a row may be count or more.
#define EACH_ROW(row, count)                                           \
  for (i64 row = GROUP_ID(0) * ROWS + LOCAL_ID(1);                     \
       row - LOCAL_ID(1) < (count); row += GROUPS(0) * ROWS)

#define FILL_ROW(lane, x)                        \
  for (i32 lane##_k = 0; lane##_k < ITEM_LANES; lane##_k++) { \
    lane[lane##_k] = (x);                          \
  }

// The statement for each element i of n; k is its lane's number among those of the work-item.
#define EACH_ELEMENT(i, k, n, statement)                               \
  for (i64 i##_block = LOCAL_ID(0); i##_block < (n); i##_block += ROW_LANES) { \
    if (i##_block - LOCAL_ID(0) + ROW_LANES <= (n)) {                      \
      for (i32 k = 0; k < ITEM_LANES; k++) {                        \
        const i64 i = i##_block + k * ROW_ITEMS;                       \
        statement;                                                     \
      }                                                                \
    } else {                                                           \
      for (i32 k = 0; k < ITEM_LANES; k++) {                        \
        const i64 i = i##_block + k * ROW_ITEMS;                       \
        if (i < (n)) {                                                 \
          statement;                                                   \
        }                                                              \
      }                                                                \
    }                                                                  \
  }

// STORE(T, y, i, x) for each element i of n, lane holding what is stored: the block's elements are
// all read before one is written, so that neither order nor aliasing keeps a compiler from vectors.
#define STORE_EACH(T, y, i, k, n, lane, x)                             \
  for (i64 i##_block = LOCAL_ID(0); i##_block < (n); i##_block += ROW_LANES) { \
    if (i##_block - LOCAL_ID(0) + ROW_LANES <= (n)) {                      \
      for (i32 k = 0; k < ITEM_LANES; k++) {                        \
        const i64 i = i##_block + k * ROW_ITEMS;                       \
        lane[k] = (x);                                                 \
      }                                                                \
      for (i32 k = 0; k < ITEM_LANES; k++) {                        \
        STORE(T, y, i##_block + k * ROW_ITEMS, lane[k]);               \
      }                                                                \
    } else {                                                           \
      for (i32 k = 0; k < ITEM_LANES; k++) {                        \
        const i64 i = i##_block + k * ROW_ITEMS;                       \
        if (i < (n)) {                                                 \
          lane[k] = (x);                                               \
          STORE(T, y, i, lane[k]);                                     \
        }                                                              \
      }                                                                \
    }                                                                  \
  }

#define HEDDLE_COMBINE_OWN(combine, lane)                              \
  for (i32 step = ITEM_LANES / 2; step > 0; step /= 2) {            \
    for (i32 k = 0; k < step; k++) {                                   \
      lane[k] = combine(lane[k], lane[k + step]);                      \
    }                                                                  \
  }

// Combines all lanes of a row into lane[0], for each of its work-items, by way of the ROW_MEMORY
// shared.
#if ROW_ITEMS > 1
#define ROW_MEMORY(type, shared) SHARED type shared[ROWS * ROW_ITEMS]
#define COMBINE_ROW(combine, lane, shared)                           \
  HEDDLE_COMBINE_OWN(combine, lane)                                    \
  {                                                                    \
    const i32 at = LOCAL_ID(1) * ROW_ITEMS + LOCAL_ID(0);              \
    BARRIER();                                                         \
    shared[at] = lane[0];                                              \
    BARRIER();                                                         \
    for (i32 step = ROW_ITEMS / 2; step > 0; step /= 2) {              \
      if (LOCAL_ID(0) < step) {                                        \
        shared[at] = combine(shared[at], shared[at + step]);           \
      }                                                                \
      BARRIER();                                                       \
    }                                                                  \
    lane[0] = shared[at - LOCAL_ID(0)];                                \
  }
#else
#define ROW_MEMORY(type, shared)
#define COMBINE_ROW(combine, lane, shared) HEDDLE_COMBINE_OWN(combine, lane)
#endif
