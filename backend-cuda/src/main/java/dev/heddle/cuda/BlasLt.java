package dev.heddle.cuda;

import static dev.heddle.cuda.Library.INT;
import static dev.heddle.cuda.Library.POINTER;

import dev.heddle.kernels.Product;
import dev.heddle.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import jcuda.CudaException;
import jcuda.jcublas.cublasStatus;

/**
 * cuBLASLt by {@code java.lang.foreign}, since JCublas lacks it: products with what follows them,
 * its "epilogues". What it makes is named by numbers; its calls are for the thread of the context.
 */
final class BlasLt {
  private final Library library;
  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle createProduct;
  private final MethodHandle setProduct;
  private final MethodHandle destroyProduct;
  private final MethodHandle createMatrix;
  private final MethodHandle destroyMatrix;
  private final MethodHandle createPreference;
  private final MethodHandle setPreference;
  private final MethodHandle destroyPreference;
  private final MethodHandle find;
  private final MethodHandle multiply;

  /**
   * Binds a library that was found.
   *
   * @throws UnsatisfiedLinkError if it lacks a function
   */
  BlasLt(Library library) {
    this.library = library;
    this.create = library.function("cublasLtCreate", POINTER);
    this.destroy = library.function("cublasLtDestroy", POINTER);
    this.createProduct = library.function("cublasLtMatmulDescCreate", POINTER, INT, INT);
    this.setProduct =
        library.function("cublasLtMatmulDescSetAttribute", POINTER, INT, POINTER, POINTER);
    this.destroyProduct = library.function("cublasLtMatmulDescDestroy", POINTER);
    this.createMatrix =
        library.function("cublasLtMatrixLayoutCreate", POINTER, INT, POINTER, POINTER, POINTER);
    this.destroyMatrix = library.function("cublasLtMatrixLayoutDestroy", POINTER);
    this.createPreference = library.function("cublasLtMatmulPreferenceCreate", POINTER);
    this.setPreference =
        library.function("cublasLtMatmulPreferenceSetAttribute", POINTER, INT, POINTER, POINTER);
    this.destroyPreference = library.function("cublasLtMatmulPreferenceDestroy", POINTER);
    // handle, product; layouts of A, B, C, D; preference; how many, where to, and how many came.
    this.find =
        library.function(
            "cublasLtMatmulAlgoGetHeuristic",
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            INT,
            POINTER,
            POINTER);
    // handle, product, alpha; A and B, each with its layout; beta; C and D likewise; algorithm;
    // workspace and its bytes; stream.
    this.multiply =
        library.function(
            "cublasLtMatmul",
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /** {@code cuBLASLt 12 (libcublasLt.so.12)}. */
  @Override
  public String toString() {
    return "cuBLASLt %d (%s)".formatted(library.major(), library.file());
  }

  /**
   * Whether it computes just that behind a product. A bias is of the result's type here, and GELU
   * the one by tanh, which may be the chip's own, of some 11 bits: so it is for results that have
   * no more. What comes behind an activation it does not add.
   */
  static boolean finishes(DType output, Product.Finish finish) {
    return switch (finish.activation()) {
      case IDENTITY -> true;
      case RELU -> !finish.residual();
      case GELU_TANH -> !finish.residual() && output != DType.F32;
      default -> false;
    };
  }

  private static void call(MethodHandle function, Object... arguments) {
    try {
      Blas.check((int) function.invokeWithArguments(arguments));
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** What a function writes to its first argument, before the others. */
  private static long made(MethodHandle function, Object... others) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment place = arena.allocate(ValueLayout.JAVA_LONG);
      Object[] arguments = new Object[1 + others.length];
      arguments[0] = place.address();
      System.arraycopy(others, 0, arguments, 1, others.length);
      call(function, arguments);
      return place.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private static void set(MethodHandle function, long of, int attribute, MemorySegment value) {
    call(function, of, attribute, value.address(), value.byteSize());
  }

  /** Readies it for the current context. */
  long open() {
    return made(create);
  }

  /** Ends what {@link #open} began. */
  void close(long handle) {
    call(destroy, handle);
  }

  /** A description of a product: its types, as numbers of {@code cublasComputeType_t} and so on. */
  long describe(int compute, int scalars) {
    return made(createProduct, compute, scalars);
  }

  /** Sets one of {@code cublasLtMatmulDescAttributes_t}. */
  void set(long product, int attribute, MemorySegment value) {
    set(setProduct, product, attribute, value);
  }

  /** Frees what {@link #describe} made. */
  void forget(long product) {
    call(destroyProduct, product);
  }

  /** A layout of a matrix, by columns without gaps. */
  long layout(int type, long rows, long columns) {
    return made(createMatrix, type, rows, columns, Math.max(1, rows));
  }

  /** Frees what {@link #layout} made. */
  void forgetLayout(long layout) {
    call(destroyMatrix, layout);
  }

  /** Which algorithms are wanted. */
  long preference() {
    return made(createPreference);
  }

  /** Sets one of {@code cublasLtMatmulPreferenceAttributes_t}. */
  void prefer(long preference, int attribute, MemorySegment value) {
    set(setPreference, preference, attribute, value);
  }

  /** Frees what {@link #preference} made. */
  void forgetPreference(long preference) {
    call(destroyPreference, preference);
  }

  /**
   * Looks for the best algorithm.
   *
   * @param result where a {@code cublasLtMatmulHeuristicResult_t} has room
   * @return whether there is any
   */
  boolean find(
      long handle,
      long product,
      long left,
      long right,
      long y,
      long preference,
      MemorySegment result) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      int status =
          (int)
              find.invokeExact(
                  handle,
                  product,
                  left,
                  right,
                  y,
                  y,
                  preference,
                  1,
                  result.address(),
                  count.address());
      if (status == cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED) {
        return false;
      }
      Blas.check(status);
      return count.get(ValueLayout.JAVA_INT, 0) > 0;
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /**
   * {@code cublasLtMatmul}, argument by argument.
   *
   * @throws CudaException if the library refuses
   */
  void multiply(
      long handle,
      long product,
      long alpha,
      long a,
      long aLayout,
      long b,
      long bLayout,
      long beta,
      long c,
      long cLayout,
      long d,
      long dLayout,
      long algorithm,
      long workspace,
      long bytes,
      long stream) {
    try {
      Blas.check(
          (int)
              multiply.invokeExact(
                  handle, product, alpha, a, aLayout, b, bLayout, beta, c, cLayout, d, dLayout,
                  algorithm, workspace, bytes, stream));
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }
}
