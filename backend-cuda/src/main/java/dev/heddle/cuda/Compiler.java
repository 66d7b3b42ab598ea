package dev.heddle.cuda;

import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelSource;

/** Makes of a kernel's text what the driver loads. Safe for many threads. */
interface Compiler {
  /** What its work depends on besides text and device: {@code NVRTC 12.6}. */
  String version();

  /**
   * Compiles.
   *
   * @param capability the device's: 90 for 9.0
   * @throws KernelBuildException with the compiler's log
   */
  byte[] compile(KernelSource source, String text, int capability, String device);
}
