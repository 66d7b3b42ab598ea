// Scaled dot-product attention on tensor cores, for bf16 and f16: a prompt's and, with SPLIT, that of
// few queries over a cache, a segment of keys a group, the segments merged by attention_merge.cu (Dao et
// al., "FlashAttention-2" and "Flash-Decoding", 2023).
//
// A warp has 16 rows. Softmax takes 32 keys at a time from key 0 on, and begins anew with every segment
// of 256, wherever rows lie and however many there are: a row's bits depend on its own operands only,
// and a token's are the same in a prompt and behind a cache.
//
// Queries and keys are read from shared memory as matmul_tensor.cu has it, 16 bytes a lane; values,
// which the product takes by keys, through ldmatrix, their pieces exchanged by key for banks' sake.
//
// v1 (this one). Predicted for an A100, not measured: a prompt 0.5 of the tensor cores' speed (each warp
//    reads all keys and values from shared memory for 16 rows, which takes as long as its mma do); few
//    queries over long caches 0.8 of the copies' bandwidth, 96 KB under way on each multiprocessor.
//
// Defined before: what attention_tensor.cuh needs; WARPS of a group.
#define ROWS (16 * WARPS)
#define ITEMS (32 * WARPS)
#define MOST_HEADS 16
#define BLOCK 64
#define STEP 32
// The last queries first: with causal attention they see most.
#define SLOT (GROUPS(0) - 1 - GROUP_ID(0))
#include "starts.h"
#include "blocks.h"
#include "attention.h"
#include "four.h"
#include "ptx.cuh"
#include "segments.cuh"
#include "attention_tensor.cuh"

#define SLICES (HEAD_DIM / 32)
#define MMA HEDDLE_JOIN(mma_, X)

// 8 numbers, zeros if there are not any. Unless operands begin at `whole` pieces, one by one.
DEVICE void copy_piece(LOCAL u32x4 *to, GLOBAL const u16 *x, i64 at, i32 any, i32 whole) {
  if (whole) {
    copy_async(to, any ? x + at : x, any ? 16 : 0);
    return;
  }
  UNROLL_BY(1)
  for (i32 i = 0; i < 8; i++) {
    ((LOCAL u16 *)to)[i] = any ? x[at + i] : 0;
  }
}

// Where queries, or a block's keys, and values stand: 32 elements of all keys, then the next; of
// values a key's pieces side by side.
DEVICE i32 place(i32 slice, i32 line, i32 lines) {
  return (slice * lines + (line ^ (slice & 1))) * 4;
}
DEVICE i32 value_place(i32 key, i32 piece) {
  return key * PIECES + (piece ^ (PIECES < 8 ? key / 2 & 3 : key & 7));
}

KERNEL GROUP_OF(ITEMS) attention_tensor(ARGUMENTS PARTS) {
  extern SHARED u32x4 ring[];
  SHARED i32 query_of[ROWS];
  SHARED i32 head_of[ROWS];
  BEGIN_TENSOR;
  const i32 g = LANE / 4;
  const i32 quad = LANE % 4;

  // The queries, with the first block of keys.
  UNROLL_BY(4)
  for (i32 i = LOCAL_ID(0); i < ROWS * PIECES; i += ITEMS) {
    const i32 row = i / PIECES;
    const i32 piece = i % PIECES;
    const i32 any = row / pack < t.count && head + row % pack < (kv_head + 1) * share;
    copy_piece(ring + place(piece / 4, row, ROWS) + piece % 4, (GLOBAL const u16 *)q,
               VECTOR_AT(q, t, query, head + row % pack, t.row + row / pack) + 8 * piece,
               any && 8 * piece < head_dim, whole);
  }
  BARRIER();
  // A warp's queries.
  const i32 first_query = LOCAL_ID(0) / 32 * 16 / pack;
  const i32 last_query = (LOCAL_ID(0) / 32 * 16 + 15) / pack;
  const i32 first_row = LOCAL_ID(0) / 32 * 16 + g;

  struct softmax own = nothing();
#ifndef SPLIT
  struct softmax all = nothing();
#endif

#define STAGE (2 * BLOCK * PIECES)
#define STAGE_OF(j) (ring + ROWS * PIECES + (j) / BLOCK % 2 * STAGE)
  // Begins to copy the keys from j on: lanes find the rows of 32 keys, and tell each other.
#define FETCH(j)                                                                               \
  if ((j) < to) {                                                                              \
    UNROLL_BY(1)                                                                               \
    for (i32 half = 0; half < BLOCK; half += 32) {                                             \
      const i64 own_row = (j) + half + LANE < to ? key_row(t, (j) + half + LANE) : -1;         \
      for (i32 i = LOCAL_ID(0); i < 32 * PIECES; i += ITEMS) {                                 \
        const i32 key = half + i / PIECES;                                                     \
        const i32 piece = i % PIECES;                                                          \
        const i64 row = __shfl_sync(0xffffffffu, own_row, i / PIECES);                         \
        copy_piece(STAGE_OF(j) + place(piece / 4, key, BLOCK) + piece % 4, own_k,              \
                   row * k_row + 8 * piece, row >= 0 && 8 * piece < head_dim, whole);          \
        copy_piece(STAGE_OF(j) + BLOCK * PIECES + value_place(key, piece), own_v,              \
                   row * v_row + 8 * piece, row >= 0 && 8 * piece < value_dim, whole);         \
      }                                                                                        \
    }                                                                                          \
  }                                                                                            \
  copy_commit()
  UNROLL_BY(1)
  for (i32 j = from - BLOCK; j < to; j += BLOCK) {
    COPY_WAIT(0);
    // All are here, and nobody reads any more what is overwritten next.
    BARRIER();
    FETCH(j + BLOCK);
    if (j < from) {
      continue;
    }
    LOCAL const u32x4 *keys = STAGE_OF(j);
    LOCAL u32x4 *values = STAGE_OF(j) + BLOCK * PIECES;
    const i32 inner = SEEN_BY_ALL(j);
    i32 odd = 0;
    if (!inner) {
      for (i32 i = LOCAL_ID(0); i < BLOCK * PIECES; i += ITEMS) { odd |= is_odd(values[i]); }
      odd = __syncthreads_or(odd);
    }
    if (odd) {
      ADD_ODD(own, j, values, value_place);
      BARRIER();
      for (i32 i = LOCAL_ID(0); i < BLOCK * PIECES; i += ITEMS) {
        values[i] = finite_of_all(values[i]);
      }
      BARRIER();
    }
    UNROLL_BY(1)
    for (i32 first = j; first < j + BLOCK; first += STEP) {
      // Nothing changes for a warp without queries, or whose queries see none of these keys.
      if (first_query >= t.count || (causal != CAUSAL_NONE && first > t.position + last_query)) {
        continue;
      }
      f32 score[SCORES];
      UNROLL for (i32 i = 0; i < SCORES; i++) { score[i] = 0; }
      UNROLL for (i32 slice = 0; slice < SLICES; slice++) {
        const u32x4 a = ring[place(slice, first_row, ROWS) + quad];
        const u32x4 b = ring[place(slice, first_row + 8, ROWS) + quad];
        UNROLL for (i32 i = 0; i < SCORES; i += 4) {
          const u32x4 right = keys[place(slice, first - j + 2 * i + g, BLOCK) + quad];
          MMA(score + i, a.x, b.x, a.y, b.y, right.x, right.y);
          MMA(score + i, a.z, b.z, a.w, b.w, right.z, right.w);
        }
      }
      FINISH_ALL(score, first, inner);
      f32 factor[2];
      weigh(score, BY, &own, factor);
      rescale(&own, factor);
      UNROLL for (i32 c = 0; c < STEP / 16; c++) {
        u32 weight[4];
        UNROLL for (i32 i = 0; i < 4; i++) {
          weight[i] = PACKED(score[8 * c + 2 * i], score[8 * c + 2 * i + 1]);
        }
        UNROLL for (i32 i = 0; i < PIECES; i += 2) {
          const u32x4 right =
              load_turned(values + value_place(first - j + 16 * c + LANE % 16, i + LANE / 16));
          MMA(own.sum + 4 * i, weight[0], weight[1], weight[2], weight[3], right.x, right.y);
          MMA(own.sum + 4 * i + 4, weight[0], weight[1], weight[2], weight[3], right.z, right.w);
        }
      }
    }
#ifndef SPLIT
    if ((j + BLOCK) % SEGMENT == 0 || j + BLOCK >= to) {
      f32 keep[2];
      f32 take[2];
      join_totals(&all, &own, keep, take);
      join_values(all.sum, own.sum, VALUES, keep, take);
    }
#endif
  }
#ifdef SPLIT
  gather_total(&own);
  WRITE_ROWS(own);
#else
  WRITE_ROWS(all);
#endif
}
