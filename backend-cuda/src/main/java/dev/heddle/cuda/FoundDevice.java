package dev.heddle.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_INTEGRATED;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.kernels.DeviceLimits;
import dev.heddle.kernels.Extent;
import dev.heddle.tensor.DType;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/**
 * A GPU that can be opened.
 *
 * @param ordinal its number among all that the driver has
 * @param capability its compute capability: 90 for 9.0
 * @param memory bytes it has
 * @param maxGroups the most groups along each axis
 * @param maxGroup the most work-items of a group along each axis
 * @param pools whether it has pools of memory
 */
record FoundDevice(
    CUdevice device,
    int ordinal,
    DeviceInfo info,
    DeviceLimits limits,
    int capability,
    long memory,
    Extent maxGroups,
    Extent maxGroup,
    boolean pools) {
  /** What compilers of CUDA 12 still know. */
  private static final int LEAST_CAPABILITY = 70;

  /** The first with tensor cores for bfloat16, instructions that round to it, and cp.async. */
  private static final int BFLOAT16_CAPABILITY = 80;

  /** The only one with {@code wgmma}. */
  static final int HOPPER_CAPABILITY = 90;

  /** Every allocation begins at a multiple of it, by the programming guide. */
  private static final int ALIGNMENT = 256;

  static FoundDevice of(CUdevice device, int ordinal, int index, Installation installation) {
    int capability = capability(device);
    int units = attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    long[] memory = new long[1];
    Status.check(JCudaDriver.cuDeviceTotalMem(memory, device));
    long local = attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
    boolean integrated = attribute(device, CU_DEVICE_ATTRIBUTE_INTEGRATED) != 0;
    DeviceLimits limits =
        new DeviceLimits(
            false,
            units,
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
            local,
            memory[0],
            ALIGNMENT,
            true,
            1,
            capability >= BFLOAT16_CAPABILITY
                ? attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
                : 0,
            capability == HOPPER_CAPABILITY);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("kind", integrated ? "integrated GPU" : "discrete GPU");
    details.put("compute capability", capability / 10 + "." + capability % 10);
    details.put("driver", installation.driverInWords());
    details.put("memory", "%.1f GiB".formatted(memory[0] / (double) (1L << 30)));
    details.put("compute units", Integer.toString(units));
    details.put("local memory", local / 1024 + " KiB");
    details.put("computes", "float32, float64; stores float16, bfloat16");
    details.put("models in", autoType(capability) + ", unless --dtype says otherwise");
    details.put("kernels", installation.compilerInWords());
    details.put("cuBLAS", installation.blasInWords());
    return new FoundDevice(
        device,
        ordinal,
        new DeviceInfo(
            CudaProvider.NAME,
            index,
            name(device),
            integrated ? DeviceInfo.INTEGRATED_GPU : DeviceInfo.DISCRETE_GPU,
            details),
        limits,
        capability,
        memory[0],
        new Extent(
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X),
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y),
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z)),
        new Extent(
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X),
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y),
            attribute(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z)),
        attribute(device, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) != 0);
  }

  /** What models compute in where nobody says otherwise. */
  DType autoType() {
    return autoType(capability);
  }

  private static DType autoType(int capability) {
    return capability >= BFLOAT16_CAPABILITY ? DType.BF16 : DType.F32;
  }

  /** Why a device cannot be opened, in words; null if it can. */
  static String refusal(CUdevice device) {
    int capability = capability(device);
    return capability < LEAST_CAPABILITY
        ? "its compute capability is %d.%d; %d.%d or later is needed"
            .formatted(
                capability / 10, capability % 10, LEAST_CAPABILITY / 10, LEAST_CAPABILITY % 10)
        : null;
  }

  private static int capability(CUdevice device) {
    return 10 * attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        + attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  private static int attribute(CUdevice device, int which) {
    int[] value = new int[1];
    Status.check(JCudaDriver.cuDeviceGetAttribute(value, which, device));
    return value[0];
  }

  static String name(CUdevice device) {
    byte[] name = new byte[256];
    Status.check(JCudaDriver.cuDeviceGetName(name, name.length, device));
    String text = new String(name, StandardCharsets.UTF_8);
    int end = text.indexOf(0);
    return (end < 0 ? text : text.substring(0, end)).strip();
  }
}
