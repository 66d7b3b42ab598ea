#include "gemm.h"

#include <cmath>

namespace heddle_sim {
namespace {

float rounded(Rounding rounding, float x) {
  switch (rounding) {
    case Rounding::NONE: return x;
    case Rounding::TF32: return round_to_tf32(x);
    case Rounding::F16: return half_to_float(float_to_half(x));
    case Rounding::BF16: return bfloat_to_float(float_to_bfloat(x));
  }
  return x;
}

// sums[j] += x * row[j].
template <class Real>
#if defined(__x86_64__)
__attribute__((target("avx2")))
#endif
void add_scaled_wide(Real *__restrict sums, const Real *__restrict row, Real x, size_t n) {
  for (size_t j = 0; j < n; j++) sums[j] += x * row[j];
}

template <class Real>
void add_scaled(Real *__restrict sums, const Real *__restrict row, Real x, size_t n) {
  for (size_t j = 0; j < n; j++) sums[j] += x * row[j];
}

double activated(Epilogue::Activation activation, double x) {
  switch (activation) {
    case Epilogue::NONE: return x;
    case Epilogue::RELU: return x > 0 ? x : x != x ? x : 0;
    // cuBLASLt's GELU is the one by tanh.
    case Epilogue::GELU: return x / 2 * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
  }
  return x;
}

// Elements are gathered row by row, and each sum runs over k in order, in Real.
template <class Real>
void multiply_in(const Product &p, double alpha, double beta) {
  std::vector<Real> right(p.k * p.n), left(p.k), sums(p.n);
#if defined(__x86_64__)
  const bool wide = __builtin_cpu_supports("avx2");
#else
  const bool wide = false;
#endif
  for (size_t index = 0; index < p.batch; index++) {
    const auto of_batch = [&](const Matrix &matrix) {
      return matrix.data + (long long)index * matrix.stride * (long long)bytes_of(matrix.type);
    };
    const char *a = of_batch(p.a), *b = of_batch(p.b), *c = of_batch(p.c);
    char *d = of_batch(p.d);
    for (size_t q = 0; q < p.k; q++) {
      for (size_t j = 0; j < p.n; j++) {
        const Real x = (Real)load(p.b.type, b, p.b.at(q, j));
        right[q * p.n + j] = p.rounding == Rounding::NONE ? x : (Real)rounded(p.rounding, (float)x);
      }
    }
    for (size_t i = 0; i < p.m; i++) {
      for (Real &sum : sums) sum = 0;
      for (size_t q = 0; q < p.k; q++) {
        const Real x = (Real)load(p.a.type, a, p.a.at(i, q));
        const Real y = p.rounding == Rounding::NONE ? x : (Real)rounded(p.rounding, (float)x);
        if (wide) add_scaled_wide(sums.data(), &right[q * p.n], y, p.n);
        else add_scaled(sums.data(), &right[q * p.n], y, p.n);
      }
      for (size_t j = 0; j < p.n; j++) {
        Real x = (Real)alpha * sums[j];
        // With beta 0 what c holds is no matter, not even a NaN.
        if (beta != 0) x += (Real)beta * (Real)load(p.c.type, c, p.c.at(i, j));
        if (p.epilogue.bias) x += (Real)load(p.epilogue.bias_type, p.epilogue.bias, i);
        store(p.d.type, d, p.d.at(i, j), (Real)activated(p.epilogue.activation, x));
      }
    }
  }
}

}  // namespace

void multiply(const Product &product, double alpha, double beta) {
  if (product.d.type == Type::F64) multiply_in<double>(product, alpha, beta);
  else multiply_in<float>(product, alpha, beta);
}

}  // namespace heddle_sim
