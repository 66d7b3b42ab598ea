package dev.heddle.cuda;

import dev.heddle.kernels.Product;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.runtime.cudaStream_t;

/**
 * cuBLAS of CUDA 12 through JCublas, which is bound to {@code libcublas.so.12} by name. A call
 * makes objects for its pointers; a run that is a graph makes no such calls.
 */
final class JcublasBlas implements Blas {
  /** Loads JCublas's library; that of cuBLAS is there. */
  JcublasBlas() throws IOException {
    Natives.load(JCublas2.class, "JCublas2");
    JCublas2.initialize();
    JCublas2.setExceptionsEnabled(true);
  }

  @Override
  public String name() {
    return "cuBLAS 12";
  }

  @Override
  public String binding() {
    return "JCublas";
  }

  @Override
  public Multiplier open(Addresses.Stream stream, long workspace) {
    cublasHandle handle = new cublasHandle();
    Blas.check(JCublas2.cublasCreate(handle));
    Blas.check(JCublas2.cublasSetStream(handle, new cudaStream_t(stream)));
    Blas.check(JCublas2.cublasSetWorkspace(handle, new Addresses.Host(workspace), WORKSPACE));
    return new Bound(handle);
  }

  private static final class Bound implements Multiplier {
    private final cublasHandle handle;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment scalars = arena.allocate(ValueLayout.JAVA_FLOAT, 2);
    private final Addresses.Host alpha = new Addresses.Host(scalars.address());
    private final Addresses.Host beta = new Addresses.Host(scalars.address() + Float.BYTES);

    private Bound(cublasHandle handle) {
      this.handle = handle;
    }

    @Override
    public void multiply(Product p, long a, long b, long y) {
      scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 0, p.alpha());
      int inputs = Blas.type(p.inputs());
      if (p.count() == 1) {
        Blas.check(
            JCublas2.cublasGemmEx_new(
                handle,
                Blas.operation(p.transposeB()),
                Blas.operation(p.transposeA()),
                Math.toIntExact(p.n()),
                Math.toIntExact(p.m()),
                Math.toIntExact(p.k()),
                alpha,
                new Addresses.Host(b),
                inputs,
                Blas.bRow(p),
                new Addresses.Host(a),
                inputs,
                Blas.aRow(p),
                beta,
                new Addresses.Host(y),
                Blas.type(p.output()),
                Blas.extent(p.n()),
                Blas.compute(p),
                DEFAULT_ALGORITHM));
      } else {
        Blas.check(
            JCublas2.cublasGemmStridedBatchedEx_new(
                handle,
                Blas.operation(p.transposeB()),
                Blas.operation(p.transposeA()),
                Math.toIntExact(p.n()),
                Math.toIntExact(p.m()),
                Math.toIntExact(p.k()),
                alpha,
                new Addresses.Host(b),
                inputs,
                Blas.bRow(p),
                p.bStep(),
                new Addresses.Host(a),
                inputs,
                Blas.aRow(p),
                p.aStep(),
                beta,
                new Addresses.Host(y),
                Blas.type(p.output()),
                Blas.extent(p.n()),
                p.m() * p.n(),
                Math.toIntExact(p.count()),
                Blas.compute(p),
                DEFAULT_ALGORITHM));
      }
    }

    @Override
    public void close() {
      JCublas2.cublasDestroy(handle);
      arena.close();
    }
  }
}
