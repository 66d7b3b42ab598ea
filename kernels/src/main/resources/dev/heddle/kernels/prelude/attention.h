// What the kernels of attention share.
//
// Defined before: HEAD (the first head of a group), X (element type of queries, results and the map), KV (of keys and values), MASK (of
// the mask, LOGICAL_MASK if it is bool), SLOPE and BIAS (of ALiBi's slopes and of the relative
// biases), LENGTH (of the key lengths), TILE (queries that are done together), the FAULT_....
typedef VALUE(X) real;

#define HIDDEN ((real)BITS_F32(0xff800000u))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define CLAMP(x, low, high) MIN(MAX(x, low), high)

// What the map shows: the ordinals of Attention.Map; and Attention.Causal.
#define MAP_SCORES 1
#define MAP_CAPPED 2
#define MAP_MASKED 3
#define MAP_WEIGHTS 4
#define CAUSAL_NONE 0
#define CAUSAL_BOTTOM_RIGHT 2

// An operand whose vectors lie at strides, in elements.
#define VECTORS(name) TENSOR(name), i64 name##_sequence, i64 name##_head, i64 name##_row
#define VECTOR_AT(name, t, first, head, row) \
  ((t).sequence * name##_sequence + (head) * name##_head + ((t).first + (row)) * name##_row)

// A tile of queries, and the keys of its sequence.
struct tile {
  i64 sequence;
  i64 query;  // Where the sequence's queries and keys begin among all, in a ragged batch.
  i64 key;
  i32 row;    // The tile's first query,
  i32 count;  // and how many they are: 0 if there is nothing to do.
  i32 keys;
  i32 shown;     // Keys that the key lengths show.
  i32 position;  // The first query's, among the keys.
  GLOBAL const i32 *pages;  // The pages of the sequence's keys; 0 if keys do not lie in pages.
  i64 page_count;           // All there are.
  i32 page_tokens;
};

DEVICE i32 page_is_there(struct tile t, i64 page) {
  return t.pages[page] >= 0 && t.pages[page] < t.page_count;
}

// The row of keys and values that holds key j; negative if its page is not there.
DEVICE i64 key_row(struct tile t, i32 j) {
  if (t.pages == 0) {
    return t.key + j;
  }
  const i32 page = j / t.page_tokens;
  return page_is_there(t, page) ? (i64)t.pages[page] * t.page_tokens + j % t.page_tokens : -1;
}

// Where a row of keys or values of the head begins.
#define KEY_AT(name, t, head, row) \
  ((t).sequence * name##_sequence + (head) * name##_head + (row) * name##_row)

// Every sequence of a ragged batch has a place of its own in the row of tiles, wherever it begins:
// from start / size + sequence on, which leaves a tile unused here and there.
DEVICE i64 first_slot(GLOBAL const i32 *starts, i64 sequence, i64 tokens, i32 size) {
  return start_of(starts, sequence, tokens) / size + sequence;
}

DEVICE i64 find_sequence(
    GLOBAL const i32 *starts, i64 sequences, i64 tokens, i32 size, i64 slot) {
  i64 low = 0;
  i64 high = sequences - 1;
  while (low < high) {
    const i64 middle = (low + high + 1) / 2;
    if (first_slot(starts, middle, tokens, size) <= slot) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// The tile at a slot: an empty one of starts that fall, or if its keys are more than a map has.
DEVICE struct tile find_tile(
    i64 slot, i32 size, GLOBAL const i32 *starts, GLOBAL const i32 *key_starts,
    GLOBAL const STORAGE(LENGTH) *lengths, GLOBAL const i32 *pages, i64 page_count, i64 most_pages,
    i32 page_tokens, i64 sequences, i64 queries, i64 keys, i64 most_keys, i32 causal, STATUS) {
  struct tile t;
  i64 own_queries = queries;
  i64 own_keys = keys;
  i64 row;
  t.query = 0;
  t.key = 0;
  t.pages = pages;
  t.page_count = page_count;
  t.page_tokens = page_tokens;
  if (starts == 0) {
    const i64 tiles = (queries + size - 1) / size;
    t.sequence = slot / tiles;
    row = slot % tiles * size;
  } else {
    t.sequence = find_sequence(starts, sequences, queries, size, slot);
    t.query = start_of(starts, t.sequence, queries);
    own_queries = start_of(starts, t.sequence + 1, queries) - t.query;
    if (pages == 0) {
      t.key = start_of(key_starts, t.sequence, keys);
      own_keys = start_of(key_starts, t.sequence + 1, keys) - t.key;
    } else {
      t.pages = pages + t.sequence * most_pages;
      own_keys = LOAD(LENGTH, lengths, t.sequence);
      const i64 room = most_pages * page_tokens;
      if (own_keys < 0 || own_keys > room) {
        refuse(status, node, FAULT_KEY_LENGTH, own_keys, room);
        own_keys = 0;
      }
    }
    row = (slot - first_slot(starts, t.sequence, queries, size)) * size;
  }
  if (own_keys > most_keys) {
    refuse(status, node, FAULT_MAP_KEYS, own_keys, most_keys);
  }
  const i32 any = row >= 0 && row < own_queries && own_keys <= most_keys;
  t.row = (i32)row;
  t.count = any ? (i32)MIN(size, own_queries - row) : 0;
  t.keys = any ? (i32)MAX(0, own_keys) : 0;
  t.shown = t.keys;
  if (lengths != 0 && any) {
    const i64 length = LOAD(LENGTH, lengths, t.sequence);
    t.shown = (i32)CLAMP(length, 0, (i64)t.keys);
  }
  t.position = t.row + (causal == CAUSAL_BOTTOM_RIGHT ? t.keys - (i32)own_queries : 0);
  return t;
}

// The mask's element as a number to add.
DEVICE real load_mask(GLOBAL const STORAGE(MASK) *mask, i64 at) {
#ifdef LOGICAL_MASK
  return mask[at] == 0 ? HIDDEN : (real)0;
#else
  return (real)LOAD(MASK, mask, at);
#endif
}

// Behind the last key that a query at a position sees, by order and lengths; and the first one.
DEVICE i32 end_key(i32 shown, i32 position, i32 causal, i32 window) {
  i64 end = shown;
  if (causal != CAUSAL_NONE) {
    end = MIN(end, (i64)position + 1);
  }
  if (window > 0) {
    end = MIN(end, (i64)position + window);
  }
  return (i32)end;
}

DEVICE i32 first_key(i32 position, i32 window) {
  return window > 0 ? (i32)MAX(0, (i64)position - window + 1) : 0;
}

// Whether order, window or length hide a key at a distance from a query.
DEVICE i32 is_hidden(struct tile t, i32 key, i32 distance, i32 causal, i32 window) {
  return (causal != CAUSAL_NONE && distance > 0) ||
         (window > 0 && (distance >= window || -distance >= window)) || key >= t.shown;
}

// What becomes of a product of query t.row + row and a key: capped, biased and masked, as far as the
// stage goes. One that takes no part is HIDDEN from MAP_MASKED on.
DEVICE real finish_score(
    real x, i32 stage, i32 hidden, struct tile t, i32 row, i32 key, real cap,
    GLOBAL const STORAGE(SLOPE) *slopes, i64 head, GLOBAL const STORAGE(BIAS) *biases, i64 bias_at,
    i32 reach, GLOBAL const STORAGE(MASK) *mask, i64 mask_at, i32 causal, i32 window) {
  const i32 distance = key - t.position - row;
  if (stage >= MAP_CAPPED && cap != 0) {
    x = cap * TANH(x / cap);
  }
  if (stage >= MAP_MASKED && !hidden) {
    if (slopes != 0) {
      x = FMA((real)LOAD(SLOPE, slopes, head), (real)distance, x);
    }
    if (biases != 0) {
      x += (real)LOAD(BIAS, biases, bias_at + CLAMP(distance, -reach, reach));
    }
    if (mask != 0) {
      const real m = load_mask(mask, mask_at);
      hidden = m == HIDDEN;
      x += m;
    }
    hidden = hidden || is_hidden(t, key, distance, causal, window);
  }
  return hidden && stage >= MAP_MASKED ? HIDDEN : x;
}

// In groups, softmax begins anew with every segment of so many keys from key 0 on, and segments are
// merged in order: so they may be done one after another, or side by side, with the same bits.
#define SEGMENT 256

// What to subtract from scores of which this is the greatest.
DEVICE real shift_of(real greatest) { return greatest == HIDDEN ? (real)0 : greatest; }

// A segment joins those before it: keep and take are what their sums and its own are multiplied by,
// as MERGED has it.
DEVICE void join(
    real greatest, PRIVATE real *all_greatest, PRIVATE real *keep, PRIVATE real *take) {
  const real most = *all_greatest < greatest ? greatest : *all_greatest;
  *keep = EXP(*all_greatest - shift_of(most));
  *take = EXP(greatest - shift_of(most));
  *all_greatest = most;
}
#define MERGED(all, keep, part, take) FMA(all, keep, (part) * (take))

// Refuses pages of the keys [from, to) that are not there; items share the work.
DEVICE void check_pages(struct tile t, i32 from, i32 to, STATUS) {
  for (i64 page = from / t.page_tokens + LOCAL_ID(0); page * t.page_tokens < to;
       page += LOCAL_SIZE(0)) {
    if (!page_is_there(t, page)) {
      refuse(status, node, FAULT_PAGE, t.pages[page], t.page_count);
    }
  }
}

// The tile that a group does.
#ifndef SLOT
#define SLOT GROUP_ID(0)
#endif

#define ARGUMENTS                                                                                  \
  VECTORS(q), VECTORS(k), VECTORS(v), VECTORS(y), VECTORS(map), i64 map_width, i32 map_kind,       \
      TENSOR(mask), i64 mask_sequence, i64 mask_head, i64 mask_query, i64 mask_key, TENSOR(starts), \
      TENSOR(key_starts), TENSOR(lengths), TENSOR(slopes), TENSOR(biases), i32 reach,              \
      TENSOR(pages), i64 page_count, i64 most_pages, i32 page_tokens,                              \
      i64 sequences, i64 queries, i64 keys, i32 share, i32 head_dim, i32 value_dim, real scale,    \
      real cap, i32 causal, i32 window, STATUS

// What every variant begins with: the head and the tile that a group does.
#define BEGIN_TILE                                                                            \
  GLOBAL STORAGE(X) *y = OPERAND(STORAGE(X), y);                                              \
  const i64 head = HEAD;                                                                      \
  const i64 most_keys = PRESENT(map) ? map_width : 0x7fffffff;                                \
  const struct tile t = find_tile(                                                            \
      SLOT, TILE, OPERAND(const i32, starts), OPERAND(const i32, key_starts),                 \
      OPERAND(const STORAGE(LENGTH), lengths), OPERAND(const i32, pages), page_count,         \
      most_pages, page_tokens, sequences, queries, keys, most_keys, causal, status, node);    \
  const i32 last_position = t.position + t.count - 1

// What those go on with that read keys,
#define BEGIN_KEYS                                                                            \
  BEGIN_TILE;                                                                                 \
  GLOBAL const STORAGE(X) *q = OPERAND(const STORAGE(X), q);                                  \
  GLOBAL const STORAGE(KV) *k = OPERAND(const STORAGE(KV), k);                                \
  GLOBAL const STORAGE(KV) *v = OPERAND(const STORAGE(KV), v);                                \
  const i64 kv_head = head / share;                                                           \
  if (PRESENT(pages) && head == 0 && GROUP_ID(2) == 0 && t.count > 0) {                       \
    check_pages(t, first_key(t.position, window),                                             \
                end_key(t.shown, last_position, causal, window), status, node);               \
  }

// and those that add something to scores.
#define BEGIN                                                                                 \
  BEGIN_KEYS                                                                                  \
  GLOBAL const STORAGE(MASK) *mask = OPERAND(const STORAGE(MASK), mask);                      \
  GLOBAL const STORAGE(SLOPE) *slopes = OPERAND(const STORAGE(SLOPE), slopes);                \
  GLOBAL const STORAGE(BIAS) *biases = OPERAND(const STORAGE(BIAS), biases);                  \
  const i64 mask_at = t.sequence * mask_sequence + head * mask_head + t.row * mask_query;     \
  const i64 bias_at = head * (2 * (i64)reach + 1) + reach

// And those that make maps: results first; then, if there is a map, all keys once more.
#define BEGIN_MAP                                         \
  BEGIN;                                                  \
  GLOBAL STORAGE(X) *map = OPERAND(STORAGE(X), map);      \
  const i32 passes = PRESENT(map) && t.count > 0 ? 2 : 1
