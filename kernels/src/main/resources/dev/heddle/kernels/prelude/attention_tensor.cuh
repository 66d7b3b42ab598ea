// What the kernels of attention on tensor cores share: whose rows are whose, which keys are hidden, softmax
// of a step of keys, the meeting of segments, results.
//
// A tile's rows are the heads that share a key/value head of one query after the other, so that each key
// is read once for all of them. Of 16 rows a lane has two, LANE / 4 and that + 8, h = 0 and 1; of every 8
// columns (keys, or a value's elements) two: x[4 * i + 2 * h + c] is column 8 * i + LANE % 4 * 2 + c.
//
// Defined before, besides attention.h's: HEAD_DIM, 32, 64 or 128, at least a head's elements, which
// are a multiple of 8; ROWS of a tile, MOST_HEADS of a query in it; BLOCK, the keys that are copied at a
// time, STEP, those that softmax takes at a time; SPLIT if a group does one segment; PLAIN if scores are
// neither capped nor biased nor masked. Scale is positive.
#define TILE (ROWS / pack)
// Groups that share a key/value head.
#define CROWDS ((share + pack - 1) / pack)
#define HEAD (GROUP_ID(1) / CROWDS * share + GROUP_ID(1) % CROWDS * pack)

#define LOG2_E 1.44269504f
#define PIECES (HEAD_DIM / 8)
#define SCORES (STEP / 2)      // Of a step, that a lane has,
#define VALUES (HEAD_DIM / 2)  // and the sums of weighted values.
#define NOBODY 0x7fff
#define PACKED HEDDLE_JOIN(pack_, X)

#ifdef SPLIT
#define PARTS , TENSOR(parts), i64 heads, i64 segments
#else
#define PARTS
#endif

#ifdef PLAIN
#define BEGIN_SCORES BEGIN_KEYS
#else
#define BEGIN_SCORES                                                                               \
  BEGIN;                                                                                           \
  GLOBAL const STORAGE(MASK) *own_mask = mask == 0 ? 0 : mask + mask_at;                           \
  GLOBAL const STORAGE(SLOPE) *own_slopes = slopes == 0 ? 0 : slopes + head;                       \
  GLOBAL const STORAGE(BIAS) *own_biases = biases == 0 ? 0 : biases + bias_at
#endif

// What all begin with. Whose a row is, query_of and head_of say, in shared memory: registers for what is
// seldom asked would be too many.
#define BEGIN_TENSOR                                                                               \
  const i32 pack = MIN(MOST_HEADS, share);                                                         \
  BEGIN_SCORES;                                                                                    \
  const i32 whole = ((u64)q | (u64)k | (u64)v) % 16 == 0;                                          \
  GLOBAL const u16 *own_k = (GLOBAL const u16 *)k + KEY_AT(k, t, kv_head, 0);                      \
  GLOBAL const u16 *own_v = (GLOBAL const u16 *)v + KEY_AT(v, t, kv_head, 0);                      \
  GLOBAL STORAGE(X) *own_y = y + VECTOR_AT(y, t, query, head, t.row);                              \
  if (LOCAL_ID(0) < ROWS) {                                                                        \
    const i32 own_query = LOCAL_ID(0) / pack;                                                      \
    const i32 own_head = LOCAL_ID(0) % pack;                                                       \
    const i32 valid = own_query < t.count && head + own_head < (kv_head + 1) * share;              \
    query_of[LOCAL_ID(0)] = valid ? own_query : NOBODY;                                            \
    head_of[LOCAL_ID(0)] = valid ? own_head : 0;                                                   \
  }                                                                                                \
  i32 from = first_key(t.position, window) / BLOCK * BLOCK;                                        \
  i32 to = t.count > 0 ? end_key(t.shown, last_position, causal, window) : 0;                      \
  BEGIN_SEGMENT
#ifdef SPLIT
#define BEGIN_SEGMENT                                                                              \
  const i32 segment = (i32)GROUP_ID(2);                                                            \
  from = MAX(from, segment * SEGMENT);                                                             \
  to = MIN(to, (segment + 1) * SEGMENT);                                                           \
  GLOBAL f32 *own_part = OPERAND(f32, parts) + PART_AT(t.row, head, segment)
#else
#define BEGIN_SEGMENT
#endif

// Whose a lane's rows are; first_row is the first of them.
#define QUERY_OF(h) query_of[first_row + 8 * (h)]
#define HEAD_OF(h) head_of[first_row + 8 * (h)]

// Whether every query of the tile sees every key of the block from j on.
#define SEEN_BY_ALL(j)                                                                             \
  ((j) + BLOCK <= to && !PRESENT(mask) &&                                                          \
   (causal == CAUSAL_NONE || (j) + BLOCK - 1 <= t.position) &&                                     \
   (window == 0 || ((j) + BLOCK - 1 - t.position < window && t.position + t.count - 1 - (j) < window)))

// What becomes of a product of row h's query and a key; and of a step's, from key `first` on, which `all`
// see or not. They stay products, which BY makes exponents of 2: what changes none keeps all bits.
#define BY (scale * LOG2_E)
#ifdef PLAIN
#define FINISH(x, h, key)                                                                          \
  ((key) >= to || is_hidden(t, key, (key) - t.position - QUERY_OF(h), causal, window) ? HIDDEN : (x))
#define FINISH_ALL(score, first, all)                                                              \
  if (!(all)) {                                                                                    \
    UNROLL for (i32 i = 0; i < SCORES; i++) {                                                      \
      score[i] = FINISH(score[i], i / 2 % 2, COLUMN_OF(first, i));                                 \
    }                                                                                              \
  }
#else
#define FINISH(x, h, key)                                                                          \
  finish_score(x, MAP_WEIGHTS, (key) >= to || QUERY_OF(h) == NOBODY, t, QUERY_OF(h), key, cap,     \
               own_slopes, HEAD_OF(h), own_biases, HEAD_OF(h) * (2 * (i64)reach + 1), reach,       \
               own_mask, HEAD_OF(h) * mask_head + QUERY_OF(h) * mask_query + (key) * mask_key,     \
               causal, window)
#define FINISH_ALL(score, first, all)                                                              \
  UNROLL for (i32 i = 0; i < SCORES; i++) {                                                        \
    const f32 x = scale * score[i];                                                                \
    const f32 finished = FINISH(x, i / 2 % 2, COLUMN_OF(first, i));                                \
    score[i] = finished == x ? score[i] : finished / scale;                                        \
  }
#endif
#define COLUMN_OF(first, i) ((first) + (i) / 4 * 8 + LANE % 4 * 2 + (i) % 2)

// Softmax of a lane's two rows so far: the greatest score, rounded up, a lane's share of the sum of
// weights, and the sums of weighted values.
struct softmax {
  f32 greatest[2];
  f32 total[2];
  f32 sum[VALUES];
};

DEVICE struct softmax nothing() {
  struct softmax x;
  UNROLL for (i32 h = 0; h < 2; h++) {
    x.greatest[h] = HIDDEN;
    x.total[h] = 0;
  }
  UNROLL for (i32 i = 0; i < VALUES; i++) { x.sum[i] = 0; }
  return x;
}

// A step's scores become weights, and what their sums so far were multiplied by goes to `factor`; that
// of the values is left to others.
DEVICE void weigh(PRIVATE f32 *score, f32 by, PRIVATE struct softmax *own, PRIVATE f32 *factor) {
  f32 most[2] = {HIDDEN, HIDDEN};
  UNROLL for (i32 i = 0; i < SCORES; i++) { most[i / 2 % 2] = fmaxf(most[i / 2 % 2], score[i]); }
  UNROLL for (i32 h = 0; h < 2; h++) {
    UNROLL for (i32 other = 1; other < 4; other *= 2) {
      most[h] = fmaxf(most[h], __shfl_xor_sync(0xffffffffu, most[h], other));
    }
    most[h] = fmaxf(own->greatest[h], CEIL(by * most[h]));
    factor[h] = change_of_all(own->greatest[h], most[h]);
    own->greatest[h] = most[h];
    own->total[h] *= factor[h];
    most[h] = shift_of(most[h]);
  }
  UNROLL for (i32 i = 0; i < SCORES; i++) {
    score[i] = power_of_two(FMA(score[i], by, -most[i / 2 % 2]));
    own->total[i / 2 % 2] += score[i];
  }
}
DEVICE void rescale(PRIVATE struct softmax *own, PRIVATE const f32 *factor) {
  if (__any_sync(0xffffffffu, factor[0] != 1 || factor[1] != 1)) {
    UNROLL for (i32 i = 0; i < VALUES; i++) { own->sum[i] *= factor[i / 2 % 2]; }
  }
}

// The sum of weights of a row: lanes have shares of it.
DEVICE void gather_total(PRIVATE struct softmax *own) {
  UNROLL for (i32 h = 0; h < 2; h++) {
    UNROLL for (i32 other = 1; other < 4; other *= 2) {
      own->total[h] += __shfl_xor_sync(0xffffffffu, own->total[h], other);
    }
  }
}

// A segment that is done joins those before it: `keep` and `take` are what sums are multiplied by, those
// of values by others; and it begins anew.
DEVICE void join_totals(PRIVATE struct softmax *all, PRIVATE struct softmax *own, PRIVATE f32 *keep,
                        PRIVATE f32 *take) {
  gather_total(own);
  UNROLL for (i32 h = 0; h < 2; h++) {
    const f32 both = fmaxf(all->greatest[h], own->greatest[h]);
    keep[h] = change_of_all(all->greatest[h], both);
    take[h] = change(own->greatest[h], both);
    all->greatest[h] = both;
    all->total[h] = MERGED(all->total[h], keep[h], own->total[h], take[h]);
    own->greatest[h] = HIDDEN;
    own->total[h] = 0;
  }
}
DEVICE void join_values(PRIVATE f32 *all, PRIVATE f32 *own, i32 count, PRIVATE const f32 *keep,
                        PRIVATE const f32 *take) {
  UNROLL for (i32 i = 0; i < count; i++) {
    all[i] = MERGED(all[i], keep[i / 2 % 2], own[i], take[i / 2 % 2]);
    own[i] = 0;
  }
}

// A value that is hidden from some has a weight of 0 there, and must not be infinite or NaN: it is added
// to the sums of those that see it, and its place taken by 0. Of a pair of numbers those that are
// finite, and zeros for the others.
enum { bf16_infinity = 0x7f80, f16_infinity = 0x7c00 };
#define INFINITE ((u32)HEDDLE_JOIN(X, _infinity))
DEVICE u32 finite_of(u32 pair) {
  return pair & (((pair & INFINITE) == INFINITE ? 0 : 0xffffu) |
                 ((pair >> 16 & INFINITE) == INFINITE ? 0 : 0xffff0000u));
}
DEVICE u32x4 finite_of_all(u32x4 x) {
  return make_uint4(finite_of(x.x), finite_of(x.y), finite_of(x.z), finite_of(x.w));
}
DEVICE i32 is_odd(u32x4 x) {
  const u32x4 y = finite_of_all(x);
  return x.x != y.x || x.y != y.y || x.z != y.z || x.w != y.w;
}
// Of the block from key j on; PLACE says where the values' pieces are.
#define ADD_ODD(own, j, values, PLACE)                                                             \
  UNROLL_BY(1)                                                                                     \
  for (i32 key = 0; key < BLOCK; key++) {                                                          \
    const i32 seen[2] = {FINISH(0.0f, 0, (j) + key) != HIDDEN, FINISH(0.0f, 1, (j) + key) != HIDDEN}; \
    UNROLL for (i32 i = 0; i < VALUES; i++) {                                                      \
      LOCAL const u16 *piece = (LOCAL const u16 *)((values) + PLACE(key, i / 4));                  \
      const f32 x = LOAD(X, piece, LANE % 4 * 2 + i % 2);                                          \
      (own).sum[i] += seen[i / 2 % 2] && x - x != 0 ? x : 0.0f;                                    \
    }                                                                                              \
  }

// Row h's part of what a segment gives, or its result.
DEVICE void write_part(GLOBAL f32 *part, PRIVATE const struct softmax *own, i32 h, i32 value_dim) {
  UNROLL for (i32 i = 0; i < VALUES; i++) {
    const i32 d = COLUMN_OF(0, i);
    if (i / 2 % 2 == h && d < value_dim) { part[2 + d] = own->sum[i]; }
  }
  if (LANE % 4 == 0) {
    part[0] = own->greatest[h];
    part[1] = own->total[h];
  }
}
DEVICE void write_result(GLOBAL STORAGE(X) *y, i64 at, PRIVATE const struct softmax *own, i32 h,
                         i32 value_dim) {
  const f32 inverse = own->total[h] == 0 ? 0.0f : 1 / own->total[h];
  UNROLL for (i32 i = 0; i < VALUES; i++) {
    const i32 d = COLUMN_OF(0, i);
    if (i / 2 % 2 == h && d < value_dim) {
      // Adding 0 makes every zero positive.
      STORE(X, y, at + d, FMA(own->sum[i], inverse, 0.0f));
    }
  }
}
#ifdef SPLIT
#define WRITE_ROW(own, h)                                                                          \
  if (segments == 1) {                                                                             \
    write_result(own_y, QUERY_OF(h) * y_row + HEAD_OF(h) * y_head, &(own), h, value_dim);          \
  } else if (to > from) {                                                                          \
    write_part(own_part + (QUERY_OF(h) * heads + HEAD_OF(h)) * segments * (value_dim + 2), &(own), \
               h, value_dim);                                                                      \
  }
#else
#define WRITE_ROW(own, h)                                                                          \
  write_result(own_y, QUERY_OF(h) * y_row + HEAD_OF(h) * y_head, &(own), h, value_dim)
#endif
#define WRITE_ROWS(own)                                                                            \
  UNROLL for (i32 h = 0; h < 2; h++) {                                                             \
    if (QUERY_OF(h) != NOBODY) { WRITE_ROW(own, h); }                                              \
  }
