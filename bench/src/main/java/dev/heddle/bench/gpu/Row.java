package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.bench.ops.Subject;

/**
 * A measurement as the report has it.
 *
 * @param group its table
 * @param numerics whether its result may depend on the rows beside it
 * @param micros median time of an operation; 0 where it failed
 * @param rate by {@code unit}
 * @param unit {@code TFLOP/s} or {@code GB/s}
 * @param torchMicros PyTorch's; 0 where there is none
 * @param ofTorch speed over PyTorch's; 0 where there is none
 * @param ofCeiling speed over the ceiling of this run; 0 where there is none
 * @param ceiling which: {@code copy}, {@code fma} or {@code product}
 * @param askedOfTorch what speed over PyTorch's is asked; 0 for nothing
 * @param askedOfCeiling what share of the ceiling is asked; 0 for nothing
 * @param verdict {@code met}, {@code missed}, {@code failed}, or empty where nothing is asked or
 *     there is nothing to compare with
 * @param failure why it has no time; null for nothing
 * @param torchFailure why PyTorch has none; null for nothing
 */
record Row(
    String group,
    String shape,
    String dtype,
    Numerics numerics,
    String kernel,
    double micros,
    double rate,
    String unit,
    double torchMicros,
    double torchRate,
    double ofTorch,
    double ofCeiling,
    String ceiling,
    double askedOfTorch,
    double askedOfCeiling,
    String verdict,
    String failure,
    String torchFailure) {
  /**
   * Of a measurement.
   *
   * @param small whether its speed means nothing, so that nothing is asked of it
   */
  static Row of(Measurement measured, Ceilings ceilings, boolean small) {
    Subject subject = measured.subject();
    boolean computes = Bound.of(subject) == Bound.COMPUTE;
    double unit = computes ? 1e12 : 1e9;
    double ceiling = ceilings.of(subject);
    double ofCeiling = ceiling == 0 ? 0 : measured.rate() / ceiling;
    double ofTorch = measured.peerRate() == 0 ? 0 : measured.rate() / measured.peerRate();
    Asked asked = small ? Asked.NOTHING : Asked.of(subject);
    return new Row(
        subject.group(),
        subject.shape(),
        subject.dtype().toString(),
        subject.numerics(),
        measured.kernel(),
        measured.seconds() * 1e6,
        measured.rate() / unit,
        computes ? "TFLOP/s" : "GB/s",
        measured.peerSeconds() * 1e6,
        measured.peerRate() / unit,
        ofTorch,
        ofCeiling,
        Ceilings.name(subject),
        asked.ofPeer(),
        asked.ofCeiling(),
        verdict(measured, asked, ofTorch, ofCeiling),
        measured.failure(),
        measured.peerFailure());
  }

  private static String verdict(
      Measurement measured, Asked asked, double ofTorch, double ofCeiling) {
    if (measured.failure() != null) {
      return "failed";
    }
    boolean unknown =
        asked.equals(Asked.NOTHING)
            || asked.ofPeer() > 0 && ofTorch == 0
            || asked.ofCeiling() > 0 && ofCeiling == 0;
    if (unknown) {
      return "";
    }
    return ofTorch >= asked.ofPeer() && ofCeiling >= asked.ofCeiling() ? "met" : "missed";
  }
}
