package dev.heddle.cuda;

import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.kernels.DeviceChoice;
import java.util.ArrayList;
import java.util.List;
import jcuda.CudaException;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/**
 * The GPUs, in the driver's order.
 *
 * @param found those that can be opened
 * @param installation CUDA's libraries; null where there is no driver
 * @param refusal why there is no device, and what to do; null if there is one
 */
record Devices(List<FoundDevice> found, Installation installation, Probe.Unusable refusal) {
  Devices {
    found = List.copyOf(found);
  }

  /** Looks for them. Never throws. */
  static Devices find() {
    String failure = Jcuda.failure();
    if (failure != null) {
      return none(failure);
    }
    try {
      return list();
    } catch (CudaException e) {
      return none(explain(e));
    } catch (RuntimeException | LinkageError e) {
      return none("CUDA fails: " + e);
    }
  }

  private static Devices none(String reason) {
    return new Devices(List.of(), null, new Probe.Unusable(reason, Jcuda.remedy()));
  }

  private static Devices list() {
    Status.check(JCudaDriver.cuInit(0));
    Installation installation = Installation.standard();
    if (installation.refusal() != null) {
      return new Devices(List.of(), installation, installation.refusal());
    }
    int[] count = new int[1];
    Status.check(JCudaDriver.cuDeviceGetCount(count));
    List<FoundDevice> found = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (int i = 0; i < count[0]; i++) {
      CUdevice device = new CUdevice();
      Status.check(JCudaDriver.cuDeviceGet(device, i));
      String refusal = FoundDevice.refusal(device);
      if (refusal == null) {
        found.add(FoundDevice.of(device, i, found.size(), installation));
      } else {
        refused.add(FoundDevice.name(device) + ": " + refusal);
      }
    }
    if (!found.isEmpty()) {
      return new Devices(found, installation, null);
    }
    return none(
        refused.isEmpty()
            ? "NVIDIA's driver is installed, but it finds no GPU"
            : "no GPU can be used: " + String.join("; ", refused));
  }

  private static String explain(CudaException failure) {
    return switch (failure.getMessage()) {
      case "CUDA_ERROR_NO_DEVICE" -> "NVIDIA's driver is installed, but it finds no GPU";
      case "CUDA_ERROR_STUB_LIBRARY" ->
          "libcuda.so.1 is the stub that comes with the toolkit, for linking only, not a driver";
      case "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" ->
          "libcuda.so.1 and the kernel's module are of different drivers; restart the machine";
      default -> "NVIDIA's driver is installed, but fails: " + failure.getMessage();
    };
  }

  Probe probe() {
    return refusal == null
        ? new Probe.Usable(found.stream().map(FoundDevice::info).toList())
        : refusal;
  }

  /**
   * One of them.
   *
   * @param wanted its place among them from 0 (one or two digits), a part of its name in any case,
   *     or null for the first
   * @throws BackendUnavailableException if there is none, or none such, naming those that there are
   */
  FoundDevice choose(String wanted) {
    if (refusal != null) {
      throw new BackendUnavailableException(
          "backend %s cannot be used here: %s. %s"
              .formatted(CudaProvider.NAME, refusal.reason(), refusal.remedy()));
    }
    List<DeviceInfo> infos = found.stream().map(FoundDevice::info).toList();
    return found.get(DeviceChoice.of(CudaProvider.NAME, infos, wanted));
  }
}
