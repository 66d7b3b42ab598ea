package dev.heddle.opencl;

import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.kernels.DeviceChoice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jocl.CL;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * The devices of all platforms: GPUs, then accelerators, then CPUs, each in their platforms' order.
 *
 * @param found those that can be opened
 * @param reason why there is none, in words; null if there is one
 */
record Devices(List<FoundDevice> found, String reason) {
  private record Candidate(cl_platform_id platform, cl_device_id device, FoundDevice.Kind kind) {}

  Devices {
    found = List.copyOf(found);
  }

  /** Looks for them. Never throws. */
  static Devices find() {
    String failure = Jocl.failure();
    if (failure != null) {
      return new Devices(List.of(), failure);
    }
    try {
      return Signals.keep(Devices::list);
    } catch (RuntimeException | LinkageError e) {
      return new Devices(List.of(), "OpenCL fails: " + e);
    }
  }

  private static Devices list() {
    int[] count = new int[1];
    int status = Status.of(() -> CL.clGetPlatformIDs(0, null, count));
    if (status != CL.CL_SUCCESS || count[0] == 0) {
      return new Devices(
          List.of(),
          "OpenCL's loader is installed, but no platform, that is no driver"
              + (status == CL.CL_SUCCESS || status == CL.CL_PLATFORM_NOT_FOUND_KHR
                  ? ""
                  : ": " + Status.name(status)));
    }
    cl_platform_id[] platforms = new cl_platform_id[count[0]];
    Status.of(() -> CL.clGetPlatformIDs(platforms.length, platforms, null));
    List<Candidate> candidates = new ArrayList<>();
    for (cl_platform_id platform : platforms) {
      for (cl_device_id device : devices(platform)) {
        candidates.add(new Candidate(platform, device, FoundDevice.Kind.of(device)));
      }
    }
    candidates.sort(Comparator.comparing(Candidate::kind));
    List<FoundDevice> found = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (Candidate candidate : candidates) {
      String refusal = FoundDevice.refusal(candidate.device);
      if (refusal == null) {
        found.add(FoundDevice.of(candidate.platform, candidate.device, found.size()));
      } else {
        refused.add(Queries.text(candidate.device, CL.CL_DEVICE_NAME) + ": " + refusal);
      }
    }
    return new Devices(found, found.isEmpty() ? reason(platforms, refused) : null);
  }

  private static cl_device_id[] devices(cl_platform_id platform) {
    int[] count = new int[1];
    int status =
        Status.of(() -> CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, 0, null, count));
    if (status != CL.CL_SUCCESS) {
      return new cl_device_id[0];
    }
    cl_device_id[] devices = new cl_device_id[count[0]];
    Status.of(
        () -> CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, devices.length, devices, null));
    return devices;
  }

  private static String reason(cl_platform_id[] platforms, List<String> refused) {
    List<String> names = new ArrayList<>();
    for (cl_platform_id platform : platforms) {
      names.add(Queries.text(platform, CL.CL_PLATFORM_NAME));
    }
    return "no device of platform "
        + String.join(", ", names)
        + (refused.isEmpty() ? " is there" : " can be used: " + String.join("; ", refused));
  }

  Probe probe() {
    return reason == null
        ? new Probe.Usable(found.stream().map(FoundDevice::info).toList())
        : new Probe.Unusable(reason, Jocl.remedy());
  }

  /**
   * One of them.
   *
   * @param wanted its place among them from 0 (one or two digits), a part of its name in any case,
   *     or null for the first
   * @throws BackendUnavailableException if there is none, or none such, naming those that there are
   */
  FoundDevice choose(String wanted) {
    if (reason != null) {
      throw new BackendUnavailableException(
          "backend %s cannot be used here: %s. %s"
              .formatted(OpenClProvider.NAME, reason, Jocl.remedy()));
    }
    List<DeviceInfo> infos = found.stream().map(FoundDevice::info).toList();
    return found.get(DeviceChoice.of(OpenClProvider.NAME, infos, wanted));
  }
}
