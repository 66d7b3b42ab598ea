// c = alpha op(a) op(b) + beta c, matrices by columns as BLAS has them.
#pragma once
#include <cstddef>
#include <vector>

#include "elements.h"

namespace heddle_sim {

struct Matrix {
  char *data;  // Of the first of the batch.
  Type type;
  size_t rows, columns;  // As they lie.
  size_t leading;        // Elements from column to column.
  long long stride;      // Elements from matrix to matrix of a batch.
  bool transposed;

  size_t at(size_t row, size_t column) const {
    return transposed ? row * leading + column : column * leading + row;
  }
};

// What the inputs of a product are rounded to.
enum class Rounding { NONE, TF32, F16, BF16 };

// Something done to each element after its sum: a bias for its row, then an activation.
struct Epilogue {
  enum Activation { NONE, RELU, GELU };
  const char *bias = nullptr;
  Type bias_type = Type::F32;
  Activation activation = NONE;
};

struct Product {
  size_t m, n, k, batch;
  Matrix a, b, c, d;  // d = alpha a b + beta c; c and d are the same for cublasGemmEx.
  Rounding rounding;
  Epilogue epilogue;
};

void multiply(const Product &product, double alpha, double beta);

}  // namespace heddle_sim
