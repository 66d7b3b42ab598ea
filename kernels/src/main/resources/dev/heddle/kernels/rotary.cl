// Rotary embedding. Defined before: X, the element type; TABLE, that of the tables; POSITION, the
// type of positions, where there are any; INTERLEAVED; HEADS_FIRST.
typedef VALUE(X) value;

// a * b - c * d, to little more than one rounding (Kahan's way with fused multiply-add).
DEVICE value difference(value a, value b, value c, value d) {
  const value cd = c * d;
  return FMA(a, b, -cd) - FMA(c, d, -cd);
}

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
