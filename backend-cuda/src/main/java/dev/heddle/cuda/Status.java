package dev.heddle.cuda;

import java.util.Set;
import jcuda.CudaException;
import jcuda.driver.CUresult;

/** What the driver's functions return, by the names that its documentation gives them. */
final class Status {
  static final int SUCCESS = CUresult.CUDA_SUCCESS;
  static final int NOT_READY = CUresult.CUDA_ERROR_NOT_READY;

  /**
   * After these the context is of no use: every later call fails with the same. From the
   * documentation of {@code CUresult}.
   */
  private static final Set<String> LOST =
      Set.of(
          "CUDA_ERROR_DEVICE_UNAVAILABLE",
          "CUDA_ERROR_ECC_UNCORRECTABLE",
          "CUDA_ERROR_NVLINK_UNCORRECTABLE",
          "CUDA_ERROR_ILLEGAL_ADDRESS",
          "CUDA_ERROR_LAUNCH_TIMEOUT",
          "CUDA_ERROR_CONTEXT_IS_DESTROYED",
          "CUDA_ERROR_ASSERT",
          "CUDA_ERROR_HARDWARE_STACK_ERROR",
          "CUDA_ERROR_ILLEGAL_INSTRUCTION",
          "CUDA_ERROR_MISALIGNED_ADDRESS",
          "CUDA_ERROR_INVALID_ADDRESS_SPACE",
          "CUDA_ERROR_INVALID_PC",
          "CUDA_ERROR_LAUNCH_FAILED",
          "CUDA_ERROR_TENSOR_MEMORY_LEAK",
          "CUDA_ERROR_EXTERNAL_DEVICE",
          "CUDA_ERROR_UNKNOWN");

  private static final Set<String> OUT_OF_MEMORY =
      Set.of("CUDA_ERROR_OUT_OF_MEMORY", "CUDA_ERROR_MAP_FAILED", "CUBLAS_STATUS_ALLOC_FAILED");

  /** The driver cannot use an image of a kernel; another compiler's may do. */
  private static final Set<String> REFUSED_IMAGE =
      Set.of(
          "CUDA_ERROR_INVALID_IMAGE",
          "CUDA_ERROR_NO_BINARY_FOR_GPU",
          "CUDA_ERROR_INVALID_PTX",
          "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
          "CUDA_ERROR_JIT_COMPILER_NOT_FOUND",
          "CUDA_ERROR_JIT_COMPILATION_DISABLED",
          "CUDA_ERROR_INVALID_SOURCE");

  private Status() {}

  /**
   * Passes success.
   *
   * @throws CudaException of the status's name, which is what JCuda throws by itself
   */
  static void check(int status) {
    if (status != SUCCESS) {
      throw new CudaException(name(status));
    }
  }

  /** {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  static String name(int status) {
    String name = CUresult.stringFor(status);
    return name.startsWith("CUDA_") ? name : "status " + status;
  }

  /** Whether the device is lost. */
  static boolean isLost(CudaException failure) {
    return LOST.contains(failure.getMessage());
  }

  /** Whether memory ran out: the device's, or the driver's on the host. */
  static boolean isOutOfMemory(CudaException failure) {
    return OUT_OF_MEMORY.contains(failure.getMessage());
  }

  /** Whether the driver refuses what it was to load. */
  static boolean isRefusedImage(CudaException failure) {
    return REFUSED_IMAGE.contains(failure.getMessage());
  }
}
