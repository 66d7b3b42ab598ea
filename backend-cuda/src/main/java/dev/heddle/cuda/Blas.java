package dev.heddle.cuda;

import dev.heddle.kernels.Product;
import dev.heddle.tensor.DType;
import jcuda.CudaException;
import jcuda.jcublas.cublasStatus;

/**
 * cuBLAS, as CUDA 12 or 13 has it: the same functions, by two bindings. Its matrices lie column by
 * column; ours, row by row, are those of its transposes, so it is asked for {@code y^T = b^T a^T}.
 */
interface Blas {
  /** Bytes that it may use beside its operands: what NVIDIA advises for Hopper. */
  long WORKSPACE = 32L << 20;

  /** {@code CUBLAS_GEMM_DEFAULT}: the library's own choice. */
  int DEFAULT_ALGORITHM = -1;

  /** {@code CUBLAS_COMPUTE_32F}, and {@code CUBLAS_COMPUTE_32F_FAST_TF32}. */
  int COMPUTE_F32 = 68;

  int COMPUTE_TF32 = 77;

  /** The library for one stream; its calls are for the thread of the context. */
  interface Multiplier {
    /**
     * Gives the stream a product of what lies at three addresses, with nothing behind it.
     *
     * @throws CudaException if the library refuses
     */
    void multiply(Product product, long a, long b, long y);

    /** Ends it. */
    void close();
  }

  /** {@code cuBLAS 12}. */
  String name();

  /** Who binds it: {@code JCublas}. */
  String binding();

  /**
   * Readies the library for a stream, on the thread of the context.
   *
   * @param workspace {@link #WORKSPACE} bytes of the device's, which no other stream uses
   */
  Multiplier open(Addresses.Stream stream, long workspace);

  /**
   * Passes success.
   *
   * @throws CudaException of the status's name, which is what JCublas throws by itself
   */
  static void check(int status) {
    if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      throw failure(status);
    }
  }

  /** What a status other than success is thrown as. */
  static CudaException failure(int status) {
    return new CudaException(cublasStatus.stringFor(status));
  }

  /** {@code cudaDataType} of a type that it multiplies. */
  static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 2;
      case BF16 -> 14;
      default -> throw new IllegalArgumentException("cuBLAS multiplies no " + dtype);
    };
  }

  /** {@code cublasComputeType_t}. */
  static int compute(Product product) {
    return product.inputs() == DType.F32 && product.tf32() ? COMPUTE_TF32 : COMPUTE_F32;
  }

  /** {@code cublasOperation_t}. */
  static int operation(boolean transposed) {
    return transposed ? 1 : 0;
  }

  /** Elements from one of a's rows to the next as it lies. */
  static int aRow(Product product) {
    return extent(product.transposeA() ? product.m() : product.k());
  }

  /** The same of b. */
  static int bRow(Product product) {
    return extent(product.transposeB() ? product.k() : product.n());
  }

  /** An extent, which is not 0 where it tells how far rows lie apart. */
  static int extent(long extent) {
    return Math.toIntExact(Math.max(1, extent));
  }
}
