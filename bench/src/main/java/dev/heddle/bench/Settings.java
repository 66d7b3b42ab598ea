package dev.heddle.bench;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;

/**
 * How a system is to run.
 *
 * @param threads threads that may compute, the caller's included
 * @param backend Heddle's backend as {@link dev.heddle.backend.Backends} takes it, null for the
 *     default; other systems have no such choice
 * @param device the backend's device, null for the default
 * @param dtype the type that Heddle computes in, {@code auto} or as {@link ComputeType} has it
 */
public record Settings(int threads, String backend, String device, String dtype) {
  /**
   * Refuses a processor that another runtime computes on, with more threads: what it is asked to
   * keep to, {@link ChildJvm} says.
   *
   * @throws UnsupportedOperationException if it does not
   */
  public void checkThreads() {
    String[] asked = String.valueOf(backend).split(":");
    new Backends()
        .probe().stream()
            .filter(candidate -> candidate.provider().name().equals(asked[0]))
            .filter(candidate -> candidate.probe() instanceof Probe.Usable)
            .flatMap(candidate -> ((Probe.Usable) candidate.probe()).devices().stream())
            .filter(info -> asked.length == 1 || asked[1].equals(Integer.toString(info.index())))
            .limit(1)
            .forEach(this::checkThreads);
  }

  /** The same of a device. */
  void checkThreads(DeviceInfo info) {
    String units = info.details().get("compute units");
    if (info.priority() == DeviceInfo.CPU_BY_DEVICE_API
        && units != null
        && Integer.parseInt(units) > threads) {
      throw new UnsupportedOperationException(
          "%s computes on %s threads, and nothing is known that keeps it to %d"
              .formatted(info, units, threads));
    }
  }

  /** The same for Heddle's backends. */
  public BackendOptions backendOptions() {
    return BackendOptions.DEFAULT
        .withThreads(threads)
        .withDevice(device)
        .withModels(CompileOptions.MODEL.withComputeType(ComputeType.of(dtype)));
  }
}
