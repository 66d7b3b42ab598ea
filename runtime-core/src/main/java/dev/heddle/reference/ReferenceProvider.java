package dev.heddle.reference;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import java.util.List;
import java.util.Map;

/**
 * Makes {@link ReferenceBackend}s. Always usable, and last in line: {@code auto} takes it only
 * where nothing else runs the graph.
 */
public final class ReferenceProvider implements BackendProvider {
  static final String NAME = "reference";

  static final DeviceInfo DEVICE =
      new DeviceInfo(
          NAME, 0, "plain loops in float64", 1, Map.of("purpose", "to check results, slowly"));

  /** For {@link java.util.ServiceLoader}. */
  public ReferenceProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Probe probe() {
    return new Probe.Usable(List.of(DEVICE));
  }

  @Override
  public Backend open(BackendOptions options) {
    options.requireFloat32(name());
    String device = options.device();
    if (device != null && !device.equals("0") && !DEVICE.name().contains(device)) {
      throw new BackendUnavailableException(
          "backend reference has no device \"%s\"; there is 0 (%s)"
              .formatted(device, DEVICE.name()));
    }
    return new ReferenceBackend(options.memoryLimit());
  }
}
