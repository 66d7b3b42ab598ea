// Rows of elements that are combined into one value each. Defined before: ROW_LANES, running values of
// a row; ROW_ITEMS, work-items that share it; ROWS, rows of a group, along y.
//
// Element i belongs to lane i % ROW_LANES, and the lanes are combined as a tree: what comes out depends
// on the row's own elements alone. On a GPU many work-items share a row; on a CPU one has it, and
// the lanes are its vectors.
//
// Where KEPT is defined, a row has KEPT * ROW_ITEMS elements at most and is read once: READ_ROW puts a
// work-item's KEPT of them into registers, PACK neighbours at a time (wide.h, which stands before
// this), and ELEMENT finds them there.
#ifdef KEPT
// Others of a work-item's lanes have no element, and would change no bit.
#define ITEM_LANES (ROW_LANES / ROW_ITEMS < KEPT ? ROW_LANES / ROW_ITEMS : KEPT)
#define HEDDLE_EACH_LANE UNROLL
// 1024 items of a multiprocessor at a time, with 64 registers each.
#define GROUP_KEPT() GROUP_RESIDENT(ROW_ITEMS * ROWS, 1024 / (ROW_ITEMS * ROWS))
#else
#define ITEM_LANES (ROW_LANES / ROW_ITEMS)
#define HEDDLE_EACH_LANE
#define GROUP_KEPT()
#endif
#ifndef PREFETCH
#define PREFETCH(p)
#endif
#ifndef GROUP_RESIDENT
#define GROUP_RESIDENT(size, groups)
#endif

// A row for each y of the group, all of the group together, so that barriers may stand inside: the
// number of a row may be count or more.
#define EACH_ROW(row, count)                                           \
  for (i64 row = GROUP_ID(0) * ROWS + LOCAL_ID(1);                     \
       row - LOCAL_ID(1) < (count); row += GROUPS(0) * ROWS)

#define FILL_ROW(lane, x)                        \
  HEDDLE_EACH_LANE for (i32 lane##_k = 0; lane##_k < ITEM_LANES; lane##_k++) { \
    lane[lane##_k] = (x);                          \
  }

#ifdef KEPT
// Where a work-item's pack q begins.
#define HEDDLE_PACK_BEGIN(q) (((q) * ROW_ITEMS + LOCAL_ID(0)) * PACK)

// All reads are under way before the first element is looked at.
#define READ_ROW(T, x, n)                                                                \
  PACK_OF(T) x##_packs[KEPT / PACK];                                                     \
  {                                                                                      \
    const i32 wide = ALIGNED(T, x);                                                      \
    UNROLL for (i32 q = 0; q < KEPT / PACK; q++) {                                       \
      const i32 begin = HEDDLE_PACK_BEGIN(q);                                            \
      x##_packs[q] = READ_PACK(T, (x) + begin, (i32)(n) - begin, wide);                  \
    }                                                                                    \
  }
// Fetches what a later READ_ROW wants.
#define EXPECT_ROW(T, x, n)                                                              \
  UNROLL for (i32 q = 0; q < KEPT / PACK; q++) {                                         \
    if (HEDDLE_PACK_BEGIN(q) < (n)) {                                                    \
      PREFETCH((x) + HEDDLE_PACK_BEGIN(q));                                              \
    }                                                                                    \
  }
#define ELEMENT(T, x, i) TAKE(T, x##_packs[i##_kept / PACK], i##_kept % PACK)

// The statement for each element i that a work-item has room for, of which those are there that
// are INSIDE n; k is its lane's number among those of the work-item.
#define EACH_ELEMENT(i, k, n, statement)                                                 \
  UNROLL for (i32 i##_kept = 0; i##_kept < KEPT; i##_kept++) {                           \
    const i32 k = i##_kept % ITEM_LANES;                                                 \
    const i32 i = HEDDLE_PACK_BEGIN(i##_kept / PACK) + i##_kept % PACK;                  \
    (void)i, (void)k;                                                                    \
    statement;                                                                           \
  }
#define INSIDE(i, n) (i < (i32)(n))

// y[i] = x for each element i of n.
#define STORE_EACH(T, y, i, k, n, lane, x)                                               \
  {                                                                                      \
    const i32 wide = ALIGNED(T, y);                                                      \
    UNROLL for (i32 q = 0; q < KEPT / PACK; q++) {                                       \
      const i32 begin = HEDDLE_PACK_BEGIN(q);                                            \
      PACK_OF(T) pack = NO_PACK;                                                         \
      UNROLL for (i32 i##_kept = q * PACK; i##_kept < (q + 1) * PACK; i##_kept++) {      \
        PUT(T, pack, i##_kept % PACK, x);                                                \
      }                                                                                  \
      WRITE_PACK(T, (y) + begin, pack, (i32)(n) - begin, wide);                          \
    }                                                                                    \
  }

// Neighbours first, so that it does not matter which items have a row.
#define HEDDLE_COMBINE_OWN(combine, lane)                                                \
  UNROLL for (i32 first = 0; first < ITEM_LANES; first += PACK) {                        \
    UNROLL for (i32 step = PACK / 2; step > 0; step /= 2) {                              \
      UNROLL for (i32 k = first; k < first + step; k++) {                                \
        lane[k] = combine(lane[k], lane[k + step]);                                      \
      }                                                                                  \
    }                                                                                    \
  }                                                                                      \
  UNROLL for (i32 step = ITEM_LANES / 2; step >= PACK; step /= 2) {                      \
    UNROLL for (i32 k = 0; k < step; k += PACK) {                                        \
      lane[k] = combine(lane[k], lane[k + step]);                                        \
    }                                                                                    \
  }
#else
#define READ_ROW(T, x, n)
#define EXPECT_ROW(T, x, n)
#define ELEMENT(T, x, i) LOAD(T, x, i)
#define INSIDE(i, n) 1

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
#endif

// Combines all lanes of a row into lane[0], for each of its work-items, by way of the ROW_MEMORY
// shared; where there are shuffles, in the same order, by fewer barriers.
#if defined(SHUFFLE_DOWN) && ROW_ITEMS >= 32
#define HEDDLE_COMBINE_WARP(combine, lane)                                               \
  UNROLL for (i32 step = 16; step > 0; step /= 2) {                                      \
    lane[0] = combine(lane[0], SHUFFLE_DOWN(lane[0], step));                             \
  }                                                                                      \
  lane[0] = SHUFFLE(lane[0], 0);
#if ROW_ITEMS == 32
#define ROW_MEMORY(type, shared)
#define COMBINE_ROW(combine, lane, shared) \
  HEDDLE_COMBINE_OWN(combine, lane)        \
  HEDDLE_COMBINE_WARP(combine, lane)
#else
#define ROW_MEMORY(type, shared) SHARED type shared[ROWS * ROW_ITEMS]
// Of what the warps have at x: the first half with the second, and so on.
#define HEDDLE_HALF (ROW_ITEMS < 256 ? ROW_ITEMS / 2 : 128)
#define HEDDLE_TWO(combine, x) combine((x)[0], (x)[HEDDLE_HALF])
#define HEDDLE_FOUR(combine, x) \
  combine(HEDDLE_TWO(combine, x), HEDDLE_TWO(combine, (x) + HEDDLE_HALF / 2))
#if ROW_ITEMS == 64
#define HEDDLE_WARPS(combine, x) HEDDLE_TWO(combine, x)
#elif ROW_ITEMS == 128
#define HEDDLE_WARPS(combine, x) HEDDLE_FOUR(combine, x)
#else
#define HEDDLE_WARPS(combine, x) \
  combine(HEDDLE_FOUR(combine, x), HEDDLE_FOUR(combine, (x) + HEDDLE_HALF / 4))
#endif
#define COMBINE_ROW(combine, lane, shared)                                               \
  HEDDLE_COMBINE_OWN(combine, lane)                                                      \
  {                                                                                      \
    const i32 row = LOCAL_ID(1) * ROW_ITEMS;                                             \
    const i32 at = row + LOCAL_ID(0);                                                    \
    BARRIER();                                                                           \
    shared[at] = lane[0];                                                                \
    BARRIER();                                                                           \
    if (ROW_ITEMS == 512) {                                                              \
      if (LOCAL_ID(0) < 256) {                                                           \
        shared[at] = combine(shared[at], shared[at + 256]);                              \
      }                                                                                  \
      BARRIER();                                                                         \
    }                                                                                    \
    lane[0] = HEDDLE_WARPS(combine, shared + row + LOCAL_ID(0) % 32);                    \
  }                                                                                      \
  HEDDLE_COMBINE_WARP(combine, lane)
#endif
#elif ROW_ITEMS > 1
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
