package dev.heddle.cuda;

import dev.heddle.kernels.Product;
import dev.heddle.kernels.ProductLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How cuBLASLt computes one product and what follows it; for the thread of the context. */
final class LtAlgorithm {
  /** {@code CUDA_R_32F}: what alpha, beta and all that follows a product are computed in. */
  private static final int F32 = 0;

  // cublasLtMatmulDescAttributes_t.
  private static final int TRANSPOSE_LEFT = 3;
  private static final int TRANSPOSE_RIGHT = 4;
  private static final int EPILOGUE = 7;
  private static final int BIAS_POINTER = 8;

  // cublasLtEpilogue_t, whose values are sums of these.
  private static final int NOTHING = 1;
  private static final int RELU = 2;
  private static final int BIAS = 4;
  private static final int GELU = 32;

  // cublasLtMatmulPreferenceAttributes_t; the latter are of A, B, C and D.
  private static final int MOST_WORKSPACE = 1;
  private static final int[] LEAST_ALIGNMENT = {5, 6, 7, 8};

  /** {@code cublasLtMatmulHeuristicResult_t}: it begins with the algorithm. */
  private static final long RESULT_BYTES = 96;

  private static final long RESULT_STATE = 72;

  private final BlasLt library;
  private final long handle;
  private final Product product;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment result = arena.allocate(RESULT_BYTES, Long.BYTES);
  private final MemorySegment bias = arena.allocate(ValueLayout.JAVA_LONG);
  private final MemorySegment scalars = arena.allocate(ValueLayout.JAVA_FLOAT, 2);

  // Of cuBLASLt's; 0 until they are made.
  private long description;
  private long left;
  private long right;
  private long y;

  private LtAlgorithm(BlasLt library, long handle, Product product) {
    this.library = library;
    this.handle = handle;
    this.product = product;
  }

  /** An algorithm for a product; null if the library has none. */
  static LtAlgorithm find(BlasLt library, long handle, Product product) {
    LtAlgorithm made = new LtAlgorithm(library, handle, product);
    boolean found = false;
    try {
      made.describe();
      found = made.find();
    } finally {
      if (!found) {
        made.close();
      }
    }
    return found ? made : null;
  }

  private void describe() {
    description = library.describe(Blas.compute(product), F32);
    set(TRANSPOSE_LEFT, Blas.operation(product.transposeB()));
    set(TRANSPOSE_RIGHT, Blas.operation(product.transposeA()));
    set(EPILOGUE, epilogue(product.finish()));
    scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 0, product.alpha());
    scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 1, product.finish().residual() ? 1 : 0);
    int inputs = Blas.type(product.inputs());
    left = matrix(inputs, product.k(), product.n(), product.transposeB());
    right = matrix(inputs, product.m(), product.k(), product.transposeA());
    y = matrix(Blas.type(product.output()), product.m(), product.n(), false);
  }

  /** What lies row by row as one of its matrices, which lie column by column. */
  private long matrix(int type, long rows, long columns, boolean transposed) {
    return transposed ? library.layout(type, rows, columns) : library.layout(type, columns, rows);
  }

  private static int epilogue(Product.Finish finish) {
    int bias = finish.bias() ? BIAS : 0;
    return switch (finish.activation()) {
      case RELU -> RELU | bias;
      case GELU_TANH -> GELU | bias;
      default -> finish.bias() ? BIAS : NOTHING;
    };
  }

  private void set(int attribute, int value) {
    try (Arena own = Arena.ofConfined()) {
      library.set(description, attribute, own.allocateFrom(ValueLayout.JAVA_INT, value));
    }
  }

  private void setBias(long address) {
    bias.set(ValueLayout.JAVA_LONG, 0, address);
    library.set(description, BIAS_POINTER, bias);
  }

  private boolean find() {
    if (product.finish().bias()) {
      // It looks how a bias is aligned, not at what it is.
      setBias(ProductLibrary.ALIGNMENT);
    }
    long preference = library.preference();
    try (Arena own = Arena.ofConfined()) {
      MemorySegment workspace = own.allocateFrom(ValueLayout.JAVA_LONG, Blas.WORKSPACE);
      library.prefer(preference, MOST_WORKSPACE, workspace);
      MemorySegment alignment = own.allocateFrom(ValueLayout.JAVA_INT, ProductLibrary.ALIGNMENT);
      for (int each : LEAST_ALIGNMENT) {
        library.prefer(preference, each, alignment);
      }
      return library.find(handle, description, left, right, y, preference, result)
          && result.get(ValueLayout.JAVA_INT, RESULT_STATE) == Status.SUCCESS;
    } finally {
      library.forgetPreference(preference);
    }
  }

  /**
   * Gives a stream the product of what lies at these addresses, which are multiples of {@link
   * ProductLibrary#ALIGNMENT}; where there is no bias or residual theirs are not looked at.
   *
   * @param workspace {@link Blas#WORKSPACE} bytes of the stream's own
   */
  void multiply(
      long atA, long atB, long atBias, long atResidual, long atY, long workspace, long stream) {
    if (product.finish().bias()) {
      setBias(atBias);
    }
    library.multiply(
        handle,
        description,
        scalars.address(),
        atB,
        left,
        atA,
        right,
        scalars.address() + Float.BYTES,
        product.finish().residual() ? atResidual : atY,
        y,
        atY,
        y,
        result.address(),
        workspace,
        Blas.WORKSPACE,
        stream);
  }

  /** Frees it. */
  void close() {
    for (long each : new long[] {left, right, y}) {
      if (each != 0) {
        library.forgetLayout(each);
      }
    }
    if (description != 0) {
      library.forget(description);
    }
    arena.close();
  }
}
