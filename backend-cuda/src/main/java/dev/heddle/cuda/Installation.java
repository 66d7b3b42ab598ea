package dev.heddle.cuda;

import dev.heddle.backend.Probe;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import jcuda.driver.JCudaDriver;

/**
 * Which of CUDA's libraries this process uses: the driver decides which generations can serve.
 *
 * @param driver the CUDA version that the driver offers: 12040 for 12.4
 * @param images kernels that were compiled ahead of time
 * @param compiler NVRTC, or null if there is none
 * @param blas cuBLAS, or null if there is none
 * @param blasLt cuBLASLt beside it, or null if there is none
 * @param blasFile where cuBLAS was found, or why it is not used; null if it was not found
 */
record Installation(
    int driver, Images images, Nvrtc compiler, Blas blas, BlasLt blasLt, String blasFile) {
  /** What driver 525 offers. */
  private static final int LEAST_DRIVER = 12000;

  /** What driver 580 offers. */
  private static final int CUDA_13 = 13000;

  /** The cuBLAS that JCublas is bound to. */
  private static final int JCUBLAS = 12;

  private static final class Holder {
    static final Installation STANDARD = find(Search.standard());
  }

  /** This process's; only where the driver can be called. */
  static Installation standard() {
    return Holder.STANDARD;
  }

  private static Installation find(Search search) {
    int[] driver = new int[1];
    Status.check(JCudaDriver.cuDriverGetVersion(driver));
    // What CUDA 13's compiler makes, and its cuBLAS, an earlier driver does not run. JCublas is
    // bound to that of CUDA 12, so that goes first.
    boolean both = driver[0] >= CUDA_13;
    Optional<Library> nvrtc =
        Library.find(search, "nvrtc", List.of(), both ? new int[] {13, 12} : new int[] {12});
    Optional<Library> cublas =
        Library.find(
            search, "cublas", List.of("cublasLt"), both ? new int[] {12, 13} : new int[] {12});
    Blas blas = null;
    String file = cublas.map(Library::file).orElse(null);
    try {
      blas = cublas.isEmpty() ? null : bind(cublas.get());
    } catch (IOException | LinkageError e) {
      file += " cannot be bound: " + e.getMessage();
    }
    return new Installation(
        driver[0],
        Images.shipped(),
        nvrtc.map(Nvrtc::new).orElse(null),
        blas,
        blas == null ? null : findLt(search, cublas.get().major()),
        file);
  }

  private static BlasLt findLt(Search search, int major) {
    try {
      return Library.find(search, "cublasLt", List.of(), major).map(BlasLt::new).orElse(null);
    } catch (UnsatisfiedLinkError e) {
      return null;
    }
  }

  private static Blas bind(Library cublas) throws IOException {
    return cublas.major() == JCUBLAS ? new JcublasBlas() : new ForeignBlas(cublas);
  }

  /** Why nothing can be run with it; null if something can. */
  Probe.Unusable refusal() {
    if (driver < LEAST_DRIVER) {
      return new Probe.Unusable(
          "NVIDIA's driver offers CUDA %s; 12.0, which is driver 525, or later is needed"
              .formatted(version(driver)),
          "Install a later driver, or use --backend cpu");
    }
    if (compiler == null && images.isEmpty()) {
      String wheel = driver < CUDA_13 ? "nvidia-cuda-nvrtc-cu12" : "nvidia-cuda-nvrtc";
      return new Probe.Unusable(
          "there is a driver, but nothing to compile kernels with: %s is not to be found"
              .formatted(driver < CUDA_13 ? "libnvrtc.so.12" : "libnvrtc.so.13 or .12"),
          "Install the CUDA toolkit, or: pip install %s; where it lies elsewhere, name its folder by -D%s=DIR"
              .formatted(wheel, Search.PROPERTY));
    }
    return null;
  }

  /** {@code CUDA 12.4}, and what it cannot. */
  String driverInWords() {
    return "CUDA %s%s"
        .formatted(
            version(driver),
            driver < CUDA_13
                ? " (525 to 579: kernels are compiled by NVRTC 12; what CUDA 13 compiled ahead of"
                    + " time, its NVRTC and its cuBLAS need driver 580)"
                : "");
  }

  /** What makes kernels. */
  String compilerInWords() {
    String ahead = images.isEmpty() ? "" : "compiled ahead of time, else ";
    return compiler == null
        ? "compiled ahead of time; no NVRTC for others"
        : "%sby %s (%s), bound by java.lang.foreign"
            .formatted(ahead, compiler.version(), compiler.file());
  }

  /** Who multiplies where numerics are FASTEST. */
  String blasInWords() {
    return blas == null
        ? (blasFile == null ? "none" : blasFile)
            + ": products are by our own kernels whatever the numerics"
        : "%s (%s), bound by %s; %s"
            .formatted(
                blas.name(),
                blasFile,
                blas.binding(),
                blasLt == null
                    ? "no cuBLASLt: what follows a product is our own kernels'"
                    : "what follows a product by %s, bound by java.lang.foreign".formatted(blasLt));
  }

  private static String version(int cuda) {
    return cuda / 1000 + "." + cuda % 1000 / 10;
  }
}
