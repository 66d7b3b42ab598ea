package dev.heddle.opencl;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.kernels.DeviceLimits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jocl.CL;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * A device that can be opened.
 *
 * @param memory bytes it says it has
 * @param version what its compiled programs depend on: device, driver and platform, in words
 * @param roundsCorrectly whether it offers division and square root correctly rounded
 */
record FoundDevice(
    cl_platform_id platform,
    cl_device_id device,
    DeviceInfo info,
    DeviceLimits limits,
    long[] maxGroup,
    long memory,
    List<String> version,
    boolean roundsCorrectly) {
  /**
   * FPGAs and signal processors: nothing is known of how they do beside this machine's processor,
   * so the {@code cpu} backend goes first.
   */
  private static final int ACCELERATOR = 75;

  /** What it is, by the order in which devices are listed. */
  enum Kind {
    GPU,
    ACCELERATOR,
    CPU;

    static Kind of(cl_device_id device) {
      long type = Queries.number(device, CL.CL_DEVICE_TYPE);
      return (type & CL.CL_DEVICE_TYPE_GPU) != 0
          ? GPU
          : (type & CL.CL_DEVICE_TYPE_CPU) != 0 ? CPU : ACCELERATOR;
    }
  }

  static FoundDevice of(cl_platform_id platform, cl_device_id device, int index) {
    Kind kind = Kind.of(device);
    boolean float64 = Queries.number(device, CL.CL_DEVICE_DOUBLE_FP_CONFIG) != 0;
    long local = Queries.number(device, CL.CL_DEVICE_LOCAL_MEM_SIZE);
    long memory = Queries.number(device, CL.CL_DEVICE_GLOBAL_MEM_SIZE);
    DeviceLimits limits =
        new DeviceLimits(
            kind == Kind.CPU,
            (int) Queries.number(device, CL.CL_DEVICE_MAX_COMPUTE_UNITS),
            Queries.number(device, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE),
            local,
            Queries.number(device, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE),
            Math.max(64, (int) Queries.number(device, CL.CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8),
            float64,
            (int) Math.max(1, Queries.number(device, CL.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT)));
    String driver = Queries.text(device, CL.CL_DRIVER_VERSION);
    String version = Queries.text(device, CL.CL_DEVICE_VERSION);
    String platformName = Queries.text(platform, CL.CL_PLATFORM_NAME);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("kind", words(kind, device));
    details.put("platform", platformName + ", " + shortVersion(version));
    details.put("driver", driver);
    details.put(
        "memory", gibibytes(memory) + ", " + gibibytes(limits.maxAllocation()) + " at a time");
    details.put("compute units", Integer.toString(limits.computeUnits()));
    details.put("local memory", local / 1024 + " KiB");
    details.put("computes", computes(device, float64));
    String name = Queries.text(device, CL.CL_DEVICE_NAME);
    return new FoundDevice(
        platform,
        device,
        new DeviceInfo(OpenClProvider.NAME, index, name, priority(kind, device), details),
        limits,
        Queries.sizes(device, CL.CL_DEVICE_MAX_WORK_ITEM_SIZES),
        memory,
        List.of(
            name, version, driver, platformName, Queries.text(platform, CL.CL_PLATFORM_VERSION)),
        (Queries.number(device, CL.CL_DEVICE_SINGLE_FP_CONFIG)
                & CL.CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)
            != 0);
  }

  /** Why a device cannot be opened, in words; null if it can. */
  static String refusal(cl_device_id device) {
    if (Queries.number(device, CL.CL_DEVICE_AVAILABLE) == 0) {
      return "it says that it is not available";
    }
    if (Queries.number(device, CL.CL_DEVICE_COMPILER_AVAILABLE) == 0) {
      return "its driver has no compiler";
    }
    if (Queries.number(device, CL.CL_DEVICE_ENDIAN_LITTLE) == 0) {
      return "it is not little-endian";
    }
    String version = Queries.text(device, CL.CL_DEVICE_VERSION);
    return version.startsWith("OpenCL 1.0") || version.startsWith("OpenCL 1.1")
        ? "it has " + shortVersion(version) + "; 1.2 is needed"
        : null;
  }

  private static int priority(Kind kind, cl_device_id device) {
    return switch (kind) {
      case GPU -> sharesMemory(device) ? DeviceInfo.INTEGRATED_GPU : DeviceInfo.DISCRETE_GPU;
      case ACCELERATOR -> ACCELERATOR;
      case CPU -> DeviceInfo.CPU_BY_DEVICE_API;
    };
  }

  @SuppressWarnings("deprecation") // Nothing came in its stead.
  private static boolean sharesMemory(cl_device_id device) {
    return Queries.number(device, CL.CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
  }

  private static String words(Kind kind, cl_device_id device) {
    return switch (kind) {
      case GPU -> sharesMemory(device) ? "integrated GPU" : "discrete GPU";
      case ACCELERATOR -> "accelerator";
      case CPU -> "CPU";
    };
  }

  private static String computes(cl_device_id device, boolean float64) {
    String extensions = " " + Queries.text(device, CL.CL_DEVICE_EXTENSIONS) + " ";
    return "float32"
        + (float64 ? ", float64" : "")
        + (extensions.contains(" cl_khr_fp16 ") ? ", float16" : "");
  }

  /** {@code OpenCL 3.0} of {@code OpenCL 3.0 PoCL HSTR: pthread-x86_64}. */
  private static String shortVersion(String version) {
    String[] parts = version.split(" ", 3);
    return parts.length < 2 ? version : parts[0] + " " + parts[1];
  }

  private static String gibibytes(long bytes) {
    return "%.1f GiB".formatted(bytes / (double) (1L << 30));
  }
}
