package dev.heddle.op;

/**
 * Rounds each group of elements to 256 levels between its least and its greatest, as ONNX's <a
 * href="https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html">DynamicQuantizeLinear</a>
 * does with a whole tensor. A group is what lies along the axes {@code axis} to the last: a token
 * if that is the last one, all if it is 0. No other group changes its bits.
 *
 * <pre>
 * low = min(0, min(x)), high = max(0, max(x))
 * scale = (high - low) / 255, or 1 where that is 0
 * zero = round(min(0 - low / scale, 255))
 * code = clamp(round(x / scale) + zero, 0, 255) - zero
 * </pre>
 *
 * <p>in float32, each step rounded to it; {@code round} takes the even one of two neighbours at the
 * same distance. A NaN stays one, and is no bound. Where the scale overflows, finite elements have
 * code 0, and stand for NaN.
 *
 * <p>Inputs: {@link #X}, F32; optional {@link #CU_SEQ_LENS} I32 {@code [sequences + 1]}, where each
 * group begins along the first axis and, at the end, that axis's extent; {@code axis} is 0 then.
 * Outputs: {@link #VALUES}, like x, the codes, or {@code code * scale} if {@code dequantized};
 * without starts, optional {@link #SCALE} and {@link #ZERO_POINT}, F32, like x but 1 along the axes
 * of a group. All codes and zero points are whole numbers.
 */
public record DynamicQuantize(int axis, boolean dequantized) implements Op {
  public static final int X = 0;
  public static final int CU_SEQ_LENS = 1;
  public static final int VALUES = 0;
  public static final int SCALE = 1;
  public static final int ZERO_POINT = 2;

  /** The highest level. */
  public static final int LEVELS = 255;
}
