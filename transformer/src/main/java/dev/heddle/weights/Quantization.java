package dev.heddle.weights;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * In which types a model's tensors are stored, under llama.cpp's names for the mixtures.
 *
 * <p>Vectors stay F32, and so do norms, routers of experts and positions. Where a row is no
 * multiple of a large block, the type with small blocks next above takes its place; where it is no
 * multiple of those either, F16. Mixtures give what matters more to the result more bits: in half
 * of the layers attention's values and the end of the feed-forward network; large blocks of any
 * kind give Q6_K to the last matrix and the table of tokens, which may be one.
 */
public enum Quantization {
  F32(0, DType.F32),
  F16(1, DType.F16),
  BF16(32, DType.BF16),
  Q8_0(7, DType.Q8_0),
  Q4_0(2, DType.Q4_0),
  Q4_1(3, DType.Q4_1),
  Q5_0(8, DType.Q5_0),
  Q5_1(9, DType.Q5_1),
  Q2_K(10, DType.Q2_K),
  Q3_K_S(11, DType.Q3_K),
  Q3_K_M(12, DType.Q3_K, DType.Q5_K),
  Q4_K_S(14, DType.Q4_K),
  Q4_K_M(15, DType.Q4_K, DType.Q6_K),
  Q5_K_S(16, DType.Q5_K),
  Q5_K_M(17, DType.Q5_K, DType.Q6_K),
  Q6_K(18, DType.Q6_K),
  IQ4_NL(25, DType.IQ4_NL),
  IQ4_XS(30, DType.IQ4_XS),
  MXFP4(38, DType.MXFP4);

  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\..*");
  private static final Pattern KEPT =
      Pattern.compile(".*(norm|ffn_gate_inp|position_embd|token_types).*");

  private final int fileType;
  private final DType usual;
  private final DType better;

  Quantization(int fileType, DType usual) {
    this(fileType, usual, usual);
  }

  Quantization(int fileType, DType usual, DType better) {
    this.fileType = fileType;
    this.usual = usual;
    this.better = better;
  }

  /** The quantisation of this name, in any case; {@code Q3_K}, {@code Q4_K} are the mixtures. */
  public static Optional<Quantization> of(String name) {
    String plain = name.equalsIgnoreCase("Q8") ? "Q8_0" : name;
    return Arrays.stream(values())
        .filter(each ->
            each.name().equalsIgnoreCase(plain) || each.name().equalsIgnoreCase(plain + "_M"))
        .findFirst();
  }

  /** Number of {@code general.file_type}. */
  public int fileType() {
    return fileType;
  }

  /**
   * The type to store a tensor of floats in.
   *
   * @param name the name it has in the file
   * @param layers of the model; 0 if that is not known
   */
  public DType type(String name, Shape shape, int layers) {
    if (shape.rank() < 2 || KEPT.matcher(name).matches()) {
      return DType.F32;
    }
    return fitting(wanted(name, layers), shape.dim(-1));
  }

  private DType wanted(String name, int layers) {
    if (!usual.isQuantized()) {
      return usual;
    }
    if (name.equals("output.weight") || name.equals("token_embd.weight")) {
      return usual.blockElements() > 32 ? DType.Q6_K : usual;
    }
    Matcher matcher = LAYER.matcher(name);
    boolean matters = List.of("attn_v", "ffn_down").stream().anyMatch(name::contains);
    if (!matters || !matcher.matches() || layers == 0) {
      return usual;
    }
    int layer = Integer.parseInt(matcher.group(1));
    boolean more = layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    return more ? better : usual;
  }

  private static DType fitting(DType type, long columns) {
    if (columns % type.blockElements() == 0) {
      return type;
    }
    DType small =
        switch (type) {
          case Q2_K, Q3_K, IQ4_XS -> DType.IQ4_NL;
          case Q4_K -> DType.Q5_0;
          case Q5_K -> DType.Q5_1;
          case Q6_K -> DType.Q8_0;
          default -> DType.F16;
        };
    return columns % small.blockElements() == 0 ? small : DType.F16;
  }
}
