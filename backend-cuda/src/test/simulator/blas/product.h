// A product as a command of a stream: what is proven when it is given, and again when it runs.
#pragma once
#include "../driver/state.h"
#include "gemm.h"

namespace heddle_sim {

// cublasStatus_t and cublasLt's.
enum Status {
  BLAS_SUCCESS = 0,
  BLAS_NOT_INITIALIZED = 1,
  BLAS_INVALID_VALUE = 7,
  BLAS_EXECUTION_FAILED = 13,
  BLAS_NOT_SUPPORTED = 15,
};

struct Refused {
  Status status;
};

void blas_require(bool holds, Status otherwise = BLAS_INVALID_VALUE);

// CUBLAS_COMPUTE_... and the types of a product: throws where cuBLAS has no such product.
Rounding rounding_of(int compute, Type a, Type b, Type c);
Type type_of(int cuda_type);

// alpha and beta: numbers of the host, or where they lie on the device.
struct Scalars {
  bool on_device;
  Type type;
  double alpha, beta;
  const void *alpha_at, *beta_at;
};
Scalars scalars_of(const void *alpha, const void *beta, int compute, bool on_device);

struct Workspace {
  uintptr_t address = 0;
  size_t bytes = 0;
};

void enqueue_product(Driver &driver, void *stream, const Product &product, const Scalars &scalars,
                     const Workspace &workspace, const char *name);

// What every function of cuBLAS begins with.
template <class Body>
int blas(const char *name, Body body) {
  Driver &driver = Driver::get();
  const std::lock_guard<std::recursive_mutex> held(driver.lock);
  const Result result = begin_call(name, Needs::CONTEXT);
  if (result == INVALID_CONTEXT || result == NOT_INITIALIZED) return BLAS_NOT_INITIALIZED;
  if (result != SUCCESS) return BLAS_EXECUTION_FAILED;
  try {
    body(driver);
    return BLAS_SUCCESS;
  } catch (const Refused &refused) {
    return refused.status;
  } catch (const Failure &failure) {
    return failure.result == INVALID_HANDLE ? BLAS_INVALID_VALUE : BLAS_EXECUTION_FAILED;
  }
}

}  // namespace heddle_sim
