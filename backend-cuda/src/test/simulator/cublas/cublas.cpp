// cuBLAS, as far as matrix products go.
#include "../blas/product.h"

using namespace heddle_sim;

namespace {

struct Handle : Owned {
  void *stream = nullptr;
  Workspace workspace;
  int math_mode = 0;
  int pointer_mode = 0;  // 0: alpha and beta lie on the host, 1: on the device.
};

std::map<Handle *, std::unique_ptr<Handle>> &handles() {
  static auto *all = new std::map<Handle *, std::unique_ptr<Handle>>();
  return *all;
}

Handle &handle_of(void *handle) {
  blas_require(handle != nullptr, BLAS_NOT_INITIALIZED);
  return lookup(handles(), handle, "cuBLAS handle");
}

// op(x) is rows by columns: CUBLAS_OP_N 0, _T 1, _C 2, which is _T for real numbers.
Matrix operand(const void *data, int type, int op, size_t rows, size_t columns, int leading,
               long long stride) {
  blas_require(op >= 0 && op <= 2 && leading >= 0);
  const bool transposed = op != 0;
  return Matrix{(char *)data, type_of(type), transposed ? columns : rows,
                transposed ? rows : columns, (size_t)leading, stride, transposed};
}

void gemm(Driver &driver, void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha,
          const void *a, int a_type, int lda, long long a_stride, const void *b, int b_type, int ldb,
          long long b_stride, const void *beta, void *c, int c_type, int ldc, long long c_stride,
          int batch, int compute, const char *name) {
  const Handle &own = handle_of(handle);
  blas_require(m >= 0 && n >= 0 && k >= 0 && batch >= 0);
  Product p;
  p.m = (size_t)m;
  p.n = (size_t)n;
  p.k = (size_t)k;
  p.batch = (size_t)batch;
  p.a = operand(a, a_type, op_a, p.m, p.k, lda, a_stride);
  p.b = operand(b, b_type, op_b, p.k, p.n, ldb, b_stride);
  p.c = p.d = operand(c, c_type, 0, p.m, p.n, ldc, c_stride);
  p.rounding = rounding_of(compute, p.a.type, p.b.type, p.c.type);
  // CUBLAS_TF32_TENSOR_OP_MATH lets plain float32 products be tf32.
  if (compute == 68 && p.a.type == Type::F32 && own.math_mode == 3) p.rounding = Rounding::TF32;
  enqueue_product(driver, own.stream, p, scalars_of(alpha, beta, compute, own.pointer_mode == 1),
                  own.workspace, name);
}

}  // namespace

extern "C" {

int cublasCreate_v2(void **handle) {
  return blas("cublasCreate", [&](Driver &driver) {
    blas_require(handle != nullptr);
    driver.forbid_in_capture("cublasCreate");
    *handle = keep(handles(), std::make_unique<Handle>(), "live_blas");
  });
}

int cublasDestroy_v2(void *handle) {
  return blas("cublasDestroy", [&](Driver &) {
    handle_of(handle);
    destroy(handles(), handle, "cuBLAS handle", "live_blas");
  });
}

int cublasGetVersion_v2(void *, int *version) {
  if (version == nullptr) return BLAS_INVALID_VALUE;
  *version = 120601;
  return BLAS_SUCCESS;
}

int cublasGetProperty(int which, int *value) {
  // MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL.
  if (value == nullptr || which < 0 || which > 2) return BLAS_INVALID_VALUE;
  *value = which == 0 ? 12 : which == 1 ? 6 : 1;
  return BLAS_SUCCESS;
}

// As cuBLAS has it, the workspace is the default one again.
int cublasSetStream_v2(void *handle, void *stream) {
  return blas("cublasSetStream", [&](Driver &driver) {
    Handle &own = handle_of(handle);
    driver.stream(stream);
    own.stream = stream;
    own.workspace = Workspace();
  });
}

int cublasGetStream_v2(void *handle, void **stream) {
  return blas("cublasGetStream", [&](Driver &) {
    blas_require(stream != nullptr);
    *stream = handle_of(handle).stream;
  });
}

int cublasSetWorkspace_v2(void *handle, void *workspace, size_t bytes) {
  return blas("cublasSetWorkspace", [&](Driver &) {
    Handle &own = handle_of(handle);
    const auto address = (uintptr_t)workspace;
    blas_require(address % 256 == 0);
    if (address != 0) {
      const Allocation *found = Memory::is_ours(address) ? Memory::get().find(address) : nullptr;
      if (found == nullptr || !found->holds(address, bytes)) {
        Report::get().add(format("cublasSetWorkspace of %zu bytes at %p: ", bytes, workspace) +
                          Memory::get().describe(address));
        throw Refused{BLAS_INVALID_VALUE};
      }
    }
    own.workspace = Workspace{address, bytes};
  });
}

int cublasSetMathMode(void *handle, int mode) {
  return blas("cublasSetMathMode", [&](Driver &) {
    // DEFAULT 0, TENSOR_OP 1, PEDANTIC 2, TF32 3, and a flag that forbids reduced precision.
    blas_require((mode & 15) <= 3 && (mode & ~31) == 0);
    handle_of(handle).math_mode = mode & 15;
  });
}

int cublasGetMathMode(void *handle, int *mode) {
  return blas("cublasGetMathMode", [&](Driver &) {
    blas_require(mode != nullptr);
    *mode = handle_of(handle).math_mode;
  });
}

int cublasSetPointerMode_v2(void *handle, int mode) {
  return blas("cublasSetPointerMode", [&](Driver &) {
    blas_require(mode == 0 || mode == 1);
    handle_of(handle).pointer_mode = mode;
  });
}

int cublasGetPointerMode_v2(void *handle, int *mode) {
  return blas("cublasGetPointerMode", [&](Driver &) {
    blas_require(mode != nullptr);
    *mode = handle_of(handle).pointer_mode;
  });
}

int cublasGemmEx(void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha,
                 const void *a, int a_type, int lda, const void *b, int b_type, int ldb,
                 const void *beta, void *c, int c_type, int ldc, int compute, int) {
  return blas("cublasGemmEx", [&](Driver &driver) {
    gemm(driver, handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c,
         c_type, ldc, 0, 1, compute, "cublasGemmEx");
  });
}

int cublasGemmStridedBatchedEx(void *handle, int op_a, int op_b, int m, int n, int k,
                               const void *alpha, const void *a, int a_type, int lda,
                               long long a_stride, const void *b, int b_type, int ldb,
                               long long b_stride, const void *beta, void *c, int c_type, int ldc,
                               long long c_stride, int batch, int compute, int) {
  return blas("cublasGemmStridedBatchedEx", [&](Driver &driver) {
    gemm(driver, handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, a_stride, b, b_type, ldb,
         b_stride, beta, c, c_type, ldc, c_stride, batch, compute, "cublasGemmStridedBatchedEx");
  });
}

const char *cublasGetStatusName(int status) {
  switch (status) {
    case BLAS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case BLAS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case BLAS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case BLAS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case BLAS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "unknown CUBLAS_STATUS";
  }
}

const char *cublasGetStatusString(int status) { return cublasGetStatusName(status); }

}  // extern "C"
