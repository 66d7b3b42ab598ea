package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** Elements as {@code order.h} orders them. */
final class Orders {
  private Orders() {}

  /** What {@code order.h} wants defined for elements X of a type, the greatest or least first. */
  static List<String> defines(DType dtype, boolean largest) {
    List<String> defines = new ArrayList<>(Types.defines("X", dtype));
    defines.add(
        switch (dtype) {
          case F16, BF16, F32 -> "ORDER_F32";
          case F64 -> "ORDER_F64";
          case I64 -> "ORDER_I64";
          case BOOL, U8, I8, I16, I32 -> "ORDER_I32";
          default -> throw new IllegalArgumentException(dtype + " has no order");
        });
    if (!largest) {
      defines.add("SMALLEST");
    }
    return defines;
  }

  /** Bytes of an element's order. */
  static int bytes(DType dtype) {
    return dtype == DType.F64 || dtype == DType.I64 ? Long.BYTES : Integer.BYTES;
  }
}
