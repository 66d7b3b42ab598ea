// Scaled dot-product attention without the matrix of scores: a tile of queries of one head runs over
// its keys in blocks of a fixed size from key 0 on, with a running maximum and sum (Milakov and
// Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022).
//
// A query's bits depend on its own operands only: a hidden key's weight is exactly 0, and where a
// block raises no maximum what was summed before is multiplied by exactly 1, so it is no matter in
// which tile a query lies, which sequences stand beside its own, and what is hidden behind.
#define TILE 64
#define HEAD GROUP_ID(1)
#include "starts.h"
#include "blocks.h"
#include "attention.h"

// For products, items lie in 16 lines of 8: an item has 4 queries, a line apart, and 4 keys or
// elements of a value. For what lies between, two items have a query, half of the keys each.
// Elements of heads pass through local memory a slice at a time; queries stay there if QUERY_SLICES
// hold all of a head. A group does VALUE_SLICES slices of the values' elements.
#define ITEMS 128
#define ACROSS 8
#define DOWN 16
#define BLOCK 32
#define HALF 16
#define SLICE 32

// Local memory in columns, one element more than there are rows, so that neighbours who write a row
// or read a column meet no bank twice.
#define QUERY_PITCH (TILE + 1)
#define KEY_PITCH (BLOCK + 1)

// Elements [d, d + SLICE) of count queries to local memory, [elements, TILE], scaled; zeros behind
// the last query and the last element.
DEVICE void fetch_queries(
    GLOBAL const STORAGE(X) *x, i64 at, i64 stride, i32 count, i32 d, i32 width, real scale,
    LOCAL real *to) {
  for (i32 i = LOCAL_ID(0); i < TILE * SLICE; i += ITEMS) {
    const i32 r = i / SLICE;
    const i32 e = i % SLICE;
    const i32 inside = r < count && d + e < width;
    to[e * QUERY_PITCH + r] = inside ? scale * LOAD(X, x, at + r * stride + d + e) : (real)0;
  }
}

// The same of keys or values [j, j + n) of a head that begins at an element of each row, each
// element to row * row_stride + element * stride; zeros also for those whose page is not there.
DEVICE void fetch_keys(
    GLOBAL const STORAGE(KV) *x, i64 at, i64 x_stride, struct tile t, i32 j, i32 n, i32 d,
    i32 width, LOCAL real *to, i32 row_stride, i32 stride) {
  for (i32 i = LOCAL_ID(0); i < BLOCK * SLICE; i += ITEMS) {
    const i32 r = i / SLICE;
    const i32 e = i % SLICE;
    real element = 0;
    if (r < n && d + e < width) {
      const i64 row = key_row(t, j + r);
      element = row < 0 ? (real)0 : (real)LOAD(KV, x, at + row * x_stride + d + e);
    }
    to[r * row_stride + e * stride] = element;
  }
}

// sums[r][c] += a[r * a_across] * b[c * b_across] for each of n steps along both; with visible set,
// an a of 0 takes nothing, not even an infinity or NaN.
DEVICE void multiply(
    LOCAL const real *a, i32 a_across, i32 a_step, LOCAL const real *b, i32 b_step, i32 n,
    i32 visible, PRIVATE real *sums) {
  UNROLL_BY(4)
  for (i32 i = 0; i < n; i++) {
    real x[4];
    real z[4];
    UNROLL
    for (i32 g = 0; g < 4; g++) {
      x[g] = a[i * a_step + g * a_across];
      z[g] = b[i * b_step + g * ACROSS];
    }
    UNROLL
    for (i32 r = 0; r < 4; r++) {
      UNROLL
      for (i32 c = 0; c < 4; c++) {
        const real sum = sums[4 * r + c];
        sums[4 * r + c] = visible && x[r] == 0 ? sum : FMA(x[r], z[c], sum);
      }
    }
  }
}

KERNEL GROUP_SIZE(ITEMS, 1, 1) attention(ARGUMENTS) {
  SHARED real packed[QUERY_SLICES * SLICE * QUERY_PITCH];  // Queries, scaled.
  SHARED real block[SLICE * KEY_PITCH];                    // A slice of keys, or of values.
  SHARED real weights[TILE * KEY_PITCH];                   // Scores, then weights.
  SHARED real greatest_half[2 * TILE];
  SHARED real total_half[2 * TILE];
  SHARED real factors[TILE];  // Of what was summed before in the segment; at the end of all.
  SHARED real keeps[TILE];    // Of the segments before, where one ends; and of this one.
  SHARED real takes[TILE];
  const i32 item = LOCAL_ID(0);
  BEGIN_MAP;
  const i32 column = item % ACROSS;
  const i32 line = item / ACROSS;
  const i32 row = item / 2;
  const i32 half_at = row * KEY_PITCH + item % 2 * HALF;
  const i32 slices = (head_dim + SLICE - 1) / SLICE;
  const i32 first_value = (i32)GROUP_ID(2) * (VALUE_SLICES * SLICE);
  real greatest = HIDDEN;  // The greatest score of the row in this segment so far,
  real total = 0;          // and the sum of weights.
  real all_greatest = HIDDEN;  // The same of the segments before.
  real all_total = 0;
  real factor = 0;
  real keep = 0;
  real take = 0;
  real sums[VALUE_SLICES][16];
  real all[VALUE_SLICES][16];
  UNROLL_BY(1)
  for (i32 slice = 0; slice < VALUE_SLICES; slice++) {
    UNROLL
    for (i32 i = 0; i < 16; i++) {
      sums[slice][i] = 0;
      all[slice][i] = 0;
    }
  }
  i32 ready = 0;  // Whether local memory holds the queries.

  UNROLL_BY(1)
  for (i32 pass = 0; pass < passes; pass++) {
    const i32 stage = pass == 0 ? MAP_WEIGHTS : map_kind;
    const i32 from = pass == 0 ? first_key(t.position, window) / BLOCK * BLOCK : 0;
    const i32 to = pass == 0 ? end_key(t.shown, last_position, causal, window) : t.keys;
    UNROLL_BY(1)
    for (i32 j = from; j < to; j += BLOCK) {
      const i32 n = MIN(BLOCK, to - j);
      const i32 ends = (j + BLOCK) % SEGMENT == 0 || j + BLOCK >= to;

      real score[16];
      UNROLL
      for (i32 i = 0; i < 16; i++) {
        score[i] = 0;
      }
      UNROLL_BY(1)
      for (i32 slice = 0; slice < slices; slice++) {
        LOCAL real *query = packed + slice % QUERY_SLICES * (SLICE * QUERY_PITCH);
        if (slices > QUERY_SLICES || !ready) {
          fetch_queries(q, VECTOR_AT(q, t, query, head, t.row), q_row, t.count, slice * SLICE,
                        head_dim, scale, query);
        }
        fetch_keys(k, KEY_AT(k, t, kv_head, 0), k_row, t, j, n, slice * SLICE, head_dim, block, 1,
                   KEY_PITCH);
        BARRIER();
        multiply(query + line, DOWN, QUERY_PITCH, block + column, KEY_PITCH, SLICE, 0, score);
        BARRIER();
      }
      ready = 1;
      UNROLL
      for (i32 i = 0; i < 16; i++) {
        weights[(line + i / 4 * DOWN) * KEY_PITCH + column + i % 4 * ACROSS] = score[i];
      }
      BARRIER();

      real most = HIDDEN;
      UNROLL_BY(1)
      for (i32 i = 0; i < HALF; i++) {
        const i32 key = j + item % 2 * HALF + i;
        const real x = finish_score(
            weights[half_at + i], stage, key >= to || row >= t.count, t, row, key, cap, slopes,
            head, biases, bias_at, reach, mask, mask_at + row * mask_query + key * mask_key, causal,
            window);
        if (pass == 0) {
          weights[half_at + i] = x;
          most = most < x ? x : most;
        } else if (GROUP_ID(2) == 0 && key < to && row < t.count) {
          STORE(X, map, VECTOR_AT(map, t, query, head, t.row + row) + key,
                stage == MAP_WEIGHTS ? EXP(x - shift_of(all_greatest)) * factor : x);
        }
      }
      greatest_half[item] = most;
      BARRIER();
      if (pass == 0) {
        const real other = greatest_half[item ^ 1];
        most = most < other ? other : most;
        most = greatest < most ? most : greatest;
        const real shift = shift_of(most);
        factor = EXP(greatest - shift);
        greatest = most;
        if (ends) {
          join(greatest, &all_greatest, &keep, &take);
        }
        real part = 0;
        UNROLL_BY(4)
        for (i32 i = 0; i < HALF; i++) {
          const real e = EXP(weights[half_at + i] - shift);
          weights[half_at + i] = e;
          part += e;
        }
        total_half[item] = part;
        if (item % 2 == 0) {
          factors[row] = factor;
          keeps[row] = keep;
          takes[row] = take;
        }
      }

      UNROLL_BY(1)
      for (i32 slice = 0; slice < (pass == 0 ? VALUE_SLICES : 0); slice++) {
        fetch_keys(v, KEY_AT(v, t, kv_head, 0), v_row, t, j, n, first_value + slice * SLICE,
                   value_dim, block, SLICE, 1);
        BARRIER();
        LOCAL const real *weight = weights + line * KEY_PITCH;
        real more[16];
        real odd = 0;
        UNROLL
        for (i32 i = 0; i < 16; i++) {
          more[i] = 0;
        }
        multiply(weight, DOWN * KEY_PITCH, 1, block + column, SLICE, BLOCK, 0, more);
        UNROLL
        for (i32 i = 0; i < 16; i++) {
          odd += more[i] - more[i];
        }
        if (odd != 0) {
          // Again without hidden values, which may have been infinite or NaN.
          UNROLL
          for (i32 i = 0; i < 16; i++) {
            more[i] = 0;
          }
          multiply(weight, DOWN * KEY_PITCH, 1, block + column, SLICE, BLOCK, 1, more);
        }
        UNROLL
        for (i32 i = 0; i < 16; i++) {
          const i32 own = line + i / 4 * DOWN;
          const real sum = FMA(sums[slice][i], factors[own], more[i]);
          sums[slice][i] = sum;
        }
        if (ends) {
          UNROLL_BY(1)
          for (i32 i = 0; i < 16; i++) {
            const i32 own = line + i / 4 * DOWN;
            all[slice][i] = MERGED(all[slice][i], keeps[own], sums[slice][i], takes[own]);
            sums[slice][i] = 0;
          }
        }
        BARRIER();
      }
      if (pass == 0) {
        total = FMA(total, factor, total_half[2 * row] + total_half[2 * row + 1]);
        if (ends) {
          all_total = MERGED(all_total, keep, total, take);
          greatest = HIDDEN;
          total = 0;
        }
      }
    }
    if (pass == 0) {
      factor = all_total == 0 ? (real)0 : 1 / all_total;
      if (item % 2 == 0) {
        factors[row] = factor;
      }
      BARRIER();
      UNROLL_BY(1)
      for (i32 slice = 0; slice < VALUE_SLICES; slice++) {
        UNROLL
        for (i32 i = 0; i < 16; i++) {
          const i32 own = line + i / 4 * DOWN;
          const i32 d = first_value + slice * SLICE + column + i % 4 * ACROSS;
          if (own < t.count && d < value_dim) {
            // Adding 0 makes every zero positive.
            const real sum = FMA(all[slice][i], factors[own], (real)0);
            STORE(X, y, VECTOR_AT(y, t, query, head, t.row + own) + d, sum);
          }
        }
      }
    } else if (GROUP_ID(2) == 0) {
      const i64 behind = map_width - t.keys;
      for (i64 i = item; i < t.count * behind; i += ITEMS) {
        const i64 at = VECTOR_AT(map, t, query, head, t.row + i / behind);
        STORE(X, map, at + t.keys + i % behind, (real)0);
      }
    }
  }
}
