// Scaled dot-product attention on Hopper's tensor cores, for bf16 and f16: attention_tensor.cu's, where four
// warps multiply as one, and four others load meanwhile (Shah et al., "FlashAttention-3", 2024).
//
// Four warps have 64 rows. Their queries and weights stand in registers; keys, and values turned, wgmma
// reads from shared memory. Softmax takes 64 keys at a time from key 0 on, and begins anew with every
// segment of 256, wherever rows lie and however many there are. Few queries over a cache go by the same
// instructions, though most of the 64 rows are empty then, since mma.sync may add otherwise: so a token's
// bits are the same in a prompt and behind a cache. It costs little: reading keys and values takes longer.
//
// A stage holds 64 keys and their values in lines of 128 bytes, swizzled as wgmma reads them, a line 64
// elements of a head. Four warps fill a ring of stages by cp.async, which takes pages of any size; of
// STAGES stages STAGES - 2 are under way. `full` and `empty` say of a stage that it may be read, written.
// The product of the queries and a stage's keys is begun first, behind it that of the weights and values
// of the stage before, and while the latter goes on softmax makes the next weights.
//
// Registers decide: of heads of 128 a thread has 32 of queries, 32 scores, 16 of weights, 64 sums of this
// segment, and of the segments before KEPT sums, the others in shared memory. nvcc 13 gives those that
// multiply 232 (few queries: 216, two groups a multiprocessor), those that load 40, and spills none.
//
// v1 (this one). Predicted for an H200, not measured: 64 x 64 scores of heads of 128 take 512 cycles of
//    the tensor cores, 464 of shared memory and some 200 of issue, so a prompt of 16k 500 to 550 TFLOP/s;
//    of heads of 64 softmax's powers take as long as the products (256 cycles), so 350; a short prompt
//    less, since a group's beginning and end overlap with nothing. Few queries over long caches 0.8 of the
//    copies' bandwidth, 64 to 128 KB under way on each multiprocessor. Not tried: groups of four warps that
//    take turns, bulk copies, blocks that go on from tile to tile.
//
// Defined before: what attention_tensor.cuh needs; ROWS, 64 or 128; STAGES; KEPT, a multiple of 4.
#define LOADERS 128
#define CONSUMERS (2 * ROWS)  // Four warps for 64 rows.
#define ITEMS (CONSUMERS + LOADERS)
// Groups of a multiprocessor, and what loaders leave of its registers.
#if ROWS == 64
#define AT_A_TIME 2
#define REGISTERS 216
#else
#define AT_A_TIME 1
#define REGISTERS 232
#endif
#define MOST_HEADS 64
#define BLOCK 64
#define STEP BLOCK
// The last queries first: with causal attention they see most.
#define SLOT (GROUPS(0) - 1 - GROUP_ID(0))
#include "starts.h"
#include "blocks.h"
#include "attention.h"
#include "four.h"
#include "ptx.cuh"
#include "piece.cuh"
#include "segments.cuh"
#include "attention_tensor.cuh"

#define LINE_PIECES 8
#define LINE_BYTES 128
#define LINES (BLOCK * ((HEAD_DIM + 63) / 64))  // Of a block's keys, or values.
#define HALF (LINES * LINE_PIECES)
#define STAGE (2 * HALF)
#define REST ((VALUES - KEPT) / 4)
#define UNDER_WAY (STAGES - 2)
#define SCORE_FIRST HEDDLE_JOIN(HEDDLE_JOIN(wgmma_first_rows_, X), _64)
#define SCORE HEDDLE_JOIN(HEDDLE_JOIN(wgmma_rows_, X), _64)
#define SUM HEDDLE_JOIN(HEDDLE_JOIN(wgmma_rows_turned_, X), HEDDLE_JOIN(_, HEAD_DIM))

// Where a half of a stage holds a piece of a key, or value.
DEVICE i32 place(i32 key, i32 piece) {
  return (piece / LINE_PIECES * BLOCK + key) * LINE_PIECES + (piece % LINE_PIECES ^ key % 8);
}

DEVICE u32 load_pair(GLOBAL const u16 *x, i32 whole) {
  return whole ? *(GLOBAL const u32 *)x : x[0] | (u32)x[1] << 16;
}

DEVICE void load_four(PRIVATE f32 *to, LOCAL const f32x4 *from) {
  const f32x4 x = *from;
  to[0] = x.x;
  to[1] = x.y;
  to[2] = x.z;
  to[3] = x.w;
}

// score = q k^T of a block's keys, meanwhile.
DEVICE void multiply_keys(PRIVATE f32 *score, PRIVATE const u32 *queries, LOCAL const u32x4 *keys) {
  UNROLL for (i32 i = 0; i < HEAD_DIM / 16; i++) {
    const u64 right = swizzled(keys + i / 4 * BLOCK * LINE_PIECES + 2 * (i % 4), 0, 8 * LINE_BYTES);
    if (i == 0) {
      SCORE_FIRST(score, queries, right);
    } else {
      SCORE(score, queries + 4 * i, right);
    }
  }
  wgmma_commit();
}

// sum += weights by a block's values, meanwhile.
DEVICE void multiply_values(PRIVATE f32 *sum, PRIVATE const u32 *weights, LOCAL const u32x4 *values) {
  UNROLL for (i32 i = 0; i < BLOCK / 16; i++) {
    const u64 right =
        swizzled(values + 16 * i * LINE_PIECES, BLOCK * LINE_BYTES, 8 * LINE_BYTES);
    SUM(sum, weights + 4 * i, right);
  }
  wgmma_commit();
}

// What is seldom asked while a tile is done: registers for it would be too many.
struct seldom {
  struct tile t;
  i32 from;
  i32 to;
  i32 steps;
  GLOBAL const u16 *k;
  GLOBAL const u16 *v;
  GLOBAL STORAGE(X) *y;
#ifdef SPLIT
  GLOBAL f32 *part;
#endif
#ifndef PLAIN
  GLOBAL const STORAGE(MASK) *mask;
  GLOBAL const STORAGE(SLOPE) *slopes;
  GLOBAL const STORAGE(BIAS) *biases;
#endif
};

KERNEL GROUP_AMONG(ITEMS, AT_A_TIME) attention_tensor(ARGUMENTS PARTS) {
  extern SHARED __align__(1024) u32x4 ring[];
  LOCAL f32x4 *rest = (LOCAL f32x4 *)(ring + STAGES * STAGE);
  LOCAL u64 *full = (LOCAL u64 *)(rest + REST * CONSUMERS);
  LOCAL u64 *empty = full + STAGES;
  LOCAL u64 *together = empty + STAGES;
  LOCAL struct seldom *seldom = (LOCAL struct seldom *)(together + 1);
  LOCAL i32 *query_of = (LOCAL i32 *)(seldom + 1);
  LOCAL i32 *head_of = query_of + ROWS;
  LOCAL i32 *odd_of = head_of + ROWS;  // By stage and warp that loads.
  BEGIN_TENSOR;
  if (LOCAL_ID(0) == 0) {
    UNROLL_BY(1)
    for (i32 i = 0; i < STAGES; i++) {
      phases_begin(full + i, LOADERS);
      phases_begin(empty + i, CONSUMERS / 32);
    }
    phases_begin(together, CONSUMERS);
    seldom->t = t;
    seldom->from = from;
    seldom->to = to;
    seldom->steps = to > from ? (to - from + BLOCK - 1) / BLOCK : 0;
    seldom->k = own_k;
    seldom->v = own_v;
    seldom->y = own_y;
#ifdef SPLIT
    seldom->part = own_part;
#endif
#ifndef PLAIN
    seldom->mask = own_mask;
    seldom->slopes = own_slopes;
    seldom->biases = own_biases;
#endif
  }
  BARRIER();
  // From here on these are read from there.
  {
    const struct tile &t = seldom->t;
    const i32 &from = seldom->from;
    const i32 &to = seldom->to;
    const i32 &steps = seldom->steps;
    GLOBAL const u16 *const &own_k = seldom->k;
    GLOBAL const u16 *const &own_v = seldom->v;
    GLOBAL STORAGE(X) *const &own_y = seldom->y;
#ifdef SPLIT
    GLOBAL f32 *const &own_part = seldom->part;
#endif
#ifndef PLAIN
    GLOBAL const STORAGE(MASK) *const &own_mask = seldom->mask;
    GLOBAL const STORAGE(SLOPE) *const &own_slopes = seldom->slopes;
    GLOBAL const STORAGE(BIAS) *const &own_biases = seldom->biases;
#endif
    if (LOCAL_ID(0) >= CONSUMERS) {
      REGISTERS_DOWN_TO(40);
      // Each has one piece of every so many keys.
      const i32 loader = LOCAL_ID(0) - CONSUMERS;
      const i32 piece = loader % PIECES;
      const i32 first = loader / PIECES;
      const i32 apart = LOADERS / PIECES;
      UNROLL_BY(1)
      for (i32 step = 0; step < steps + UNDER_WAY; step++) {
        if (step < steps) {
          // The first round finds all stages empty.
          phases_wait(empty + step % STAGES, (step / STAGES + 1) % 2);
          LOCAL u32x4 *stage = ring + step % STAGES * STAGE;
          // Lanes find the rows of 32 keys, and tell each other.
          UNROLL_BY(1)
          for (i32 half = 0; half < BLOCK; half += 32) {
            const i32 own_key = from + step * BLOCK + half + LANE;
            const i64 own_row = own_key < to ? key_row(t, own_key) : -1;
            UNROLL_BY(2)
            for (i32 i = 0; i < 32; i += apart) {
              const i64 row = __shfl_sync(0xffffffffu, own_row, first + i);
              const i32 at = place(half + first + i, piece);
              fetch_piece(stage + at, own_k, own_k + row * k_row + 8 * piece,
                          row < 0 ? 0 : head_dim - 8 * piece, whole);
              fetch_piece(stage + HALF + at, own_v, own_v + row * v_row + 8 * piece,
                          row < 0 ? 0 : value_dim - 8 * piece, whole);
            }
          }
        }
        copy_commit();
        if (step >= UNDER_WAY) {
          COPY_WAIT(UNDER_WAY);
          const i32 done = step - UNDER_WAY;
          i32 odd = 0;
          if (!SEEN_BY_ALL(from + done * BLOCK)) {
            LOCAL const u32x4 *values = ring + done % STAGES * STAGE + HALF;
            UNROLL_BY(2)
            for (i32 i = first; i < BLOCK; i += apart) { odd |= is_odd(values[place(i, piece)]); }
            odd = __any_sync(0xffffffffu, odd);
          }
          if (LANE == 0) { odd_of[done % STAGES * (LOADERS / 32) + loader / 32] = odd; }
          WARP_BARRIER();
          show_to_wgmma();
          phases_arrive(full + done % STAGES);
        }
      }
    } else {
      REGISTERS_UP_TO(REGISTERS);
      const i32 first_row = LOCAL_ID(0) / 32 * 16 + LANE / 4;
      // The steps that the queries of these four warps see something of.
      const i32 first_query = LOCAL_ID(0) / 128 * 64 / pack;
      const i32 last_query = MIN((LOCAL_ID(0) / 128 * 64 + 63) / pack, t.count - 1);
      const i32 own_from = first_key(t.position + first_query, window);
      const i32 own_to = MIN(to, end_key(t.shown, t.position + last_query, causal, window));
      const i32 begin = MIN(steps, own_from > from ? (own_from - from) / BLOCK : 0);
      const i32 end = first_query < t.count && own_to > from ? (own_to - from + BLOCK - 1) / BLOCK : 0;

      u32 queries[HEAD_DIM / 4];
      UNROLL for (i32 h = 0; h < 2; h++) {
        const i32 there = QUERY_OF(h) != NOBODY;
        const i64 at = VECTOR_AT(q, t, query, head + HEAD_OF(h), t.row + (there ? QUERY_OF(h) : 0));
        UNROLL for (i32 i = 0; i < HEAD_DIM / 8; i++) {
          const i32 d = COLUMN_OF(0, 4 * i);
          queries[2 * i + h] =
              there && d < head_dim ? load_pair((GLOBAL const u16 *)q + at + d, whole) : 0;
        }
      }

      struct softmax own = nothing();
#ifndef SPLIT
      struct softmax all = nothing();
      f32 keep[2];
      f32 take[2];
      // Of the sums of the segments before those that registers have no room for.
      rest += LOCAL_ID(0);
      UNROLL for (i32 i = 0; i < REST; i++) { rest[i * CONSUMERS] = make_float4(0, 0, 0, 0); }
#define JOIN_VALUES()                                                                              \
  join_values(all.sum, own.sum, KEPT, keep, take);                                                 \
  UNROLL for (i32 i = 0; i < REST; i++) {                                                          \
    f32 four[4];                                                                                   \
    load_four(four, rest + i * CONSUMERS);                                                         \
    join_values(four, own.sum + KEPT + 4 * i, 4, keep, take);                                      \
    rest[i * CONSUMERS] = make_float4(four[0], four[1], four[2], four[3]);                         \
  }
#endif
      f32 score[SCORES];
      u32 weights[SCORES / 2];
      i32 rounds = 0;  // Of `together`.
#define STAGE_OF(step) (ring + (step) % STAGES * STAGE)
#define WAIT_FOR(step) phases_wait(full + (step) % STAGES, (step) / STAGES % 2)
#define GIVE_BACK(step)                                                                            \
  WARP_BARRIER();                                                                                  \
  if (LANE == 0) { phases_arrive(empty + (step) % STAGES); }                                       \
  WARP_BARRIER()
#define MEET()                                                                                     \
  phases_arrive(together);                                                                         \
  phases_wait(together, rounds++ % 2)
      // All that see or do not see a block clear it of what is infinite or no number, after `before`.
#define CLEAR_ODD(step, before)                                                                    \
  {                                                                                                \
    i32 odd = 0;                                                                                   \
    UNROLL for (i32 i = 0; i < LOADERS / 32; i++) {                                                \
      odd |= odd_of[(step) % STAGES * (LOADERS / 32) + i];                                         \
    }                                                                                              \
    if (odd) {                                                                                     \
      LOCAL u32x4 *values = STAGE_OF(step) + HALF;                                                 \
      before;                                                                                      \
      MEET();                                                                                      \
      UNROLL_BY(1)                                                                                 \
      for (i32 i = LOCAL_ID(0); i < BLOCK * PIECES; i += CONSUMERS) {                              \
        const i32 at = place(i / PIECES, i % PIECES);                                              \
        values[at] = finite_of_all(values[at]);                                                    \
      }                                                                                            \
      show_to_wgmma();                                                                             \
      MEET();                                                                                      \
    }                                                                                              \
  }
#define PASS(step)                                                                                 \
  WAIT_FOR(step);                                                                                  \
  CLEAR_ODD(step, );                                                                               \
  GIVE_BACK(step)

      i32 step = 0;
      UNROLL_BY(1)
      for (; step < begin; step++) { PASS(step); }
      if (begin < end) {
        WAIT_FOR(step);
        settle_rows(queries, HEAD_DIM / 4);
        settle_sums(own.sum, VALUES);
        wgmma_begin();
        multiply_keys(score, queries, STAGE_OF(step));
        wgmma_commit();
        UNROLL_BY(1)
        while (1) {
          const i32 j = from + step * BLOCK;
          f32 factor[2];
#ifdef PLAIN
          WGMMA_WAIT(1);
#else
          WGMMA_WAIT(0);
#endif
          settle_sums(score, SCORES);
          FINISH_ALL(score, j, SEEN_BY_ALL(j));
#ifndef SPLIT
          if (j % SEGMENT == 0) { join_totals(&all, &own, keep, take); }
#endif
          weigh(score, BY, &own, factor);
          WGMMA_WAIT(0);
          settle_sums(own.sum, VALUES);
          if (step > begin) { GIVE_BACK(step - 1); }
#ifndef SPLIT
          if (j % SEGMENT == 0) {
            JOIN_VALUES();
          } else
#endif
          {
            rescale(&own, factor);
          }
          CLEAR_ODD(step, ADD_ODD(own, j, values, place));
          UNROLL for (i32 i = 0; i < SCORES / 2; i++) {
            weights[i] = PACKED(score[2 * i], score[2 * i + 1]);
          }
          settle_sums(own.sum, VALUES);
          settle_rows(weights, SCORES / 2);
          step++;
          if (step == end) { break; }
          WAIT_FOR(step);
          wgmma_begin();
          multiply_keys(score, queries, STAGE_OF(step));
          multiply_values(own.sum, weights, STAGE_OF(step - 1) + HALF);
        }
        wgmma_begin();
        multiply_values(own.sum, weights, STAGE_OF(step - 1) + HALF);
        WGMMA_WAIT(0);
        settle_sums(own.sum, VALUES);
        GIVE_BACK(step - 1);
      }
      UNROLL_BY(1)
      for (; step < steps; step++) { PASS(step); }
#ifdef SPLIT
      gather_total(&own);
      WRITE_ROWS(own);
#else
      join_totals(&all, &own, keep, take);
      JOIN_VALUES();
      UNROLL for (i32 i = 0; i < REST; i++) {
        load_four(all.sum + KEPT + 4 * i, rest + i * CONSUMERS);
      }
      WRITE_ROWS(all);
#endif
    }
  }
}
