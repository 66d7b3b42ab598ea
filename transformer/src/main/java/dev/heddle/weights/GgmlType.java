package dev.heddle.weights;

import dev.heddle.tensor.DType;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The tensor types of GGUF files: ggml's {@code enum ggml_type}, whose numbers never change.
 *
 * <p>Quantised types store blocks: {@link #blockElements()} neighbours of a row in {@link
 * #blockBytes()} bytes. Constant names are ggml's.
 */
public enum GgmlType implements StorageType {
  F32(0, DType.F32),
  F16(1, DType.F16),
  Q4_0(2, DType.Q4_0),
  Q4_1(3, DType.Q4_1),
  Q5_0(6, DType.Q5_0),
  Q5_1(7, DType.Q5_1),
  Q8_0(8, DType.Q8_0),
  Q8_1(9, 32, 36),
  Q2_K(10, DType.Q2_K),
  Q3_K(11, DType.Q3_K),
  Q4_K(12, DType.Q4_K),
  Q5_K(13, DType.Q5_K),
  Q6_K(14, DType.Q6_K),
  Q8_K(15, 256, 292),
  IQ2_XXS(16, 256, 66),
  IQ2_XS(17, 256, 74),
  IQ3_XXS(18, 256, 98),
  IQ1_S(19, 256, 50),
  IQ4_NL(20, DType.IQ4_NL),
  IQ3_S(21, 256, 110),
  IQ2_S(22, 256, 82),
  IQ4_XS(23, DType.IQ4_XS),
  I8(24, DType.I8),
  I16(25, DType.I16),
  I32(26, DType.I32),
  I64(27, DType.I64),
  F64(28, DType.F64),
  IQ1_M(29, 256, 56),
  BF16(30, DType.BF16),
  TQ1_0(34, 256, 54),
  TQ2_0(35, 256, 66),
  MXFP4(39, DType.MXFP4),
  NVFP4(40, 64, 36),
  Q1_0(41, 128, 18),
  Q2_0(42, 64, 18);

  private static final Map<Integer, GgmlType> BY_ID =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(GgmlType::id, Function.identity()));

  /** Numbers that ggml once used; files that hold them must be quantised anew. */
  private static final Map<Integer, String> REMOVED =
      Map.of(
          4,
          "Q4_2",
          5,
          "Q4_3",
          31,
          "Q4_0_4_4",
          32,
          "Q4_0_4_8",
          33,
          "Q4_0_8_8",
          36,
          "IQ4_NL_4_4",
          37,
          "IQ4_NL_4_8",
          38,
          "IQ4_NL_8_8");

  private final int id;
  private final int blockElements;
  private final int blockBytes;
  private final Optional<DType> dtype;

  /** A type that nothing here reads. */
  GgmlType(int id, int blockElements, int blockBytes) {
    this.id = id;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
    this.dtype = Optional.empty();
  }

  GgmlType(int id, DType dtype) {
    this.id = id;
    this.blockElements = dtype.blockElements();
    this.blockBytes = dtype.blockBytes();
    this.dtype = Optional.of(dtype);
  }

  /** The type of this number, if there is one. */
  static Optional<GgmlType> of(int id) {
    return Optional.ofNullable(BY_ID.get(id));
  }

  /** The type whose elements lie as those of {@code dtype} do, if there is one. */
  public static Optional<GgmlType> of(DType dtype) {
    return Arrays.stream(values())
        .filter(type -> type.dtype.equals(Optional.of(dtype)))
        .findFirst();
  }

  /** The name of a type that ggml has removed, if this was its number. */
  static Optional<String> removed(int id) {
    return Optional.ofNullable(REMOVED.get(id));
  }

  /** The number in the file. */
  public int id() {
    return id;
  }

  /** Elements in one block; 1 where the type is not quantised. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  @Override
  public String label() {
    return name();
  }

  @Override
  public Optional<DType> dtype() {
    return dtype;
  }
}
