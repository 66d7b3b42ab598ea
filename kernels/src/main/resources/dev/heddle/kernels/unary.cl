// y = KIND(x), element by element. Defined before: X (element type of both), KIND_...
typedef VALUE(X) value;

DEVICE value apply(value x) {
#if defined(KIND_IDENTITY)
  return x;
#elif defined(KIND_NEG)
  return -x;
#elif defined(KIND_EXP)
  return EXP(x);
#endif
}

KERNEL unary(TENSOR(y), TENSOR(x), i64 count) {
  GLOBAL STORAGE(X) *y = OPERAND(STORAGE(X), y);
  GLOBAL const STORAGE(X) *x = OPERAND(const STORAGE(X), x);
  for (i64 i = GLOBAL_ID(0); i < count; i += GLOBAL_SIZE(0)) {
    STORE(X, y, i, apply(LOAD(X, x, i)));
  }
}
