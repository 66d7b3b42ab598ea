// activate(x): a function of single numbers, in REAL (f32 or f64). Defined before: REAL, KIND_...
#define HEDDLE_LITERAL_f32(x) x##f
#define HEDDLE_LITERAL_f64(x) x
#define NUMBER(x) HEDDLE_JOIN(HEDDLE_LITERAL_, REAL)(x)

DEVICE REAL sigmoid(REAL x) { return 1 / (1 + EXP(-x)); }

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
  return t > 30.25f ? half_of_x + FABS(half_of_x) : FMA(t, p / q, half_of_x);
}
#ifdef USES_F64
// erfc keeps the digits that 1 + erf loses where x is far below zero.
DEVICE f64 gelu_f64(f64 x) { return 0.5 * x * ERFC(-x * 0.70710678118654752440); }
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
  return LOG(x);
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
  return ERF(x);
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
  return x * sigmoid(NUMBER(1.5957691216057308) * FMA(NUMBER(0.044715) * x * x, x, x));
#elif defined(KIND_QUICK_GELU)
  return x * sigmoid(NUMBER(1.702) * x);
#elif defined(KIND_SILU)
  return x * sigmoid(x);
#elif defined(KIND_SOFTPLUS)
  return (x > 0 ? x : 0) + LOG1P(EXP(-FABS(x)));
#elif defined(KIND_IS_NAN)
  return x != x;
#endif
}
