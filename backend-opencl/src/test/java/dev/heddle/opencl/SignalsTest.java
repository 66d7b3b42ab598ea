package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.ProgramCache;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What the JVM throws by signals is thrown whatever drivers do; if not, this process ends here. */
@NeedsPlatform
class SignalsTest {
  /** Not final, so that no compiler sees the division by zero coming. */
  private static volatile int zero = 0;

  @Test
  void exceptionsBySignalAreThrownWhileKernelsCompileAndRun() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    List<Future<Long>> throwers = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(2);
        OpenClDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
        DeviceMemory memory = device.allocate(4, "x");
        KernelQueue queue = device.openQueue()) {
      build(device, memory, queue, 0);
      for (int t = 0; t < 2; t++) {
        throwers.add(threads.submit(() -> throwUntil(done)));
      }
      for (int i = 1; i < 4; i++) {
        build(device, memory, queue, i);
      }
      done.set(true);
      for (Future<Long> thrower : throwers) {
        assertTrue(thrower.get() > 0);
      }
    } finally {
      done.set(true);
    }
    assertTrue(divisionThrows());
  }

  private static boolean divisionThrows() {
    try {
      int garbage = 1 / zero;
      return false;
    } catch (ArithmeticException e) {
      return true;
    }
  }

  private static void build(OpenClDevice device, DeviceMemory memory, KernelQueue queue, int i) {
    String entry = "add" + System.nanoTime() + "_" + i;
    try (DeviceKernel kernel =
        TestKernels.compile(
            device,
            entry,
            "__kernel void %s(__global int *x, long offset) { x[offset] += %d; }"
                .formatted(entry, i))) {
      queue.launch(kernel, new Arguments().tensor(memory, 0), Extent.of(1), Extent.of(1));
      queue.finish();
    }
  }

  private static long throwUntil(AtomicBoolean done) {
    long thrown = 0;
    for (long i = 0; !done.get(); i++) {
      assertTrue(divisionThrows());
      thrown++;
      try {
        String nothing = i < 0 ? "never" : null;
        assertEquals(-1, nothing.length());
      } catch (NullPointerException e) {
        thrown++;
      }
    }
    return thrown;
  }
}
