package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;

/**
 * {@link MatMul} by the {@link ProductLibrary} of the device. What the node does behind the product
 * is done by {@code merge} of {@code matmul.cl}, to which the library's sums are those of one
 * block.
 */
final class MatMulLibrary implements Launch {
  private final LaunchSite site;
  private final MatMul op;
  private final boolean tf32;
  private final MatMulExtents extents;

  /** Null where the library's product is the result. */
  private final DeviceKernel merge;

  private Product product;
  private long aBytes;
  private long bBytes;

  private MatMulLibrary(LaunchSite site, MatMul op, boolean tf32, DeviceKernel merge) {
    this.site = site;
    this.op = op;
    this.tf32 = tf32;
    this.extents = new MatMulExtents(site, op);
    this.merge = merge;
  }

  /** Null where the library does not do it. */
  static Choice<Launch.Preparation> choose(
      Node node, MatMul op, ProductLibrary library, boolean tf32, MatMulTuning tuning) {
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
              DeviceKernel merge =
                  isBare(node, op)
                      ? null
                      : workshop.compile(
                          MatMulLocal.source(
                              "merge",
                              MatMulLocal.defines(node, op),
                              tuning.local(node, op, false).tiles()));
              return site -> new MatMulLibrary(site, op, tf32, merge);
            })
        .over(MatMul.RESIDUAL);
  }

  /** Whether nothing follows the product. */
  private static boolean isBare(Node node, MatMul op) {
    return op.activation() == Unary.Kind.IDENTITY
        && !node.has(MatMul.BIAS)
        && !node.has(MatMul.RESIDUAL);
  }

  @Override
  public long bind() {
    extents.bind();
    DType inputs = site.in(MatMul.A).dtype();
    Walk batch = extents.batch();
    aBytes = extents.m() * extents.k() * inputs.bytes();
    bBytes = extents.k() * extents.n() * inputs.bytes();
    product =
        new Product(
            inputs,
            merge == null ? site.out(0).dtype() : DType.F32,
            tf32,
            op.transposeA() && site.in(MatMul.A).rank() > 1,
            op.transposeB() && site.in(MatMul.B).rank() > 1,
            extents.m(),
            extents.n(),
            extents.k(),
            merge == null ? (float) op.alpha() : 1,
            batch.innermost(),
            batch.stride(1, 0) * extents.m() * extents.k(),
            batch.stride(2, 0) * extents.k() * extents.n());
    return merge == null ? 0 : site.out(0).elements() * Float.BYTES;
  }

  @Override
  public void run() {
    if (site.out(0).elements() == 0) {
      return;
    }
    Walk batch = extents.batch();
    long y = merge == null ? site.out(0).address() : site.site().workspace();
    long yBytes = extents.m() * extents.n() * product.output().bytes() * batch.innermost();
    long rows = batch.rows();
    for (long row = 0; row < rows; row++) {
      site.multiply(
          product,
          site.in(MatMul.A).address() + batch.offset(1, row) * aBytes,
          site.in(MatMul.B).address() + batch.offset(2, row) * bBytes,
          y + row * yBytes);
    }
    if (merge != null) {
      site.tensor(site.out(0)).workspace(0);
      site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
      site.put(extents.m()).put(extents.n()).put(1L);
      MatMulLaunch.putAlpha(site, op);
      site.put(extents.biasRow()).put(extents.biasColumn()).put(extents.products());
      extents.putBatch();
      Grid.elements(site, merge, site.out(0).elements());
    }
  }
}
