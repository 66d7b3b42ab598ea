package dev.heddle.bench.gpu;

import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.Subject;
import dev.heddle.kernels.CopyPeak;
import dev.heddle.kernels.FmaPeak;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What no operation of this run can pass by much.
 *
 * @param copy bytes a second that copies read and write: the faster of the driver's and PyTorch's
 * @param fma floating-point operations a second of multiply-adds in float32 outside tensor cores
 * @param products by type: those a second of the fastest product, whoever's
 */
record Ceilings(double copy, double fma, Map<String, Double> products) {
  static final Ceilings NONE = new Ceilings(0, 0, Map.of());

  /**
   * Measures what is not a subject.
   *
   * @param small whether a small copy does, and {@code fma}, which a simulator takes minutes for,
   *     stays 0
   */
  static Ceilings measure(KernelBackend backend, TorchPeer peer, boolean small) {
    long bytes = small ? 1 << 16 : 1L << 30;
    try (CopyPeak copy = backend.openCopyPeak(bytes)) {
      TorchPeer.Answer theirs = peer.timeCopy(bytes);
      double theirCopy = theirs.seconds() == 0 ? 0 : 2.0 * bytes / theirs.seconds();
      double fma = small ? 0 : fma(backend);
      return new Ceilings(Math.max(copy.bytesPerSecond(), theirCopy), fma, Map.of());
    }
  }

  private static double fma(KernelBackend backend) {
    try (FmaPeak peak = backend.openPeak()) {
      return peak.flops();
    }
  }

  /** The same with the products that were measured. */
  Ceilings with(List<Measurement> measured) {
    Map<String, Double> fastest = new TreeMap<>();
    for (Measurement each : measured) {
      if (each.subject() instanceof MatMulSubject product && Bound.of(product) == Bound.COMPUTE) {
        double rate = Math.max(each.rate(), each.peerRate());
        fastest.merge(product.dtype().toString(), rate, Math::max);
      }
    }
    return new Ceilings(copy, fma, fastest);
  }

  /** Which bounds a subject: {@code copy}, {@code fma} or {@code product}. */
  static String name(Subject subject) {
    return Bound.of(subject) == Bound.MEMORY
        ? "copy"
        : subject.dtype() == DType.F32 ? "fma" : "product";
  }

  /** Its rate; 0 where it is not known. */
  double of(Subject subject) {
    return switch (name(subject)) {
      case "copy" -> copy;
      case "fma" -> fma;
      default -> products.getOrDefault(subject.dtype().toString(), 0.0);
    };
  }
}
