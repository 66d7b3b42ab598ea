package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.kernels.CopyPeak;
import dev.heddle.kernels.FmaPeak;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What no operation can pass by much, measured in the same run, and the share of it that one
 * reaches (Williams et al., 2009): the larger of the times that its arithmetic and its bytes take
 * at the ceilings, over its own.
 *
 * @param all ceilings, the machine's own among them
 */
public record Roofline(List<Ceiling> all) {
  static final String FMA = "fma";
  static final String COPY = "copy";
  static final String STREAM = "stream";

  /** Measurements of each kind, one after the other: a busy moment does not spoil them all. */
  private static final int ROUNDS = 3;

  private static final long COPIED_BYTES = 1L << 30;

  /** From this share of writing on, memory is as fast as copies are; below, as reads are. */
  private static final double WRITTEN = 0.2;

  /** Where no ceiling of arithmetic is known, memory bounds what has less for each byte. */
  private static final double FLOPS_A_BYTE = 10;

  /**
   * The machine's, and those of GPUs.
   *
   * @param backends as {@code --backend} names them; those that are not there have none
   */
  public static Roofline of(List<String> backends, int threads) {
    Roofline roofline = cpu(threads);
    for (String each : backends) {
      try (Backend backend = new Backends().open(each, BackendOptions.DEFAULT).value()) {
        roofline = roofline.with(each, backend, threads);
      } catch (BackendUnavailableException e) {
        // Its lines say why.
      }
    }
    return roofline;
  }

  /** The CPU's own. */
  static Roofline cpu(int threads) {
    boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    double fma = 0;
    double copy = 0;
    double stream = 0;
    try (Bandwidth bandwidth = new Bandwidth(threads)) {
      for (int round = 0; round < ROUNDS; round++) {
        fma = Math.max(fma, vectors ? FmaLoop.flops(threads) : 0);
        copy = Math.max(copy, bandwidth.copy());
        stream = Math.max(stream, bandwidth.measure());
      }
    }
    List<Ceiling> all = new ArrayList<>();
    if (vectors) {
      all.add(new Ceiling(null, FMA, threads, fma, Unit.FLOPS));
    }
    all.add(new Ceiling(null, COPY, threads, copy, Unit.BYTES));
    all.add(new Ceiling(null, STREAM, threads, stream, Unit.BYTES));
    return new Roofline(all);
  }

  /** The same with a GPU's; a backend on the CPU is measured by the CPU's. */
  Roofline with(String name, Backend backend, int threads) {
    List<Ceiling> more = new ArrayList<>(all);
    if (backend instanceof KernelBackend kernels && isGpu(backend)) {
      try (FmaPeak fma = kernels.openPeak();
          CopyPeak copy = kernels.openCopyPeak(COPIED_BYTES)) {
        more.add(new Ceiling(name, FMA, threads, fma.flops(), Unit.FLOPS));
        more.add(new Ceiling(name, COPY, threads, copy.bytesPerSecond(), Unit.BYTES));
      }
    }
    return new Roofline(more);
  }

  private static boolean isGpu(Backend backend) {
    return backend.device().priority() >= DeviceInfo.INTEGRATED_GPU;
  }

  /**
   * How fast a subject is that takes so many seconds: in operations or in bytes, whichever bounds
   * it.
   *
   * @param backend null of a peer
   */
  public Rate rate(Subject subject, String backend, double seconds) {
    // Matrix units, and sums of integers, are faster than multiply-adds in float32 are.
    boolean known =
        subject.activations() == Activations.FLOAT32
            && (!has(backend) || subject.dtype() == DType.F32);
    return rate(
        subject.flops(), subject.bytesRead(), subject.bytesWritten(), backend, seconds, known);
  }

  /**
   * The same of what computes in float32 and writes next to nothing.
   *
   * @param flops floating-point operations
   * @param bytes that are read
   */
  public Rate rate(double flops, double bytes, String backend, double seconds) {
    return rate(flops, bytes, 0, backend, seconds, true);
  }

  private Rate rate(
      double flops, double read, double written, String backend, double seconds, boolean known) {
    String whose = has(backend) ? backend : null;
    double bytes = read + written;
    boolean reads = whose == null && written < WRITTEN * bytes;
    Ceiling memory = find(whose, reads ? STREAM : COPY).orElseThrow();
    double moving = bytes / memory.perSecond();
    double computing =
        known
            ? find(whose, FMA).map(fma -> flops / fma.perSecond()).orElse(0.0)
            : flops > FLOPS_A_BYTE * bytes ? Double.POSITIVE_INFINITY : 0;
    if (computing < moving) {
      return new Rate(bytes / seconds, Unit.BYTES, memory.name(), moving / seconds);
    }
    boolean infinite = Double.isInfinite(computing);
    return new Rate(
        flops / seconds, Unit.FLOPS, infinite ? null : FMA, infinite ? 0 : computing / seconds);
  }

  /** Whether a backend has ceilings of its own: those of the others are the machine's. */
  private boolean has(String backend) {
    return backend != null && all.stream().anyMatch(each -> backend.equals(each.backend()));
  }

  private Optional<Ceiling> find(String backend, String name) {
    return all.stream()
        .filter(each -> Objects.equals(each.backend(), backend) && each.name().equals(name))
        .findFirst();
  }
}
