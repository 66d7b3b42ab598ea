package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.bench.ops.Subject;

/**
 * What came of one subject.
 *
 * @param kernel what computed it, as the plan names it; null where it did not come to that
 * @param seconds median time of one operation; 0 where there is none
 * @param failure why there is no time: it could not run, or its result is wrong; null for nothing
 * @param peerSeconds PyTorch's; 0 where there is none
 * @param peerFailure why there is none; null for nothing, or where there is no PyTorch
 */
record Measurement(
    Subject subject,
    String kernel,
    double seconds,
    String failure,
    double peerSeconds,
    String peerFailure) {
  static Measurement of(Subject subject, String kernel, double seconds) {
    return new Measurement(subject, kernel, seconds, null, 0, null);
  }

  static Measurement failed(Subject subject, String kernel, String why) {
    return new Measurement(subject, kernel, 0, why, 0, null);
  }

  Measurement with(TorchPeer.Answer peer) {
    return new Measurement(subject, kernel, seconds, failure, peer.seconds(), peer.failure());
  }

  /** Floating-point operations or bytes a second; 0 where it has no time. */
  double rate() {
    return seconds == 0 ? 0 : Bound.of(subject).work(subject) / seconds;
  }

  double peerRate() {
    return peerSeconds == 0 ? 0 : Bound.of(subject).work(subject) / peerSeconds;
  }

  boolean isFastest() {
    return subject.numerics() == Numerics.FASTEST;
  }
}
