package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.BackendOptions;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ProgramCache;

/** Small kernels for tests of the device itself. */
final class TestKernels {
  private TestKernels() {}

  static CudaDevice open(BackendOptions options, ProgramCache cache) {
    Devices devices = Devices.find();
    return CudaDevice.open(
        devices.choose(options.device()), devices.installation(), options, cache);
  }

  /** With these libraries to multiply. */
  static CudaDevice open(Blas blas, BlasLt blasLt) {
    Devices devices = Devices.find();
    Installation found = devices.installation();
    return CudaDevice.open(
        devices.choose(null),
        new Installation(
            found.driver(), found.images(), found.compiler(), blas, blasLt, found.blasFile()),
        BackendOptions.DEFAULT,
        ProgramCache.off());
  }

  static DeviceKernel compile(CudaDevice device, String entry, String text) {
    return device.compile(KernelSource.of("test.cl", entry), text);
  }

  /** Adds its second argument to each element of its first. */
  static DeviceKernel addOne(CudaDevice device) {
    return compile(
        device,
        "add",
        """
        extern "C" __global__ void add(float *x, long long offset, float what) {
          x[offset + blockIdx.x * blockDim.x + threadIdx.x] += what;
        }
        """);
  }

  static void assertNothingLives(CudaDevice device) {
    DeviceCounts counts = device.counts();
    assertEquals(new DeviceCounts(0, 0, 0, 0, 0, 0, counts.compiled(), counts.loaded()), counts);
  }
}
