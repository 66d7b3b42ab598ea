// activate(x): a function of single numbers, in REAL (f32 or f64). Defined before: REAL, KIND_...
// Those of float32 are a library's where all libraries have them within few units in the last
// place and without branches, which a CPU's vectors want, and else written out here.

DEVICE REAL sigmoid(REAL x) { return 1 / (1 + EXP(-x)); }

// p / q of numbers that are neither large nor small: to a unit in the last place or two where that
// is much shorter.
#ifndef QUOTIENT
#define QUOTIENT(p, q) ((p) / (q))
#endif

#if defined(KIND_GELU)
// x/2 + x^2 R(x^2) up to |x| = 5.5, beyond which it is x or 0. R is a quotient: the fit is off by
// |x| 2^-26.7 at most, the result by 2^-22.3 max(1, |x|).
DEVICE f32 gelu_f32(f32 x) {
  const f32 t = x * x;
  f32 p = FMA(t, 2.2749434e-8f, 6.3519533e-6f);
  p = FMA(p, t, 0.00016881603f);
  p = FMA(p, t, 0.0046771998f);
  p = FMA(p, t, 0.033851814f);
  p = FMA(p, t, 0.39894223f);
  f32 q = FMA(t, 1.1974938e-6f, 7.36439e-5f);
  q = FMA(q, t, 0.0018843901f);
  q = FMA(q, t, 0.02864537f);
  q = FMA(q, t, 0.25151983f);
  q = FMA(q, t, 1.0f);
  const f32 half_of_x = 0.5f * x;
  return t > 30.25f ? half_of_x + FABS(half_of_x) : FMA(t, QUOTIENT(p, q), half_of_x);
}
#ifdef USES_F64
// erfc keeps the digits that 1 + erf loses where x is far below zero.
DEVICE f64 gelu_f64(f64 x) { return 0.5 * x * ERFC(-x * 0.70710678118654752440); }
#endif
#endif

#if defined(KIND_LOG)
// Within 1 ulp. x = (1 + f) 2^e, 1 + f from sqrt(1/2) to sqrt(2). With s = f / (2 + f), ln(1 + f) is
// 2 atanh(s) = f - s f + s R(s^2), which keeps f, the largest part, exact; the fit is off by 2^-30.2.
DEVICE f32 log_f32(f32 x) {
  // Subnormals are scaled first.
  const f32 scale = x < 1.17549435e-38f ? 23.0f : 0.0f;
  const u32 bits = F32_BITS(x < 1.17549435e-38f ? x * 8388608.0f : x);
  const i32 exponent = (i32)(bits - 0x3f3504f3u) >> 23;
  const f32 f = BITS_F32(bits - ((u32)exponent << 23)) - 1.0f;
  const f32 e = (f32)exponent - scale;
  const f32 s = f / (f + 2.0f);
  const f32 z = s * s;
  const f32 r = FMA(FMA(z, 0.29870832f, 0.39977583f), z, 0.66666776f) * z;
  const f32 half_square = 0.5f * f * f;
  // The two parts of ln 2: the first has so few digits that its product is exact.
  const f32 tail = FMA(half_square + r, s, e * 1.4286068e-6f) - half_square;
  const f32 y = FMA(e, 0.693145751953125f, f + tail);
  return x < 0 ? F32_NAN : x == 0 ? -F32_INFINITY : x < F32_INFINITY ? y : x;
}
#ifdef USES_F64
DEVICE f64 log_f64(f64 x) { return LOG(x); }
#endif
#endif

#if defined(KIND_ERF)
// Within 6 ulp: an odd quotient up to 3.925, where it is 1; the fit is off by 2^-27.1.
DEVICE f32 erf_f32(f32 x) {
  const f32 t = x * x;
  f32 p = FMA(t, -1.8582648e-8f, 6.71225e-6f);
  p = FMA(p, t, 0.0005500552f);
  p = FMA(p, t, 0.0056166267f);
  p = FMA(p, t, 0.07932206f);
  p = FMA(p, t, 0.27089012f);
  p = FMA(p, t, 1.6501443f);
  f32 q = FMA(t, 9.0986054e-5f, 0.0019027508f);
  q = FMA(q, t, 0.022567581f);
  q = FMA(q, t, 0.16656908f);
  q = FMA(q, t, 0.72753763f);
  q = FMA(q, t, 1.4624023f);
  const f32 y = x * (p / q);
  // The last digits of the quotient can pass 1 before the bound does.
  return x > 3.925f ? 1 : x < -3.925f ? -1 : y > 1 ? 1 : y < -1 ? -1 : y;
}
#ifdef USES_F64
DEVICE f64 erf_f64(f64 x) { return ERF(x); }
#endif
#endif

#if defined(KIND_SOFTPLUS)
// max(x, 0) + ln(1 + z), z = e^-|x|: within 3 ulp. With s = z / (2 + z), ln(1 + z) is 2 atanh(s); the
// fit is off by 2^-27.7.
DEVICE f32 softplus_f32(f32 x) {
  const f32 z = EXP(-FABS(x));
  const f32 s = z / (z + 2.0f);
  const f32 t = s * s;
  f32 r = FMA(t, 0.2800682f, 0.28003022f);
  r = FMA(r, t, 0.40021437f);
  r = FMA(r, t, 0.6666642f) * t;
  return (x < 0 ? 0 : x) + FMA(s, r, s + s);
}
#ifdef USES_F64
DEVICE f64 softplus_f64(f64 x) { return (x < 0 ? 0 : x) + LOG1P(EXP(-FABS(x))); }
#endif
#endif

DEVICE REAL activate(REAL x) {
#if defined(KIND_IDENTITY)
  return x;
#elif defined(KIND_NEG)
  return -x;
#elif defined(KIND_ABS)
  return FABS(x);
#elif defined(KIND_SIGN)
  return x > 0 ? 1 : x < 0 ? -1 : x;
#elif defined(KIND_RECIPROCAL)
  return 1 / x;
#elif defined(KIND_SQRT)
  return SQRT(x);
#elif defined(KIND_RSQRT)
  return 1 / SQRT(x);
#elif defined(KIND_EXP)
  return EXP(x);
#elif defined(KIND_LOG)
  return HEDDLE_JOIN(log_, REAL)(x);
#elif defined(KIND_SIN)
  return SIN(x);
#elif defined(KIND_COS)
  return COS(x);
#elif defined(KIND_FLOOR)
  return FLOOR(x);
#elif defined(KIND_CEIL)
  return CEIL(x);
#elif defined(KIND_ROUND)
  return RINT(x);
#elif defined(KIND_ERF)
  return HEDDLE_JOIN(erf_, REAL)(x);
#elif defined(KIND_TANH)
  return TANH(x);
#elif defined(KIND_SIGMOID)
  return sigmoid(x);
#elif defined(KIND_RELU)
  // A NaN stays.
  return x <= 0 ? 0 : x;
#elif defined(KIND_GELU)
  return HEDDLE_JOIN(gelu_, REAL)(x);
#elif defined(KIND_GELU_TANH)
  // (1 + tanh(u)) / 2 is sigmoid(2u), which keeps its digits where 1 + tanh loses them; 2u is
  // sqrt(8/pi) (x + 0.044715 x^3).
  return x * sigmoid(NUMBER(REAL, 1.5957691216057308) * FMA(NUMBER(REAL, 0.044715) * x * x, x, x));
#elif defined(KIND_QUICK_GELU)
  return x * sigmoid(NUMBER(REAL, 1.702) * x);
#elif defined(KIND_SILU)
  return x * sigmoid(x);
#elif defined(KIND_SOFTPLUS)
  return HEDDLE_JOIN(softplus_, REAL)(x);
#elif defined(KIND_IS_NAN)
  return x != x;
#endif
}
