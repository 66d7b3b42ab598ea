package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Floats in host memory, as weights are laid out for a device. */
final class HostFloats {
  private HostFloats() {}

  /** Element {@code index} of a tensor of floats. */
  static float get(HostTensor from, long index) {
    return from.dtype() == DType.F32
        ? from.memory().get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES)
        : (float) from.getDouble(index);
  }

  static void put(MemorySegment to, long index, float value) {
    to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES, value);
  }
}
