package dev.heddle.cuda;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.Probe;
import dev.heddle.kernels.KernelBackend;
import java.util.List;

/** Makes CUDA backends. The driver is loaded by the first probe. */
public final class CudaProvider implements BackendProvider {
  static final String NAME = "cuda";

  /** For {@link java.util.ServiceLoader}. */
  public CudaProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Probe probe() {
    return Devices.find().probe();
  }

  @Override
  public Backend open(BackendOptions options) {
    options.requireFloat32(name());
    CudaDevice device = CudaDevice.open(options);
    try {
      return new KernelBackend(device, List.of("CUDA: " + device.info()));
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }
}
