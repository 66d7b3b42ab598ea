// y = value throughout. Defined before: BYTES, of which value is the low ones.

KERNEL fill(TENSOR(y), i64 count, i64 value) {
  GLOBAL element *y = OPERAND(element, y);
  EACH(i, 0, count) { y[i] = (element)value; }
}
