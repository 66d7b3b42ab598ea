// The order of elements as that of integers: NaN above all numbers, both zeros alike; the other way
// round if SMALLEST. Defined before: X; ORDER_F32, ORDER_F64, ORDER_I64 or ORDER_I32 for its values.
#if defined(ORDER_F32)
typedef i32 order;
#define ORDER_LEAST (-0x7fffffff - 1)
DEVICE order order_of(f32 x) {
  const i32 bits = (i32)F32_BITS(x);
  const order o = IS_NAN(x) ? 0x7fffffff : x == 0 ? 0 : bits < 0 ? bits ^ 0x7fffffff : bits;
#elif defined(ORDER_F64)
typedef i64 order;
#define ORDER_LEAST (-0x7fffffffffffffff - 1)
DEVICE order order_of(f64 x) {
  const i64 most = 0x7fffffffffffffff;
  const i64 bits = (i64)F64_BITS(x);
  const order o = IS_NAN(x) ? most : x == 0 ? 0 : bits < 0 ? bits ^ most : bits;
#elif defined(ORDER_I64)
typedef i64 order;
#define ORDER_LEAST (-0x7fffffffffffffff - 1)
DEVICE order order_of(i64 x) {
  const order o = x;
#else
typedef i32 order;
#define ORDER_LEAST (-0x7fffffff - 1)
DEVICE order order_of(i32 x) {
  const order o = x;
#endif
#ifdef SMALLEST
  return ~o;
#else
  return o;
#endif
}
