// Rotary embedding, and what stands with it between a layer's products and its attention. Defined
// before: X, the element type; TABLE, that of the tables; POSITION, the type of positions, where there
// are any; INTERLEAVED; HEADS_FIRST; for rotary_write C, the cache's type, and FAULT_SLOT.
//
// On GPUs a work-item turns PACK pairs: 16 bytes of each half of a head, read and written once. In a
// step of a token each all of it is a few KiB, so that launches are what it costs: rotary_write is one
// where there were four.
#include "four.h"
#include "wide.h"
typedef VALUE(X) value;

// a * b - c * d, to little more than one rounding (Kahan's way with fused multiply-add).
DEVICE value difference(value a, value b, value c, value d) {
  const value cd = c * d;
  return FMA(a, b, -cd) - FMA(c, d, -cd);
}

#ifdef PACK
// A token's row of the tables; -1 and the run refused where its position has none.
DEVICE i64 row_of(i64 token, TENSOR(positions), i64 rows, i64 given, STATUS) {
#ifdef POSITION
  const i64 row = LOAD(POSITION, OPERAND(const STORAGE(POSITION), positions), token % given);
  if (row < 0 || row >= rows) {
    refuse(status, node, FAULT_POSITION, row, rows);
    return -1;
  }
  return row;
#else
  return token % rows;
#endif
}

// PACK pairs of a head, each pair's elements in two packs of which they begin at first and second.
typedef struct {
  PACK_OF(X) a;
  PACK_OF(X) b;
} turned;
#ifdef INTERLEAVED
#define FIRST(n, pairs) (2 * (n))
#define SECOND(n, pairs) (2 * (n) + PACK)
#define IN_FIRST(n, pairs) (2 * ((pairs) - (n)))
#define IN_SECOND(n, pairs) (2 * ((pairs) - (n)) - PACK)
// Elements 2k and 2k + 1 of the two, one behind the other.
#define OF_BOTH(a, b, k) ((k) < PACK ? TAKE(X, a, (k) % PACK) : TAKE(X, b, (k) % PACK))
#else
#define FIRST(n, pairs) (n)
#define SECOND(n, pairs) ((n) + (pairs))
#define IN_FIRST(n, pairs) ((pairs) - (n))
#define IN_SECOND(n, pairs) ((pairs) - (n))
#endif

// The pairs from number n on, of a head that begins at in; tables begin at the token's row.
DEVICE turned turn(GLOBAL const STORAGE(X) *in, GLOBAL const STORAGE(TABLE) *cosine,
                   GLOBAL const STORAGE(TABLE) *sine, i32 n, i32 pairs, i32 wide) {
  const PACK_OF(X) a = READ_PACK(X, in + FIRST(n, pairs), IN_FIRST(n, pairs), wide);
  const PACK_OF(X) b = READ_PACK(X, in + SECOND(n, pairs), IN_SECOND(n, pairs), wide);
  const PACK_OF(TABLE) cosines = READ_PACK(TABLE, cosine + n, pairs - n, wide);
  const PACK_OF(TABLE) sines = READ_PACK(TABLE, sine + n, pairs - n, wide);
  turned y = {NO_PACK, NO_PACK};
  UNROLL for (i32 k = 0; k < PACK; k++) {
    const value c = (value)TAKE(TABLE, cosines, k);
    const value s = (value)TAKE(TABLE, sines, k);
#ifdef INTERLEAVED
    const value left = OF_BOTH(a, b, 2 * k);
    const value right = OF_BOTH(a, b, 2 * k + 1);
    if (2 * k < PACK) {
      PUT(X, y.a, 2 * k % PACK, difference(left, c, right, s));
      PUT(X, y.a, (2 * k + 1) % PACK, difference(left, s, -right, c));
    } else {
      PUT(X, y.b, 2 * k % PACK, difference(left, c, right, s));
      PUT(X, y.b, (2 * k + 1) % PACK, difference(left, s, -right, c));
    }
#else
    const value left = TAKE(X, a, k);
    const value right = TAKE(X, b, k);
    PUT(X, y.a, k, difference(left, c, right, s));
    PUT(X, y.b, k, difference(left, s, -right, c));
#endif
  }
  return y;
}

// Whether all packs of heads and tables lie where they can be moved as a whole.
#define WHOLE_PACKS(head_dim, pairs, cosine, sine) \
  (((head_dim) | (pairs)) % PACK == 0 && ALIGNED(TABLE, cosine) && ALIGNED(TABLE, sine))

// Items along x turn PACK pairs of a head each, those behind pass on PACK of its other elements;
// along y heads.
KERNEL rotary(
    TENSOR(y), TENSOR(x), TENSOR(cosines), TENSOR(sines), TENSOR(positions), i64 vectors, i64 heads,
    i64 sequence, i64 head_dim, i64 pairs, i64 rows, i64 given, STATUS) {
  GLOBAL STORAGE(X) *y = OPERAND(STORAGE(X), y);
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x);
  GLOBAL const STORAGE(TABLE) *cosine = OPERAND(const STORAGE(TABLE), cosines);
  GLOBAL const STORAGE(TABLE) *sine = OPERAND(const STORAGE(TABLE), sines);
  const i32 wide =
      WHOLE_PACKS(head_dim, pairs, cosine, sine) && ALIGNED(X, x) && ALIGNED(X, y);
  const i32 turning = (i32)PACKS(pairs);
  const i32 items = turning + (i32)PACKS(head_dim - 2 * pairs);
  SHARE(vector, 1, vectors) {
#ifdef HEADS_FIRST
    const i64 token = vector / (heads * sequence) * sequence + vector % sequence;
#else
    const i64 token = vector / heads;
#endif
    const i64 row =
        row_of(token, positions_memory, positions_offset, rows, given, status, node);
    GLOBAL STORAGE(X) *out = y + vector * head_dim;
    GLOBAL const STORAGE(X) *in = x + vector * head_dim;
    SHARE(item, 0, items) {
      const i32 n = (i32)item * PACK;
      if (item >= turning) {
        const i32 i = 2 * (i32)pairs + n - turning * PACK;
        const i32 rest = (i32)head_dim - i;
        WRITE_PACK(X, out + i, READ_PACK(X, in + i, rest, wide), rest, wide);
      } else if (row >= 0) {
        const i32 own = (i32)pairs;
        const turned t = turn(in, cosine + row * pairs, sine + row * pairs, n, own, wide);
        WRITE_PACK(X, out + FIRST(n, own), t.a, IN_FIRST(n, own), wide);
        WRITE_PACK(X, out + SECOND(n, own), t.b, IN_SECOND(n, own), wide);
      }
    }
  }
}

#ifdef C
// What X has to what the cache has: bits that are the same stay.
DEVICE PACK_OF(C) cached(PACK_OF(X) x) {
  PACK_OF(C) y = NO_PACK;
  UNROLL for (i32 k = 0; k < PACK; k++) {
    PUT(C, y, k, TAKE(X, x, k));
  }
  return y;
}

// Queries x [tokens, heads * head_dim] rotated to y; keys rotated, and values as they are, written to
// the slots of their caches. All elements of a head are turned. Along y tokens, along x PACK pairs of
// its queries, then of its keys, then PACK of its values.
KERNEL rotary_write(
    TENSOR(y), TENSOR(x), TENSOR(key_cache), TENSOR(keys), TENSOR(value_cache), TENSOR(values),
    TENSOR(cosines), TENSOR(sines), TENSOR(positions), TENSOR(slots), i64 tokens, i32 heads,
    i32 key_heads, i32 pairs, i32 value_columns, i64 rows, i64 given, i64 most, STATUS,
    i32 write_node) {
  GLOBAL STORAGE(X) *y = OPERAND(STORAGE(X), y);
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x);
  GLOBAL STORAGE(C) *key_cache = OPERAND(STORAGE(C), key_cache);
  GLOBAL const STORAGE(X) *keys = OPERAND(const STORAGE(X), keys);
  GLOBAL STORAGE(C) *value_cache = OPERAND(STORAGE(C), value_cache);
  GLOBAL const STORAGE(X) *values = OPERAND(const STORAGE(X), values);
  GLOBAL const STORAGE(TABLE) *cosine = OPERAND(const STORAGE(TABLE), cosines);
  GLOBAL const STORAGE(TABLE) *sine = OPERAND(const STORAGE(TABLE), sines);
  GLOBAL const i32 *slots = OPERAND(const i32, slots);
  const i32 head_dim = 2 * pairs;
  const i32 whole = WHOLE_PACKS(head_dim, pairs, cosine, sine);
  const i32 wide_queries = whole && ALIGNED(X, x) && ALIGNED(X, y);
  const i32 wide_keys = whole && ALIGNED(X, keys) && ALIGNED(C, key_cache);
  const i32 wide_values =
      value_columns % PACK == 0 && ALIGNED(X, values) && ALIGNED(C, value_cache);
  const i32 each = PACKS(pairs);
  const i32 items = (heads + key_heads) * each + PACKS(value_columns);
  SHARE(token, 1, tokens) {
    const i64 row =
        row_of(token, positions_memory, positions_offset, rows, given, status, node);
    const i64 slot = slots[token];
    const i32 written = slot >= 0 && slot < most;
    if (!written && slot != -1) {
      refuse(status, write_node, FAULT_SLOT, slot, most);
    }
    SHARE(item, 0, items) {
      const i32 head = (i32)item / each;
      const i32 n = (i32)item % each * PACK;
      const i32 key_head = head - heads;
      if (key_head >= key_heads) {
        const i32 i = ((i32)item - (heads + key_heads) * each) * PACK;
        const i32 rest = value_columns - i;
        if (written) {
          WRITE_PACK(C, value_cache + slot * value_columns + i,
                     cached(READ_PACK(X, values + token * value_columns + i, rest, wide_values)),
                     rest, wide_values);
        }
      } else if (row >= 0 && key_head < 0) {
        const i64 at = (token * heads + head) * head_dim;
        const turned t =
            turn(x + at, cosine + row * pairs, sine + row * pairs, n, pairs, wide_queries);
        WRITE_PACK(X, y + at + FIRST(n, pairs), t.a, IN_FIRST(n, pairs), wide_queries);
        WRITE_PACK(X, y + at + SECOND(n, pairs), t.b, IN_SECOND(n, pairs), wide_queries);
      } else if (row >= 0 && written) {
        const i64 from = (token * key_heads + key_head) * head_dim;
        GLOBAL STORAGE(C) *to = key_cache + (slot * key_heads + key_head) * head_dim;
        const turned t =
            turn(keys + from, cosine + row * pairs, sine + row * pairs, n, pairs, wide_keys);
        WRITE_PACK(C, to + FIRST(n, pairs), cached(t.a), IN_FIRST(n, pairs), wide_keys);
        WRITE_PACK(C, to + SECOND(n, pairs), cached(t.b), IN_SECOND(n, pairs), wide_keys);
      }
    }
  }
}
#endif
#else
// A work-item turns a pair of a head's elements, or passes one on that is behind them.
KERNEL rotary(
    TENSOR(y), TENSOR(x), TENSOR(cosines), TENSOR(sines), TENSOR(positions), i64 vectors, i64 heads,
    i64 sequence, i64 head_dim, i64 pairs, i64 rows, i64 given, STATUS) {
  GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y);
  GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x);
  GLOBAL const STORAGE(TABLE) *cosine = OPERAND(const STORAGE(TABLE), cosines);
  GLOBAL const STORAGE(TABLE) *sine = OPERAND(const STORAGE(TABLE), sines);
  const i64 items = head_dim - pairs;
  for (i64 item = GLOBAL_ID(0); item < vectors * items; item += GLOBAL_SIZE(0)) {
    const i64 vector = item / items;
    const i64 n = item % items;
    if (n >= pairs) {
      const i64 at = vector * head_dim + pairs + n;
      out[at] = in[at];
      continue;
    }
#ifdef HEADS_FIRST
    const i64 token = vector / (heads * sequence) * sequence + vector % sequence;
#else
    const i64 token = vector / heads;
#endif
#ifdef POSITION
    const i64 row = LOAD(POSITION, OPERAND(const STORAGE(POSITION), positions), token % given);
    if (row < 0 || row >= rows) {
      refuse(status, node, FAULT_POSITION, row, rows);
      continue;
    }
#else
    const i64 row = token % rows;
#endif
#ifdef INTERLEAVED
    const i64 i = vector * head_dim + 2 * n;
    const i64 j = i + 1;
#else
    const i64 i = vector * head_dim + n;
    const i64 j = i + pairs;
#endif
    const value c = (value)LOAD(TABLE, cosine, row * pairs + n);
    const value s = (value)LOAD(TABLE, sine, row * pairs + n);
    const value a = LOAD(X, in, i);
    const value b = LOAD(X, in, j);
    STORE(X, out, i, difference(a, c, b, s));
    STORE(X, out, j, difference(a, s, -b, c));
  }
}
#endif
