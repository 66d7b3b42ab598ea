// Scaled dot-product attention on tensor cores, for bf16 and f16: a prompt's and, with SPLIT, that of
// few queries over a cache, a segment of keys a group, the segments merged by a second kernel (Dao et
// al., "FlashAttention-2" and "Flash-Decoding", 2023).
//
// A warp has 16 rows: the heads that share a key/value head, 16 at most, of one query after the other,
// so that each key is read once for all of them. Softmax takes 32 keys at a time from key 0 on, and begins
// anew with every segment of 256, wherever rows lie and however many there are: a row's bits depend on
// its own operands only, and a token's are the same in a prompt and behind a cache.
//
// Powers are of 2, and what is subtracted before is the greatest score rounded up. So sums are only
// ever multiplied by whole powers of two, which rounds nothing: in which order segments meet their
// common maximum is no matter.
//
// Queries and keys are read from shared memory as matmul_tensor.cu has it, 16 bytes a lane; values,
// which the product takes by keys, through ldmatrix, their pieces exchanged by key for banks' sake.
//
// v1 (this one). Predicted for an H200, not measured: a prompt 300 to 350 TFLOP/s (each warp reads all
//    keys and values from shared memory for 16 rows, which takes as long as its mma do); few queries
//    over long caches 0.8 of the copies' bandwidth, 96 KB under way on each multiprocessor.
//
// Defined before, besides attention.h's: HEAD_DIM, 32, 64 or 128, at least a head's elements, which
// are a multiple of 8; WARPS of a group; SPLIT, MERGES; PLAIN if scores are neither capped nor biased nor
// masked.
#define ROWS (16 * WARPS)
#define ITEMS (32 * WARPS)
#ifdef MERGES
#define TILE 1
#define HEAD GROUP_ID(1)
#else
#define TILE (ROWS / pack)
// Groups that share a key/value head.
#define CROWDS ((share + pack - 1) / pack)
#define HEAD (GROUP_ID(1) / CROWDS * share + GROUP_ID(1) % CROWDS * pack)
// The last queries first: with causal attention they see most.
#define SLOT (GROUPS(0) - 1 - GROUP_ID(0))
#endif
#include "starts.h"
#include "blocks.h"
#include "attention.h"
#include "four.h"
#include "ptx.cuh"

#define LOG2_E 1.44269504f
#define BLOCK 64  // Keys that are copied at a time,
#define STEP 32   // and that softmax takes at a time.
#define SLICES (HEAD_DIM / 32)
#define PIECES (HEAD_DIM / 8)
#define KEY_TILES (STEP / 8)
#define NOBODY 0x7fff
#define VALUE_TILES (HEAD_DIM / 8)
#define MMA HEDDLE_JOIN(mma_, X)
#define PACKED HEDDLE_JOIN(pack_, X)

// What a segment gives for a query and a head: the greatest score, the sum of weights, the sums of
// weighted values.
#define PART_AT(row, head, segment) \
  (((t.query + (row)) * heads + (head)) * segments + (segment)) * (value_dim + 2)

// What sums over scores of which this is the greatest are multiplied by, to be of those whose greatest
// is another, not less: 2^n, n whole.
DEVICE f32 change(f32 greatest, f32 to) {
  const f32 n = greatest - shift_of(to);
  return n < -126 ? 0.0f : BITS_F32((u32)((i32)n + 127) << 23);
}
// The same of sums that go on, which may be infinite before there is a score.
DEVICE f32 change_of_all(f32 greatest, f32 to) {
  return greatest == HIDDEN ? 1.0f : change(greatest, to);
}

#ifdef MERGES
KERNEL GROUP_SIZE(128, 1, 1) attention_merge(ARGUMENTS, TENSOR(parts), i64 heads, i64 segments) {
  BEGIN_TILE;
  GLOBAL const f32 *part = OPERAND(const f32, parts);
  const i32 from = first_key(t.position, window) / SEGMENT;
  const i32 to = (end_key(t.shown, last_position, causal, window) + SEGMENT - 1) / SEGMENT;
  for (i32 d = LOCAL_ID(0); d < value_dim && t.count > 0; d += 128) {
    f32 greatest = HIDDEN;
    UNROLL_BY(8)
    for (i32 segment = from; segment < to; segment++) {
      const f32 own = part[PART_AT(t.row, head, segment)];
      greatest = greatest < own ? own : greatest;
    }
    f32 total = 0;
    f32 sum = 0;
    UNROLL_BY(8)
    for (i32 segment = from; segment < to; segment++) {
      const i64 at = PART_AT(t.row, head, segment);
      const f32 take = change(part[at], greatest);
      total = FMA(part[at + 1], take, total);
      sum = FMA(part[at + 2 + d], take, sum);
    }
    // Adding 0 makes every zero positive.
    STORE(X, y, VECTOR_AT(y, t, query, head, t.row) + d,
          FMA(sum, total == 0 ? 0.0f : 1 / total, 0.0f));
  }
}
#else
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

// Of a pair of numbers those that are finite, and zeros for the others.
enum { bf16_infinity = 0x7f80, f16_infinity = 0x7c00 };
#define INFINITE ((u32)HEDDLE_JOIN(X, _infinity))
DEVICE u32 finite_of(u32 pair) {
  return pair & (((pair & INFINITE) == INFINITE ? 0 : 0xffffu) |
                 ((pair >> 16 & INFINITE) == INFINITE ? 0 : 0xffff0000u));
}
DEVICE u32x4 finite_of_all(u32x4 x) {
  return make_uint4(finite_of(x.x), finite_of(x.y), finite_of(x.z), finite_of(x.w));
}

#ifdef SPLIT
#define PARTS , TENSOR(parts), i64 heads, i64 segments
#else
#define PARTS
#endif
KERNEL GROUP_OF(ITEMS) attention_tensor(ARGUMENTS PARTS) {
  extern SHARED u32x4 ring[];
  SHARED i32 query_of[ROWS];
  SHARED i32 head_of[ROWS];
  const i32 pack = MIN(16, share);
#ifdef PLAIN
  BEGIN_KEYS;
#else
  BEGIN;
  GLOBAL const STORAGE(MASK) *own_mask = mask == 0 ? 0 : mask + mask_at;
  GLOBAL const STORAGE(SLOPE) *own_slopes = slopes == 0 ? 0 : slopes + head;
  GLOBAL const STORAGE(BIAS) *own_biases = biases == 0 ? 0 : biases + bias_at;
#endif
  const i32 whole = ((u64)q | (u64)k | (u64)v) % 16 == 0;
  GLOBAL const u16 *own_k = (GLOBAL const u16 *)k + KEY_AT(k, t, kv_head, 0);
  GLOBAL const u16 *own_v = (GLOBAL const u16 *)v + KEY_AT(v, t, kv_head, 0);
  GLOBAL STORAGE(X) *own_y = y + VECTOR_AT(y, t, query, head, t.row);
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
  // Whose a row is: registers for what is seldom asked would be too many.
  if (LOCAL_ID(0) < ROWS) {
    const i32 own_query = LOCAL_ID(0) / pack;
    const i32 own_head = LOCAL_ID(0) % pack;
    const i32 valid = own_query < t.count && head + own_head < (kv_head + 1) * share;
    query_of[LOCAL_ID(0)] = valid ? own_query : NOBODY;
    head_of[LOCAL_ID(0)] = valid ? own_head : 0;
  }
  BARRIER();
  // A warp's queries, and the first of a lane's two rows, h = 0 and 1.
  const i32 first_query = LOCAL_ID(0) / 32 * 16 / pack;
  const i32 last_query = (LOCAL_ID(0) / 32 * 16 + 15) / pack;
  const i32 first_row = LOCAL_ID(0) / 32 * 16 + g;
#define QUERY_OF(h) query_of[first_row + 8 * (h)]
#define HEAD_OF(h) head_of[first_row + 8 * (h)]
  // What becomes of a product of row h's query and a key.
#ifdef PLAIN
#define FINISH(x, h, key)                                                                          \
  ((key) >= to || is_hidden(t, key, (key) - t.position - QUERY_OF(h), causal, window) ? HIDDEN : (x))
#else
#define FINISH(x, h, key)                                                                          \
  finish_score(x, MAP_WEIGHTS, (key) >= to || QUERY_OF(h) == NOBODY, t, QUERY_OF(h), key, cap,     \
               own_slopes, HEAD_OF(h), own_biases, HEAD_OF(h) * (2 * (i64)reach + 1), reach,       \
               own_mask, HEAD_OF(h) * mask_head + QUERY_OF(h) * mask_query + (key) * mask_key,     \
               causal, window)
#endif

  i32 from = first_key(t.position, window) / BLOCK * BLOCK;
  i32 to = t.count > 0 ? end_key(t.shown, last_position, causal, window) : 0;
#ifdef SPLIT
  const i32 segment = (i32)GROUP_ID(2);
  from = MAX(from, segment * SEGMENT);
  to = MIN(to, (segment + 1) * SEGMENT);
  GLOBAL f32 *own_part = OPERAND(f32, parts) + PART_AT(t.row, head, segment);
#endif

  f32 greatest[2] = {HIDDEN, HIDDEN};  // Of this segment: the greatest score, rounded up,
  f32 total[2] = {0, 0};               // a lane's share of the sum of weights,
  f32 sum[VALUE_TILES][4];             // and the sums of weighted values.
  UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
    UNROLL for (i32 e = 0; e < 4; e++) { sum[i][e] = 0; }
  }
#ifndef SPLIT
  f32 all_greatest[2] = {HIDDEN, HIDDEN};  // The same of the segments before.
  f32 all_total[2] = {0, 0};
  f32 all[VALUE_TILES][4];
  UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
    UNROLL for (i32 e = 0; e < 4; e++) { all[i][e] = 0; }
  }
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

    // Whether every query of the tile sees every key of the block.
    const i32 inner = j + BLOCK <= to && !PRESENT(mask) &&
                      (causal == CAUSAL_NONE || j + BLOCK - 1 <= t.position) &&
                      (window == 0 || (j + BLOCK - 1 - t.position < window &&
                                       last_position - j < window));
    // A value that is hidden from some has a weight of 0 there, and must not be infinite or NaN: it
    // is added to the sums of those that see it, and its place taken by 0.
    i32 odd = 0;
    if (!inner) {
      for (i32 i = LOCAL_ID(0); i < BLOCK * PIECES; i += ITEMS) {
        const u32x4 x = values[i];
        const u32x4 y = finite_of_all(x);
        odd |= x.x != y.x || x.y != y.y || x.z != y.z || x.w != y.w;
      }
      odd = __syncthreads_or(odd);
    }
    if (odd) {
      UNROLL_BY(1)
      for (i32 key = 0; key < BLOCK; key++) {
        const i32 seen[2] = {FINISH(0.0f, 0, j + key) != HIDDEN, FINISH(0.0f, 1, j + key) != HIDDEN};
        UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
          UNROLL for (i32 e = 0; e < 4; e++) {
            const f32 x = LOAD(X, (LOCAL const u16 *)(values + value_place(key, i)), 2 * quad + e % 2);
            sum[i][e] += seen[e / 2] && x - x != 0 ? x : 0.0f;
          }
        }
      }
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
      f32 score[KEY_TILES][4];
      UNROLL for (i32 i = 0; i < KEY_TILES; i++) {
        UNROLL for (i32 e = 0; e < 4; e++) { score[i][e] = 0; }
      }
      UNROLL for (i32 slice = 0; slice < SLICES; slice++) {
        const u32x4 a = ring[place(slice, first_row, ROWS) + quad];
        const u32x4 b = ring[place(slice, first_row + 8, ROWS) + quad];
        UNROLL for (i32 i = 0; i < KEY_TILES; i++) {
          const u32x4 right = keys[place(slice, first - j + 8 * i + g, BLOCK) + quad];
          MMA(score[i], a.x, b.x, a.y, b.y, right.x, right.y);
          MMA(score[i], a.z, b.z, a.w, b.w, right.z, right.w);
        }
      }

      f32 most[2] = {greatest[0], greatest[1]};
      UNROLL for (i32 i = 0; i < KEY_TILES; i++) {
        UNROLL for (i32 e = 0; e < 4; e++) {
          const i32 h = e / 2;
          const i32 key = first + 8 * i + 2 * quad + e % 2;
          f32 x = scale * score[i][e];
#ifdef PLAIN
          x = inner ? x : FINISH(x, h, key);
#else
          x = FINISH(x, h, key);
#endif
          score[i][e] = LOG2_E * x;
          most[h] = most[h] < score[i][e] ? score[i][e] : most[h];
        }
      }
      UNROLL for (i32 h = 0; h < 2; h++) {
        UNROLL for (i32 by = 1; by < 4; by *= 2) {
          const f32 other = __shfl_xor_sync(0xffffffffu, most[h], by);
          most[h] = most[h] < other ? other : most[h];
        }
        most[h] = CEIL(most[h]);
      }
      f32 factor[2];
      UNROLL for (i32 h = 0; h < 2; h++) {
        factor[h] = change_of_all(greatest[h], most[h]);
        greatest[h] = most[h];
        total[h] *= factor[h];
      }
      UNROLL for (i32 i = 0; i < KEY_TILES; i++) {
        UNROLL for (i32 e = 0; e < 4; e++) {
          score[i][e] = power_of_two(score[i][e] - shift_of(most[e / 2]));
          total[e / 2] += score[i][e];
        }
      }
      if (__any_sync(0xffffffffu, factor[0] != 1 || factor[1] != 1)) {
        UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
          UNROLL for (i32 e = 0; e < 4; e++) { sum[i][e] *= factor[e / 2]; }
        }
      }

      UNROLL for (i32 c = 0; c < STEP / 16; c++) {
        const u32 weight[4] = {PACKED(score[2 * c][0], score[2 * c][1]),
                               PACKED(score[2 * c][2], score[2 * c][3]),
                               PACKED(score[2 * c + 1][0], score[2 * c + 1][1]),
                               PACKED(score[2 * c + 1][2], score[2 * c + 1][3])};
        UNROLL for (i32 i = 0; i < VALUE_TILES; i += 2) {
          const u32x4 right =
              load_turned(values + value_place(first - j + 16 * c + LANE % 16, i + LANE / 16));
          UNROLL for (i32 n = 0; n < 2; n++) {
            const u32 lower = n == 0 ? right.x : right.z;
            const u32 upper = n == 0 ? right.y : right.w;
            MMA(sum[i + n], weight[0], weight[1], weight[2], weight[3], lower, upper);
          }
        }
      }
    }

    if ((j + BLOCK) % SEGMENT == 0 || j + BLOCK >= to) {
      UNROLL for (i32 h = 0; h < 2; h++) {
        UNROLL for (i32 by = 1; by < 4; by *= 2) {
          total[h] += __shfl_xor_sync(0xffffffffu, total[h], by);
        }
      }
#ifndef SPLIT
      f32 keep[2];
      f32 take[2];
      UNROLL for (i32 h = 0; h < 2; h++) {
        const f32 both = all_greatest[h] < greatest[h] ? greatest[h] : all_greatest[h];
        keep[h] = change_of_all(all_greatest[h], both);
        take[h] = change(greatest[h], both);
        all_greatest[h] = both;
        all_total[h] = MERGED(all_total[h], keep[h], total[h], take[h]);
        greatest[h] = HIDDEN;
        total[h] = 0;
      }
      UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
        UNROLL for (i32 e = 0; e < 4; e++) {
          all[i][e] = MERGED(all[i][e], keep[e / 2], sum[i][e], take[e / 2]);
          sum[i][e] = 0;
        }
      }
#endif
    }
  }

#ifdef SPLIT
#define ALL sum
#define ALL_TOTAL total
#else
#define ALL all
#define ALL_TOTAL all_total
#endif
  UNROLL for (i32 h = 0; h < 2; h++) {
    const i32 own_query = QUERY_OF(h);
    if (own_query == NOBODY) {
      continue;
    }
#ifdef SPLIT
    if (segments > 1) {
      if (to > from) {
        GLOBAL f32 *part = own_part + (own_query * heads + HEAD_OF(h)) * segments * (value_dim + 2);
        UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
          UNROLL for (i32 e = 0; e < 2; e++) {
            const i32 d = 8 * i + 2 * quad + e;
            if (d < value_dim) {
              part[2 + d] = sum[i][2 * h + e];
            }
          }
        }
        if (quad == 0) {
          part[0] = greatest[h];
          part[1] = total[h];
        }
      }
      continue;
    }
#endif
    const f32 inverse = ALL_TOTAL[h] == 0 ? 0.0f : 1 / ALL_TOTAL[h];
    const i64 at = own_query * y_row + HEAD_OF(h) * y_head;
    UNROLL for (i32 i = 0; i < VALUE_TILES; i++) {
      UNROLL for (i32 e = 0; e < 2; e++) {
        const i32 d = 8 * i + 2 * quad + e;
        if (d < value_dim) {
          // Adding 0 makes every zero positive.
          STORE(X, own_y, at + d, FMA(ALL[i][2 * h + e], inverse, 0.0f));
        }
      }
    }
  }
}
#endif
