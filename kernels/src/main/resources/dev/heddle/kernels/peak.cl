// Chains of multiply-adds that stay in registers: as fast as a device computes. Defined before:
// VEC_LANES, CHAINS that an item computes side by side.
KERNEL peak(TENSOR(y), i64 steps, f32 factor, f32 term) {
  vec sum[CHAINS];
  UNROLL for (i32 c = 0; c < CHAINS; c++) {
    sum[c] = VEC((f32)c);
  }
  const vec times = VEC(factor);
  const vec plus = VEC(term);
  for (i64 i = 0; i < steps; i++) {
    UNROLL for (i32 c = 0; c < CHAINS; c++) {
      sum[c] = VEC_FMA(sum[c], times, plus);
    }
  }
  vec all = sum[0];
  UNROLL for (i32 c = 1; c < CHAINS; c++) {
    all = all + sum[c];
  }
  PRIVATE f32 lanes[VEC_LANES];
  VEC_STORE(lanes, all);
  OPERAND(f32, y)[GLOBAL_ID(0)] = lanes[0];
}
