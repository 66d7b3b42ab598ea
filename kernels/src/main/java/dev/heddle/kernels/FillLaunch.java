package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.Fill;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Elements;
import java.lang.foreign.MemorySegment;

/** {@link Fill}, and the single elements of {@link DimensionsOf}: {@code fill.cl}. */
final class FillLaunch implements Launch {
  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final long bits;

  private FillLaunch(LaunchSite site, DeviceKernel kernel, long bits) {
    this.site = site;
    this.kernel = kernel;
    this.bits = bits;
  }

  static KernelSource source(DType dtype) {
    return KernelSource.of("fill.cl", "fill", "BYTES " + dtype.bytes());
  }

  static Choice<Preparation> choose(Node node, Fill op) {
    return Choice.Run.of(
        "fill",
        "one value",
        workshop -> {
          DeviceKernel kernel = workshop.compile(source(op.dtype()));
          long bits = bits(op.dtype(), op.value());
          return site -> new FillLaunch(site, kernel, bits);
        });
  }

  static Choice<Preparation> choose(DimensionsOf op) {
    return Choice.Run.of(
        "fill",
        "one by one, from the run's symbols",
        workshop -> {
          DeviceKernel kernel = workshop.compile(source(DType.I64));
          return site -> new Dimensions(site, op, kernel);
        });
  }

  /** What {@code value} looks like as an element. */
  static long bits(DType dtype, double value) {
    long[] bits = new long[1];
    Elements.putDouble(MemorySegment.ofArray(bits), dtype, 0, value);
    return bits[0];
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    fill(site, kernel, site.out(0).address(), site.out(0).elements(), bits);
  }

  /** Puts {@code bits} into {@code count} elements from {@code place} on. */
  static void fill(LaunchSite site, DeviceKernel kernel, long place, long count, long bits) {
    site.at(place).put(count).put(bits);
    Grid.elements(site, kernel, count);
  }

  private record Dimensions(LaunchSite site, DimensionsOf op, DeviceKernel kernel)
      implements Launch {
    @Override
    public long bind() {
      return 0;
    }

    @Override
    public void run() {
      long y = site.out(0).address();
      for (int i = 0; i < op.dims().size(); i++) {
        fill(site, kernel, y + (long) i * Long.BYTES, 1, site.evaluate(op.dims().get(i)));
      }
    }
  }
}
