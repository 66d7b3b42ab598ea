package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import java.util.Arrays;

/** Neighbours that a GPU's work-item moves at a time: {@code PACK} of {@code wide.h}. */
final class Packs {
  /** Bytes of the widest access. */
  private static final int ACCESS = 16;

  /** Bytes of the largest element that is moved so. */
  private static final int ELEMENT = 4;

  private Packs() {}

  /**
   * As many as the widest access has of the largest of these types; 1 where elements are moved one
   * by one: on a CPU, whose compiler finds vectors itself, and where one is of another size.
   */
  static int of(DeviceLimits limits, DType... types) {
    boolean fit =
        !limits.cpu()
            && Arrays.stream(types).noneMatch(t -> t.isQuantized() || t.bytes() > ELEMENT);
    return fit ? ACCESS / Arrays.stream(types).mapToInt(DType::bytes).max().getAsInt() : 1;
  }

  /** The same of elements of so many bytes. */
  static int of(DeviceLimits limits, int bytes) {
    return limits.cpu() || bytes > ELEMENT ? 1 : ACCESS / bytes;
  }

  /** {@code source} with what {@code wide.h} wants defined. */
  static KernelSource in(KernelSource source, int pack) {
    return pack == 1 ? source : source.with("PACK " + pack);
  }
}
