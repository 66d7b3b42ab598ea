package dev.heddle.cuda;

import dev.heddle.kernels.Product;
import dev.heddle.kernels.ProductLibrary;
import dev.heddle.tensor.DType;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import jcuda.CudaException;
import jcuda.jcublas.cublasStatus;

/** What multiplies on one device: cuBLAS, and where something follows the product cuBLASLt. */
final class CudaProducts implements ProductLibrary {
  /** Products whose algorithms are kept: those of some programs, in batches of some sizes. */
  private static final int MOST = 512;

  private final CudaDevice device;
  private final Blas blas;

  /** Null where there is none. */
  private final BlasLt blasLt;

  /**
   * Guarded by itself; only the thread of the context changes it. That a product has no algorithm
   * is kept, too. The one not used for longest makes room.
   */
  private final Map<Product, Optional<LtAlgorithm>> algorithms =
      new LinkedHashMap<>(16, 0.75f, true);

  /** cuBLASLt's, for the thread of the context; 0 until it is needed. */
  private long handle;

  CudaProducts(CudaDevice device, Blas blas, BlasLt blasLt) {
    this.device = device;
    this.blas = blas;
    this.blasLt = blasLt;
  }

  @Override
  public String name() {
    return blas.name();
  }

  @Override
  public boolean hasTf32() {
    return true;
  }

  @Override
  public boolean multiplies(DType inputs, DType output) {
    return switch (inputs) {
      case F32 -> output == DType.F32;
      case F16, BF16 -> output == DType.F32 || output == inputs;
      default -> false;
    };
  }

  @Override
  public boolean finishes(DType inputs, DType output, Product.Finish finish) {
    return blasLt != null && multiplies(inputs, output) && BlasLt.finishes(output, finish);
  }

  @Override
  public boolean finishes(Product product) {
    Optional<LtAlgorithm> known = known(product);
    if (known != null) {
      return known.isPresent();
    }
    try {
      return device.onThread(() -> algorithm(product)).isPresent();
    } catch (CudaException e) {
      throw device.failed("the choice of an algorithm of cuBLASLt", e);
    }
  }

  private Optional<LtAlgorithm> known(Product product) {
    synchronized (algorithms) {
      return algorithms.get(product);
    }
  }

  // On the thread of the context.

  private Optional<LtAlgorithm> algorithm(Product product) {
    Optional<LtAlgorithm> known = known(product);
    if (known != null) {
      return known;
    }
    if (handle == 0) {
      handle = blasLt.open();
    }
    Optional<LtAlgorithm> found = Optional.ofNullable(LtAlgorithm.find(blasLt, handle, product));
    synchronized (algorithms) {
      algorithms.put(product, found);
      if (algorithms.size() > MOST) {
        Iterator<Optional<LtAlgorithm>> oldest = algorithms.values().iterator();
        oldest.next().ifPresent(LtAlgorithm::close);
        oldest.remove();
      }
    }
    return found;
  }

  /**
   * Readies it for a stream.
   *
   * @param workspace {@link Blas#WORKSPACE} bytes of the device's, which no other stream uses
   */
  ForStream open(Addresses.Stream stream, long workspace) {
    return new ForStream(blas.open(stream, workspace), stream.address(), workspace);
  }

  /** Ends what is not of one stream. */
  void close() {
    synchronized (algorithms) {
      algorithms.values().forEach(each -> each.ifPresent(LtAlgorithm::close));
      algorithms.clear();
    }
    if (handle != 0) {
      blasLt.close(handle);
    }
  }

  /** What multiplies for one stream; for the thread of the context. */
  final class ForStream {
    private final Blas.Multiplier multiplier;
    private final long stream;
    private final long workspace;

    private ForStream(Blas.Multiplier multiplier, long stream, long workspace) {
      this.multiplier = multiplier;
      this.stream = stream;
      this.workspace = workspace;
    }

    /**
     * Gives the stream a product of what lies at these addresses; 0 for what it does not have.
     *
     * @throws CudaException if the library refuses
     */
    void multiply(Product product, long a, long b, long bias, long residual, long y) {
      if (product.finish().equals(Product.Finish.NONE)) {
        multiplier.multiply(product, a, b, y);
      } else {
        algorithm(product)
            .orElseThrow(() -> Blas.failure(cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED))
            .multiply(a, b, bias, residual, y, workspace, stream);
      }
    }

    /** Ends it. */
    void close() {
      multiplier.close();
    }
  }
}
