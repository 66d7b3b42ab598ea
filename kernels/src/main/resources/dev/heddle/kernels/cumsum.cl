// Running sums along an axis of n elements, inner apart: a work-item has COLUMNS neighbours.
// Defined before: X, the element type; ACC, what it is added in; EXCLUSIVE, REVERSE.
typedef ACC acc;

DEVICE acc plus(acc a, acc b) {
#ifdef INTEGERS
  return (i64)((u64)a + (u64)b);
#else
  return a + b;
#endif
}

#ifdef X_BOOL
#define RESULT(sum) ((sum) != 0)
#else
#define RESULT(sum) ((VALUE(X))(sum))
#endif

KERNEL cumsum(TENSOR(y), TENSOR(x), i64 outer, i64 n, i64 inner) {
  const i64 pieces = (inner + COLUMNS - 1) / COLUMNS;
  for (i64 piece = GLOBAL_ID(0); piece < outer * pieces; piece += GLOBAL_SIZE(0)) {
    const i64 column = piece % pieces * COLUMNS;
    const i64 width = inner - column < COLUMNS ? inner - column : COLUMNS;
    const i64 begin = piece / pieces * n * inner + column;
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + begin;
    GLOBAL STORAGE(X) *out = OPERAND(STORAGE(X), y) + begin;
    acc sum[COLUMNS];
    for (i32 c = 0; c < COLUMNS; c++) {
      sum[c] = 0;
    }
    for (i64 j = 0; j < n; j++) {
#ifdef REVERSE
      const i64 at = (n - 1 - j) * inner;
#else
      const i64 at = j * inner;
#endif
      for (i32 c = 0; c < COLUMNS; c++) {
        if (c < width) {
          const acc with_own = plus(sum[c], (acc)LOAD(X, in, at + c));
#ifdef EXCLUSIVE
          STORE(X, out, at + c, RESULT(sum[c]));
#else
          STORE(X, out, at + c, RESULT(with_own));
#endif
          sum[c] = with_own;
        }
      }
    }
  }
}
