package dev.heddle.kernels;

/** Three extents, x being the one along which neighbouring work-items lie. */
public record Extent(long x, long y, long z) {
  /** One axis. */
  public static Extent of(long x) {
    return new Extent(x, 1, 1);
  }

  /** Two axes. */
  public static Extent of(long x, long y) {
    return new Extent(x, y, 1);
  }

  /** The product. */
  public long count() {
    return x * y * z;
  }
}
