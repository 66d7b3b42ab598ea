package dev.heddle.kernels;

import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Element types as kernels' defines name them. */
final class Types {
  /** Defined where an operand is of a block-quantised type. */
  static final String BLOCKS = "USES_BLOCKS";

  private Types() {}

  /**
   * {@code NAME dtype} for each pair, and {@code USES_F64} if one is {@code f64}, {@value #BLOCKS}
   * if one is stored in blocks.
   *
   * @param pairs a name, then its {@link DType} or a {@link Value} of it, and so on
   */
  static List<String> defines(Object... pairs) {
    List<String> defines = new ArrayList<>();
    boolean doubles = false;
    boolean blocks = false;
    for (int i = 0; i < pairs.length; i += 2) {
      DType dtype = pairs[i + 1] instanceof Value v ? v.type().dtype() : (DType) pairs[i + 1];
      doubles |= dtype == DType.F64;
      blocks |= dtype.isQuantized();
      defines.add(pairs[i] + " " + dtype);
    }
    if (doubles) {
      defines.addFirst("USES_F64");
    }
    if (blocks) {
      defines.addFirst(BLOCKS);
    }
    return defines;
  }

  /** What kernels compute {@code dtype} in: {@code f32}, {@code f64}, or {@code i64}. */
  static DType arithmetic(DType dtype) {
    return dtype.isQuantized()
        ? DType.F32
        : !dtype.isFloat() ? DType.I64 : dtype == DType.F64 ? DType.F64 : DType.F32;
  }

  /** {@code defines} and more. */
  static List<String> and(List<String> defines, String... more) {
    List<String> all = new ArrayList<>(defines);
    all.addAll(Arrays.asList(more));
    return all;
  }
}
