package dev.heddle.onnx;

import dev.heddle.tensor.DType;
import java.util.stream.IntStream;

/** Element types by the numbers that ONNX gives them ({@code TensorProto.DataType}). */
final class OnnxTypes {
  private OnnxTypes() {}

  /** The element type numbered {@code number}, or null if there is none for it here. */
  static DType dtype(int number) {
    return switch (number) {
      case 1 -> DType.F32;
      case 2 -> DType.U8;
      case 3 -> DType.I8;
      case 5 -> DType.I16;
      case 6 -> DType.I32;
      case 7 -> DType.I64;
      case 9 -> DType.BOOL;
      case 10 -> DType.F16;
      case 11 -> DType.F64;
      case 16 -> DType.BF16;
      default -> null;
    };
  }

  /** What the specification calls type {@code number}. */
  static String name(int number) {
    return switch (number) {
      case 0 -> "UNDEFINED";
      case 1 -> "FLOAT";
      case 2 -> "UINT8";
      case 3 -> "INT8";
      case 4 -> "UINT16";
      case 5 -> "INT16";
      case 6 -> "INT32";
      case 7 -> "INT64";
      case 8 -> "STRING";
      case 9 -> "BOOL";
      case 10 -> "FLOAT16";
      case 11 -> "DOUBLE";
      case 12 -> "UINT32";
      case 13 -> "UINT64";
      case 14 -> "COMPLEX64";
      case 15 -> "COMPLEX128";
      case 16 -> "BFLOAT16";
      case 17 -> "FLOAT8E4M3FN";
      case 18 -> "FLOAT8E4M3FNUZ";
      case 19 -> "FLOAT8E5M2";
      case 20 -> "FLOAT8E5M2FNUZ";
      case 21 -> "UINT4";
      case 22 -> "INT4";
      case 23 -> "FLOAT4E2M1";
      default -> "number " + number;
    };
  }

  /** The number of the type that the specification calls {@code name}; 0, of none, without one. */
  static int number(String name) {
    return IntStream.range(0, 24).filter(number -> name(number).equals(name)).findFirst().orElse(0);
  }

  /** The types that are supported, for errors. */
  static String supported() {
    return "FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT64, INT32, INT16, INT8, UINT8 and BOOL are";
  }
}
