package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Predicate;

/**
 * {@link MatMul} by the {@link ProductLibrary} of the device. What the node does behind the product
 * the library does, too, where it computes just that and has an algorithm for the extents; else
 * {@code merge} of {@code matmul.cl}, to which the library's sums are those of one block.
 */
final class MatMulLibrary implements Launch {
  private final LaunchSite site;
  private final MatMul op;
  private final MatMulExtents extents;
  private final Kernels kernels;
  private Product product;
  private boolean merges;
  private long aBytes;
  private long bBytes;

  /**
   * What a node's launches have in common.
   *
   * @param finish what follows the product; null where the library does not do that
   * @param bias where a bias lies as the library takes it; 0 for none
   * @param merge what does it then; null where nothing follows
   */
  private record Kernels(
      ProductLibrary library, boolean tf32, Product.Finish finish, long bias, DeviceKernel merge) {}

  private MatMulLibrary(LaunchSite site, MatMul op, Kernels kernels) {
    this.site = site;
    this.op = op;
    this.kernels = kernels;
    this.extents = new MatMulExtents(site, op);
  }

  /** Null where the library does not do it. */
  static Choice<Launch.Preparation> choose(
      Node node,
      MatMul op,
      Predicate<Value> known,
      ProductLibrary library,
      boolean tf32,
      MatMulTuning tuning) {
    DType inputs = node.input(MatMul.A).type().dtype();
    DType output = isBare(node, op) ? node.output().type().dtype() : DType.F32;
    if (MatMulLaunch.real(node) != DType.F32
        || node.input(MatMul.B).type().dtype() != inputs
        || !library.multiplies(inputs, output)) {
      return null;
    }
    return Choice.Run.<Launch.Preparation>of(
            "matmul by " + library.name(),
            "numerics are FASTEST" + (inputs == DType.F32 && tf32 ? ", of tf32" : ""),
            workshop -> {
              Kernels kernels = prepare(node, op, known, library, tf32, tuning, workshop);
              return site -> new MatMulLibrary(site, op, kernels);
            })
        .over(MatMul.RESIDUAL);
  }

  private static Kernels prepare(
      Node node,
      MatMul op,
      Predicate<Value> known,
      ProductLibrary library,
      boolean tf32,
      MatMulTuning tuning,
      Workshop workshop) {
    if (isBare(node, op)) {
      return new Kernels(library, tf32, Product.Finish.NONE, 0, null);
    }
    DeviceKernel merge =
        workshop.compile(
            MatMulLocal.source(
                "merge", MatMulLocal.defines(node, op), tuning.local(node, op, false).tiles()));
    Product.Finish finish = finish(node, op, known, library, workshop);
    long bias =
        finish != null && finish.bias()
            ? place(node.input(MatMul.BIAS), node.output().type().dtype(), workshop)
            : 0;
    return new Kernels(library, tf32, finish, bias, merge);
  }

  /** Whether nothing follows the product. */
  private static boolean isBare(Node node, MatMul op) {
    return op.activation() == Unary.Kind.IDENTITY
        && !node.has(MatMul.BIAS)
        && !node.has(MatMul.RESIDUAL);
  }

  /** What follows the product; null where the library does not do just that. */
  private static Product.Finish finish(
      Node node, MatMul op, Predicate<Value> known, ProductLibrary library, Workshop workshop) {
    DType output = node.output().type().dtype();
    Value bias = node.input(MatMul.BIAS);
    Product.Finish finish =
        new Product.Finish(bias != null, op.activation(), node.has(MatMul.RESIDUAL));
    return MatMulExtents.isOneProduct(node, op)
            && library.finishes(node.input(MatMul.A).type().dtype(), output, finish)
            && (bias == null || known.test(bias) && isExact(workshop.constant(bias), output))
        ? finish
        : null;
  }

  /** Whether a type has all of a constant's numbers: those of a model that was stored in it. */
  private static boolean isExact(HostTensor constant, DType in) {
    if (constant.dtype() == in) {
      return true;
    }
    try (HostTensor rounded = constant.rounded(in)) {
      for (long i = 0; i < constant.shape().elements(); i++) {
        if (constant.getDouble(i) != rounded.getDouble(i)) {
          return false;
        }
      }
    }
    return true;
  }

  private static long place(Value constant, DType as, Workshop workshop) {
    HostTensor values = workshop.constant(constant);
    return values.dtype() == as
        ? workshop.place(constant)
        : workshop.place(
            constant, as, as.bytes(values.shape().elements()), (from, to) -> round(from, as, to));
  }

  private static void round(HostTensor from, DType to, MemorySegment into) {
    try (HostTensor rounded = from.rounded(to)) {
      into.copyFrom(rounded.memory());
    }
  }

  @Override
  public long bind() {
    extents.bind();
    DType inputs = site.in(MatMul.A).dtype();
    Operand y = site.out(0);
    aBytes = extents.m() * extents.k() * inputs.bytes();
    bBytes = extents.k() * extents.n() * inputs.bytes();
    product = product(y.dtype(), op.alpha(), kernels.finish);
    merges = kernels.merge != null && !finishes();
    if (merges) {
      product = product(DType.F32, 1, Product.Finish.NONE);
    }
    return merges ? y.elements() * Float.BYTES : 0;
  }

  private Product product(DType output, double alpha, Product.Finish finish) {
    Walk batch = extents.batch();
    return new Product(
        site.in(MatMul.A).dtype(),
        output,
        kernels.tf32,
        op.transposeA() && site.in(MatMul.A).rank() > 1,
        op.transposeB() && site.in(MatMul.B).rank() > 1,
        extents.m(),
        extents.n(),
        extents.k(),
        (float) alpha,
        batch.innermost(),
        batch.stride(1, 0) * extents.m() * extents.k(),
        batch.stride(2, 0) * extents.k() * extents.n(),
        finish);
  }

  /** Whether the library does what follows, too, in this run. */
  private boolean finishes() {
    Operand bias = site.in(MatMul.BIAS);
    boolean isRow = bias == null || extents.biasRow() == 0 && bias.elements() == extents.n();
    return kernels.finish != null
        && isRow
        && site.out(0).elements() > 0
        && extents.k() > 0
        && isAligned(site.in(MatMul.A))
        && isAligned(site.in(MatMul.B))
        && isAligned(site.in(MatMul.RESIDUAL))
        && isAligned(site.out(0))
        && kernels.library.finishes(product);
  }

  private boolean isAligned(Operand operand) {
    return operand == null || site.offset(operand) % ProductLibrary.ALIGNMENT == 0;
  }

  @Override
  public void run() {
    if (site.out(0).elements() == 0) {
      return;
    }
    Walk batch = extents.batch();
    long y = merges ? site.site().workspace() : site.out(0).address();
    long yBytes = extents.m() * extents.n() * product.output().bytes() * batch.innermost();
    long rows = batch.rows();
    Product.Finish finish = product.finish();
    for (long row = 0; row < rows; row++) {
      site.at(site.in(MatMul.A).address() + batch.offset(1, row) * aBytes);
      site.at(site.in(MatMul.B).address() + batch.offset(2, row) * bBytes);
      site.at(finish.bias() ? kernels.bias : 0);
      site.tensor(finish.residual() ? site.in(MatMul.RESIDUAL) : null);
      site.at(y + row * yBytes);
      site.multiply(product);
    }
    if (merges) {
      merge();
    }
  }

  private void merge() {
    site.tensor(site.out(0)).workspace(0);
    site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
    site.put(extents.m()).put(extents.n()).put(1L);
    MatMulLaunch.putAlpha(site, op);
    site.put(extents.biasRow()).put(extents.biasColumn()).put(extents.products());
    extents.putBatch();
    Grid.elements(site, kernels.merge, site.out(0).elements());
  }
}
