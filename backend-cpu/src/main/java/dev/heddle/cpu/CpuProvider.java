package dev.heddle.cpu;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import java.util.List;

/** Makes CPU backends. There is one device, and it is always there. */
public final class CpuProvider implements BackendProvider {
  static final String NAME = "cpu";

  /** The kernels of this JVM; touched when the first backend opens, which warns of slow ones. */
  private static final class Chosen {
    static final Kernels KERNELS = Kernels.BEST;

    static {
      if (!KERNELS.vectors()) {
        System.getLogger(CpuProvider.class.getName())
            .log(System.Logger.Level.WARNING, "The CPU backend computes with " + KERNELS.why());
      }
    }
  }

  /** For {@link java.util.ServiceLoader}. */
  public CpuProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Probe probe() {
    return new Probe.Usable(List.of(CpuDevice.describe(CpuTopology.current().cores())));
  }

  @Override
  public Backend open(BackendOptions options) {
    int threads = options.threads() == 0 ? CpuTopology.current().cores() : options.threads();
    DeviceInfo device = CpuDevice.describe(threads);
    String wanted = options.device();
    if (wanted != null && !wanted.equals("0") && !device.name().contains(wanted)) {
      throw new BackendUnavailableException(
          "backend cpu has no device \"%s\"; there is 0 (%s)".formatted(wanted, device.name()));
    }
    Kernels kernels = Chosen.KERNELS;
    return new CpuBackend(
        device,
        new CpuKernels(kernels, options.activations()),
        MatrixUnits.ofProcess(),
        options,
        notes(kernels, threads));
  }

  private static List<String> notes(Kernels kernels, int threads) {
    return List.of(
        kernels.why() + "; " + threads + (threads == 1 ? " thread" : " threads"),
        "invariant: neither batch nor threads change a bit of a row; weights are copied, once"
            + " for all programs of the process");
  }
}
