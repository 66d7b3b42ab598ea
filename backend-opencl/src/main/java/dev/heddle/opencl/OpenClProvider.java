package dev.heddle.opencl;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.Probe;
import dev.heddle.kernels.KernelBackend;
import java.util.List;

/** Makes OpenCL backends. OpenCL is loaded by the first probe. */
public final class OpenClProvider implements BackendProvider {
  static final String NAME = "opencl";

  /** For {@link java.util.ServiceLoader}. */
  public OpenClProvider() {}

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
    OpenClDevice device = OpenClDevice.open(options);
    try {
      return new KernelBackend(device, List.of("OpenCL: " + device.info()));
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }
}
