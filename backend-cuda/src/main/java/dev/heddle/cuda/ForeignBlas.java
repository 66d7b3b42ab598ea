package dev.heddle.cuda;

import static dev.heddle.cuda.Library.INT;
import static dev.heddle.cuda.Library.POINTER;

import dev.heddle.kernels.Product;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** cuBLAS by {@code java.lang.foreign}: of CUDA 13, which JCublas does not find. */
final class ForeignBlas implements Blas {
  private final Library library;
  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle setStream;
  private final MethodHandle setWorkspace;
  private final MethodHandle multiply;
  private final MethodHandle multiplyMany;

  /** Binds a library that was found. */
  ForeignBlas(Library library) {
    this.library = library;
    this.create = library.function("cublasCreate_v2", POINTER);
    this.destroy = library.function("cublasDestroy_v2", POINTER);
    this.setStream = library.function("cublasSetStream_v2", POINTER, POINTER);
    this.setWorkspace = library.function("cublasSetWorkspace_v2", POINTER, POINTER, POINTER);
    // handle, operations, m, n, k, alpha; A, its type and row; B likewise; beta; C likewise;
    // compute type and algorithm. Many: a step behind each row, and the count behind the last.
    this.multiply =
        library.function(
            "cublasGemmEx",
            POINTER,
            INT,
            INT,
            INT,
            INT,
            INT,
            POINTER,
            POINTER,
            INT,
            INT,
            POINTER,
            INT,
            INT,
            POINTER,
            POINTER,
            INT,
            INT,
            INT,
            INT);
    this.multiplyMany =
        library.function(
            "cublasGemmStridedBatchedEx",
            POINTER,
            INT,
            INT,
            INT,
            INT,
            INT,
            POINTER,
            POINTER,
            INT,
            INT,
            POINTER,
            POINTER,
            INT,
            INT,
            POINTER,
            POINTER,
            POINTER,
            INT,
            INT,
            POINTER,
            INT,
            INT,
            INT);
  }

  @Override
  public String name() {
    return "cuBLAS " + library.major();
  }

  @Override
  public String binding() {
    return "java.lang.foreign";
  }

  @Override
  public Multiplier open(Addresses.Stream stream, long workspace) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment place = arena.allocate(ValueLayout.JAVA_LONG);
      Blas.check((int) create.invokeExact(place.address()));
      long handle = place.get(ValueLayout.JAVA_LONG, 0);
      Blas.check((int) setStream.invokeExact(handle, stream.address()));
      Blas.check((int) setWorkspace.invokeExact(handle, workspace, WORKSPACE));
      return new Bound(handle);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  private final class Bound implements Multiplier {
    private final long handle;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment scalars = arena.allocate(ValueLayout.JAVA_FLOAT, 2);
    private final long alpha = scalars.address();
    private final long beta = alpha + Float.BYTES;

    private Bound(long handle) {
      this.handle = handle;
    }

    @Override
    public void multiply(Product p, long a, long b, long y) {
      scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 0, p.alpha());
      int transposeB = Blas.operation(p.transposeB());
      int transposeA = Blas.operation(p.transposeA());
      int m = Math.toIntExact(p.m());
      int n = Math.toIntExact(p.n());
      int k = Math.toIntExact(p.k());
      int inputs = Blas.type(p.inputs());
      int output = Blas.type(p.output());
      int compute = Blas.compute(p);
      int yRow = Blas.extent(n);
      try {
        Blas.check(
            p.count() == 1
                ? (int)
                    multiply.invokeExact(
                        handle,
                        transposeB,
                        transposeA,
                        n,
                        m,
                        k,
                        alpha,
                        b,
                        inputs,
                        Blas.bRow(p),
                        a,
                        inputs,
                        Blas.aRow(p),
                        beta,
                        y,
                        output,
                        yRow,
                        compute,
                        DEFAULT_ALGORITHM)
                : (int)
                    multiplyMany.invokeExact(
                        handle,
                        transposeB,
                        transposeA,
                        n,
                        m,
                        k,
                        alpha,
                        b,
                        inputs,
                        Blas.bRow(p),
                        p.bStep(),
                        a,
                        inputs,
                        Blas.aRow(p),
                        p.aStep(),
                        beta,
                        y,
                        output,
                        yRow,
                        p.m() * p.n(),
                        Math.toIntExact(p.count()),
                        compute,
                        DEFAULT_ALGORITHM));
      } catch (Throwable e) {
        throw Library.undeclared(e);
      }
    }

    @Override
    public void close() {
      try {
        Blas.check((int) destroy.invokeExact(handle));
      } catch (Throwable e) {
        throw Library.undeclared(e);
      } finally {
        arena.close();
      }
    }
  }
}
