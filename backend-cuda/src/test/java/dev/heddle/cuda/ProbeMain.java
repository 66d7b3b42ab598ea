package dev.heddle.cuda;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.Probe;

/** Probes in a process of its own, twice, and opens: prints what comes of each, a line each. */
final class ProbeMain {
  private ProbeMain() {}

  /** Prints to standard output. */
  public static void main(String[] args) {
    CudaProvider provider = new CudaProvider();
    for (int i = 0; i < 2; i++) {
      System.out.println(
          switch (provider.probe()) {
            case Probe.Usable usable -> "usable: " + usable.devices().size();
            case Probe.Unusable(String reason, String remedy) -> reason + " | " + remedy;
          });
    }
    try {
      CudaDevice.open(BackendOptions.DEFAULT).close();
      System.out.println("opened");
    } catch (BackendUnavailableException e) {
      System.out.println(e.getMessage());
    }
  }
}
