package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.BackendOptions;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ProgramCache;

/** Small kernels for tests of the device itself. */
final class TestKernels {
  private TestKernels() {}

  static OpenClDevice open(BackendOptions options, ProgramCache cache) {
    return OpenClDevice.open(Devices.find().choose(options.device()), options, cache);
  }

  /**
   * One whose kernels are compiled in a tenth of the time and run several times slower: for many
   * small ones.
   */
  static OpenClDevice openUnoptimised() {
    return OpenClDevice.open(
        Devices.find().choose(null),
        BackendOptions.DEFAULT,
        ProgramCache.off(),
        " -cl-opt-disable");
  }

  static DeviceKernel compile(OpenClDevice device, String entry, String text) {
    return device.compile(KernelSource.of("test.cl", entry), text);
  }

  /** Adds its second argument to each element of its first. */
  static DeviceKernel addOne(OpenClDevice device) {
    return compile(
        device,
        "add",
        """
        __kernel void add(__global float *x, long offset, float what) {
          x[offset + get_global_id(0)] += what;
        }
        """);
  }

  static void assertNothingLives(OpenClDevice device) {
    DeviceCounts counts = device.counts();
    assertEquals(new DeviceCounts(0, 0, 0, 0, 0, 0, counts.compiled(), counts.loaded()), counts);
  }
}
