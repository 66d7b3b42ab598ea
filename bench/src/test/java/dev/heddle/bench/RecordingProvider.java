package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ModelKernels;
import dev.heddle.kernels.RecordingDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A GPU that computes nothing, by the name of {@value #NAME}; nobody takes it unasked. */
public final class RecordingProvider implements BackendProvider {
  static final String NAME = "recording";

  /** Of this process, whoever opened them: a service has no other way to its test. */
  private static final List<RecordingDevice> OPENED = new ArrayList<>();

  /** For {@link java.util.ServiceLoader}. */
  public RecordingProvider() {}

  /** The kernels that were asked for so far. */
  static Set<String> sources() {
    Set<String> sources = new TreeSet<>();
    synchronized (OPENED) {
      for (RecordingDevice device : OPENED) {
        device.sources().stream().map(KernelSource::toString).forEach(sources::add);
      }
    }
    return sources;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Probe probe() {
    return new Probe.Usable(List.of(new DeviceInfo(NAME, 0, NAME, 0, Map.of())));
  }

  @Override
  public Backend open(BackendOptions options) {
    RecordingDevice device = new RecordingDevice(ModelKernels.LIMITS);
    synchronized (OPENED) {
      OPENED.add(device);
    }
    return new KernelBackend(device, List.of());
  }
}
