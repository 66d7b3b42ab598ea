// Attention of few queries over many keys, as when a text is continued, on GPUs: a group does one
// query, up to ROWS of the heads that share a key/value head, and one segment of keys; then the
// segments are merged (Dao et al., "Flash-Decoding", 2023; but segments have a fixed size, not a
// fixed count). The sums run as in attention.cl, so a token's bits are those it has in a prompt.
#define TILE 1
#ifdef MERGES
#define HEAD GROUP_ID(1)
#else
// Groups of one key/value head.
#define CROWDS ((share + ROWS - 1) / ROWS)
#define HEAD (GROUP_ID(1) / CROWDS * share + GROUP_ID(1) % CROWDS * ROWS)
#endif
#include "starts.h"
#include "blocks.h"
#include "attention.h"

#define ITEMS 128
#define BLOCK 32
#define BLOCKS (SEGMENT / BLOCK)
#define HALF 16
#define SLICE 32
#define PITCH (ITEMS + 1)

// What a segment gives for a query and a head: the greatest score, the sum of weights, the sums of
// weighted values.
#define PART_AT(head, segment) \
  (((t.query + t.row) * heads + (head)) * segments + (segment)) * (value_dim + 2)

#ifdef MERGES
KERNEL GROUP_SIZE(ITEMS, 1, 1) attention_merge(ARGUMENTS, TENSOR(parts), i64 heads, i64 segments) {
  BEGIN_TILE;
  GLOBAL const f32 *part = OPERAND(const f32, parts);
  const i32 from = first_key(t.position, window) / SEGMENT;
  const i32 to = end_key(t.shown, last_position, causal, window);
  for (i32 d = LOCAL_ID(0); d < value_dim && t.count > 0; d += ITEMS) {
    real greatest = HIDDEN;
    real total = 0;
    real sum = 0;
    for (i32 segment = from; segment * SEGMENT < to; segment++) {
      const i64 at = PART_AT(head, segment);
      real keep;
      real take;
      join(part[at], &greatest, &keep, &take);
      total = MERGED(total, keep, part[at + 1], take);
      sum = MERGED(sum, keep, part[at + 2 + d], take);
    }
    // Adding 0 makes every zero positive.
    sum = FMA(sum, total == 0 ? (real)0 : 1 / total, (real)0);
    STORE(X, y, VECTOR_AT(y, t, query, head, t.row) + d, sum);
  }
}
#else
KERNEL GROUP_SIZE(ITEMS, 1, 1) attention_split(ARGUMENTS, TENSOR(parts), i64 heads, i64 segments) {
  SHARED real packed[ROWS * HEAD_SLICES * SLICE];  // Queries, scaled.
  SHARED real block[SLICE * PITCH];                // A slice of keys, [elements, ITEMS].
  SHARED real weights[ROWS * SEGMENT];             // Scores, then weights.
  SHARED real most[ROWS * BLOCKS];                 // The greatest score of a block; then of all
  SHARED real factors[ROWS * BLOCKS];              // until there. Of what was summed before.
  SHARED real halves[ROWS * 2 * BLOCKS];           // Sums of weights.
  SHARED real totals[ROWS];
  const i32 item = LOCAL_ID(0);
  BEGIN;
  GLOBAL f32 *part = OPERAND(f32, parts);
  const i32 rows = (i32)MIN((i64)ROWS, (kv_head + 1) * share - head);
  const i64 segment = GROUP_ID(2);
  const i32 begin = (i32)segment * SEGMENT;
  const i32 end = end_key(t.shown, last_position, causal, window);
  const i32 from = MAX(begin, first_key(t.position, window) / BLOCK * BLOCK);
  const i32 to = t.count > 0 ? MIN(end, begin + SEGMENT) : 0;
  const i32 first_block = (from - begin) / BLOCK;
  const i32 end_block = to > from ? (to - begin + BLOCK - 1) / BLOCK : first_block;

  for (i32 i = item; i < ROWS * HEAD_SLICES * SLICE; i += ITEMS) {
    const i32 r = i / (HEAD_SLICES * SLICE);
    const i32 e = i % (HEAD_SLICES * SLICE);
    const i32 inside = r < rows && e < head_dim && to > from;
    packed[i] = inside ? scale * LOAD(X, q, VECTOR_AT(q, t, query, head + r, t.row) + e) : (real)0;
  }

  // Scores: a key an item.
  UNROLL_BY(1)
  for (i32 j = begin + first_block * BLOCK / ITEMS * ITEMS; j < to; j += ITEMS) {
    real score[ROWS];
    UNROLL
    for (i32 r = 0; r < ROWS; r++) {
      score[r] = 0;
    }
    UNROLL_BY(1)
    for (i32 slice = 0; slice < HEAD_SLICES; slice++) {
      BARRIER();
      for (i32 i = item; i < ITEMS * SLICE; i += ITEMS) {
        const i32 key = j + i / SLICE;
        const i32 d = slice * SLICE + i % SLICE;
        const i64 row = key >= from && key < to && d < head_dim ? key_row(t, key) : -1;
        block[i % SLICE * PITCH + i / SLICE] =
            row < 0 ? (real)0 : (real)LOAD(KV, k, KEY_AT(k, t, kv_head, row) + d);
      }
      BARRIER();
      UNROLL_BY(4)
      for (i32 i = 0; i < SLICE; i++) {
        const real z = block[i * PITCH + item];
        UNROLL
        for (i32 r = 0; r < ROWS; r++) {
          score[r] = FMA(packed[(r * HEAD_SLICES + slice) * SLICE + i], z, score[r]);
        }
      }
    }
    const i32 key = j + item;
    UNROLL
    for (i32 r = 0; r < ROWS; r++) {
      const i32 hidden = key < from || key >= to || r >= rows;
      weights[r * SEGMENT + key - begin] = finish_score(
          score[r], MAP_WEIGHTS, hidden, t, 0, key, cap, slopes, head + r, biases,
          bias_at + r * (2 * (i64)reach + 1), reach, mask,
          mask_at + r * mask_head + key * mask_key, causal, window);
    }
  }
  BARRIER();

  // Each block's greatest score; then that of all blocks until there, and the weights.
  for (i32 i = item; i < ROWS * BLOCKS; i += ITEMS) {
    real own = HIDDEN;
    if (i % BLOCKS >= first_block && i % BLOCKS < end_block) {
      LOCAL const real *score = weights + i * BLOCK;
      for (i32 n = 0; n < BLOCK; n++) {
        own = own < score[n] ? score[n] : own;
      }
    }
    most[i] = own;
  }
  BARRIER();
  real greatest = HIDDEN;
  if (item < ROWS) {
    for (i32 b = first_block; b < end_block; b++) {
      const i32 at = item * BLOCKS + b;
      const real next = greatest < most[at] ? most[at] : greatest;
      factors[at] = EXP(greatest - shift_of(next));
      most[at] = next;
      greatest = next;
    }
  }
  BARRIER();
  for (i32 i = first_block * BLOCK + item; i < end_block * BLOCK; i += ITEMS) {
    for (i32 r = 0; r < ROWS; r++) {
      const i32 at = r * SEGMENT + i;
      weights[at] = EXP(weights[at] - shift_of(most[at / BLOCK]));
    }
  }
  BARRIER();
  for (i32 i = item; i < ROWS * 2 * BLOCKS; i += ITEMS) {
    real sum = 0;
    if (i / 2 % BLOCKS >= first_block && i / 2 % BLOCKS < end_block) {
      for (i32 n = 0; n < HALF; n++) {
        sum += weights[i * HALF + n];
      }
    }
    halves[i] = sum;
  }
  BARRIER();
  if (item < rows) {
    real total = 0;
    for (i32 b = first_block; b < end_block; b++) {
      const i32 at = item * BLOCKS + b;
      total = FMA(total, factors[at], halves[2 * at] + halves[2 * at + 1]);
    }
    totals[item] = total;
    if (segments > 1 && to > from) {
      const i64 at = PART_AT(head + item, segment);
      part[at] = greatest;
      part[at + 1] = total;
    }
  }
  BARRIER();

  // Values: an element an item.
  for (i32 d = item; d < value_dim && t.count > 0; d += ITEMS) {
    real sums[ROWS];
    UNROLL
    for (i32 r = 0; r < ROWS; r++) {
      sums[r] = 0;
    }
    UNROLL_BY(1)
    for (i32 b = first_block; b < end_block; b++) {
      real more[ROWS];
      UNROLL
      for (i32 r = 0; r < ROWS; r++) {
        more[r] = 0;
      }
      UNROLL_BY(8)
      for (i32 n = 0; n < BLOCK; n++) {
        const i32 key = begin + b * BLOCK + n;
        const i64 row = key < to ? key_row(t, key) : -1;
        const real z = row < 0 ? (real)0 : (real)LOAD(KV, v, KEY_AT(v, t, kv_head, row) + d);
        UNROLL
        for (i32 r = 0; r < ROWS; r++) {
          // A weight of 0 takes nothing, not even an infinity or NaN.
          const real weight = weights[r * SEGMENT + b * BLOCK + n];
          more[r] = weight == 0 ? more[r] : FMA(weight, z, more[r]);
        }
      }
      UNROLL
      for (i32 r = 0; r < ROWS; r++) {
        sums[r] = FMA(sums[r], factors[r * BLOCKS + b], more[r]);
      }
    }
    UNROLL
    for (i32 r = 0; r < ROWS; r++) {
      if (r < rows && segments > 1 && to > from) {
        part[PART_AT(head + r, segment) + 2 + d] = sums[r];
      } else if (r < rows && segments == 1) {
        const real factor = totals[r] == 0 ? (real)0 : 1 / totals[r];
        STORE(X, y, VECTOR_AT(y, t, query, head + r, t.row) + d, FMA(sums[r], factor, (real)0));
      }
    }
  }
}
#endif
