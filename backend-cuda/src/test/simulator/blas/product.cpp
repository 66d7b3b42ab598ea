#include "product.h"

#include <algorithm>
#include <cstring>

namespace heddle_sim {
namespace {

// Where a matrix of a batch ends, in bytes from where it begins.
size_t span(const Matrix &matrix) {
  return matrix.rows == 0 || matrix.columns == 0
             ? 0 : ((matrix.columns - 1) * matrix.leading + matrix.rows) * bytes_of(matrix.type);
}

[[noreturn]] void fault(const char *name, const std::string &what) {
  Report::get().add(format("%s: ", name) + what);
  Driver::get().sticky = ILLEGAL_ADDRESS;
  throw Refused{BLAS_EXECUTION_FAILED};
}

enum class Use { READ, WRITE };

// All elements of a matrix lie in memory of the device, and those to be read were written.
void check(const Matrix &matrix, size_t batch, Use use, const char *which, const char *name) {
  const size_t size = bytes_of(matrix.type);
  if (span(matrix) == 0) return;
  for (size_t index = 0; index < batch; index++) {
    const auto address =
        (uintptr_t)(matrix.data + (long long)index * matrix.stride * (long long)size);
    const Allocation *found = Memory::is_ours(address) ? Memory::get().find(address) : nullptr;
    if (found == nullptr || !found->holds(address, span(matrix))) {
      fault(name, format("%s, %zu bytes at 0x%zx: ", which, span(matrix), (size_t)address) +
                      Memory::get().describe(address));
    }
    for (size_t column = 0; column < matrix.columns; column++) {
      uint8_t *const shadow = Memory::shadow(address + column * matrix.leading * size);
      const size_t count = matrix.rows * size;
      if (use == Use::WRITE) {
        memset(shadow, Memory::WRITTEN, count);
      } else if (const auto bad = std::find_if(shadow, shadow + count,
                     [](uint8_t each) { return each != Memory::WRITTEN; });
                 bad != shadow + count) {
        fault(name, format("%s, column %zu: ", which, column) +
                        Memory::get().describe((uintptr_t)bad - Memory::ALL_BYTES) +
                        ", which nothing was written to");
      }
    }
  }
}

void check_range(uintptr_t address, size_t bytes, const char *which, const char *name) {
  const Allocation *found = Memory::is_ours(address) ? Memory::get().find(address) : nullptr;
  if (found == nullptr || !found->holds(address, bytes)) {
    fault(name, format("%s, %zu bytes at 0x%zx: ", which, bytes, (size_t)address) +
                    Memory::get().describe(address));
  }
}

void run(const Product &product, const Scalars &scalars, const Workspace &workspace,
         const char *name) {
  if (workspace.address != 0) {
    check_range(workspace.address, workspace.bytes, "the workspace", name);
    // What it holds afterwards is cuBLAS's own affair.
    memset(Memory::shadow(workspace.address), Memory::ALLOCATED, workspace.bytes);
  }
  double alpha = scalars.alpha, beta = scalars.beta;
  if (scalars.on_device) {
    check_range((uintptr_t)scalars.alpha_at, bytes_of(scalars.type), "alpha", name);
    check_range((uintptr_t)scalars.beta_at, bytes_of(scalars.type), "beta", name);
    alpha = load(scalars.type, scalars.alpha_at, 0);
    beta = load(scalars.type, scalars.beta_at, 0);
  }
  check(product.a, product.batch, Use::READ, "a", name);
  check(product.b, product.batch, Use::READ, "b", name);
  if (beta != 0) check(product.c, product.batch, Use::READ, "c", name);
  if (product.epilogue.bias != nullptr) {
    const Matrix bias{(char *)product.epilogue.bias, product.epilogue.bias_type, product.m, 1,
                      product.m, 0, false};
    check(bias, 1, Use::READ, "the bias", name);
  }
  check(product.d, product.batch, Use::WRITE, "the result", name);
  multiply(product, alpha, beta);
}

void check_layout(const Matrix &matrix) {
  blas_require(matrix.leading >= std::max<size_t>(matrix.rows, 1));
  blas_require((uintptr_t)matrix.data % bytes_of(matrix.type) == 0);
}

}  // namespace

void blas_require(bool holds, Status otherwise) {
  if (!holds) throw Refused{otherwise};
}

Type type_of(int cuda_type) {
  switch (cuda_type) {
    case 0: case 1: case 2: case 14: return (Type)cuda_type;
    default: throw Refused{BLAS_NOT_SUPPORTED};
  }
}

Rounding rounding_of(int compute, Type a, Type b, Type c) {
  const bool halves = a == b && (a == Type::F16 || a == Type::BF16) && (c == a || c == Type::F32);
  const bool floats = a == Type::F32 && b == Type::F32 && c == Type::F32;
  switch (compute) {
    case 68: case 69:  // CUBLAS_COMPUTE_32F, _PEDANTIC
      blas_require(halves || floats, BLAS_NOT_SUPPORTED);
      return Rounding::NONE;
    case 74: case 75: case 77:  // CUBLAS_COMPUTE_32F_FAST_16F, _FAST_16BF, _FAST_TF32
      blas_require(floats, BLAS_NOT_SUPPORTED);
      return compute == 74 ? Rounding::F16 : compute == 75 ? Rounding::BF16 : Rounding::TF32;
    case 70: case 71:  // CUBLAS_COMPUTE_64F, _PEDANTIC
      blas_require(a == Type::F64 && b == Type::F64 && c == Type::F64, BLAS_NOT_SUPPORTED);
      return Rounding::NONE;
    default:
      throw Refused{BLAS_NOT_SUPPORTED};
  }
}

Scalars scalars_of(const void *alpha, const void *beta, int compute, bool on_device) {
  blas_require(alpha != nullptr && beta != nullptr);
  Scalars scalars{on_device, compute == 70 || compute == 71 ? Type::F64 : Type::F32, 0, 0, alpha, beta};
  if (!on_device) {
    // A pointer to the device's memory here would end the process on a GPU.
    blas_require(!Memory::is_ours((uintptr_t)alpha) || Memory::get().is_pinned((uintptr_t)alpha, 4));
    scalars.alpha = load(scalars.type, alpha, 0);
    scalars.beta = load(scalars.type, beta, 0);
  }
  return scalars;
}

void enqueue_product(Driver &driver, void *stream, const Product &product, const Scalars &scalars,
                     const Workspace &workspace, const char *name) {
  for (const Matrix *each : {&product.a, &product.b, &product.d}) check_layout(*each);
  Stream &target = driver.stream(stream);
  blas_require(!is_due(Settings::get().refuse_product), BLAS_EXECUTION_FAILED);
  Counters::get().add("products");
  if (workspace.address == 0) Counters::get().add("products_without_workspace");
  if (product.m == 0 || product.n == 0 || product.batch == 0) return;
  driver.enqueue(target, Command{Command::KERNEL, [=] {
                                   if (Driver::get().sticky != SUCCESS) return;
                                   try {
                                     run(product, scalars, workspace, name);
                                   } catch (const Refused &) {
                                     // The fault is the context's now, as a kernel's is.
                                   }
                                 }, nullptr});
}

}  // namespace heddle_sim
