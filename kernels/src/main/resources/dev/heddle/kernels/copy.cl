// Strided copies of elements of BYTES bytes: y[c . t] = x[c . s] for all coordinates c.
#if BYTES == 1
typedef u8 element;
#elif BYTES == 2
typedef u16 element;
#elif BYTES == 4
typedef u32 element;
#else
typedef u64 element;
#endif

KERNEL copy(TENSOR(y), TENSOR(x), i64 count, AXES(n), AXES(t), AXES(s)) {
  GLOBAL element *y = OPERAND(element, y);
  GLOBAL const element *x = OPERAND(const element, x);
  for (i64 i = GLOBAL_ID(0); i < count; i += GLOBAL_SIZE(0)) {
    COORDINATES(c, i, n);
    y[AT(c, t)] = x[AT(c, s)];
  }
}
