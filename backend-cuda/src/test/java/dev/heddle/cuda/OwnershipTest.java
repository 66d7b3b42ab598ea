package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.backend.BackendOptions;
import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.ProgramCache;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Whatever is closed, in whatever order, by however many threads: this process lives on. */
@NeedsDevice
class OwnershipTest {
  private final CudaDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
  private final DeviceKernel kernel = TestKernels.addOne(device);
  private final DeviceMemory memory = device.allocate(4096, "x");
  private final KernelQueue queue = device.openQueue();

  private void launch() {
    queue.zero(memory, 0, 4096);
    queue.launch(kernel, new Arguments().tensor(memory, 0).put(1f), Extent.of(16), Extent.of(64));
  }

  @Test
  void everythingClosesTwice() {
    launch();
    for (int i = 0; i < 2; i++) {
      queue.close();
      kernel.close();
      memory.close();
      device.close();
    }
    TestKernels.assertNothingLives(device);
  }

  @Test
  void aDeviceClosesWhatIsLeftOpenAndItsPartsMayCloseAfterIt() {
    launch();
    device.close();
    TestKernels.assertNothingLives(device);
    memory.close();
    kernel.close();
    queue.close();
    TestKernels.assertNothingLives(device);
  }

  @Test
  void whatWasClosedThrows() {
    memory.close();
    refuses(this::launch);
    refuses(() -> queue.zero(memory, 0, 4));
    refuses(() -> queue.read(memory, 0, MemorySegment.ofArray(new int[1])));
    kernel.close();
    refuses(this::launch);
    queue.close();
    refuses(queue::finish);
    device.close();
    refuses(() -> device.allocate(4, "x"));
    refuses(() -> TestKernels.addOne(device));
    refuses(device::openQueue);
    TestKernels.assertNothingLives(device);
  }

  private static void refuses(Executable call) {
    assertThrows(IllegalStateException.class, call);
  }

  @Test
  void memoryMayCloseWhileCommandsThatUseItWait() {
    for (int i = 0; i < 200; i++) {
      DeviceMemory brief = device.allocate(4096, "brief");
      queue.zero(brief, 0, 4096);
      queue.launch(kernel, new Arguments().tensor(brief, 0).put(1f), Extent.of(16), Extent.of(64));
      brief.close();
    }
    queue.finish();
    assertEquals(4096, device.counts().liveBytes());
    device.close();
  }

  @Test
  void twoThreadsCloseTheSameThings() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 20; round++) {
        CudaDevice shared = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
        List<AutoCloseable> things = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          things.add(shared.allocate(64, "x"));
          things.add(shared.openQueue());
        }
        things.add(shared);
        List<Future<?>> done = new ArrayList<>();
        for (int t = 0; t < 2; t++) {
          done.add(
              threads.submit(() -> {
                for (AutoCloseable thing : things) {
                  thing.close();
                }
                return null;
              }));
        }
        for (Future<?> each : done) {
          each.get();
        }
        TestKernels.assertNothingLives(shared);
      }
    }
    device.close();
  }

  @Test
  void aDeviceMayCloseWhileOthersWork() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int round = 0; round < 6; round++) {
        CudaDevice busy = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
        List<Future<?>> done = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
          done.add(threads.submit(() -> workUntilClosed(busy)));
        }
        Thread.sleep(ThreadLocalRandom.current().nextInt(20));
        busy.close();
        for (Future<?> each : done) {
          each.get();
        }
        TestKernels.assertNothingLives(busy);
      }
    }
    device.close();
  }

  private static void workUntilClosed(CudaDevice device) {
    try {
      while (true) {
        try (DeviceKernel add = TestKernels.addOne(device);
            DeviceMemory x = device.allocate(4096, "x");
            KernelQueue commands = device.openQueue()) {
          commands.zero(x, 0, 4096);
          commands.launch(add, new Arguments().tensor(x, 0).put(1f), Extent.of(16), Extent.of(64));
          commands.read(x, 0, MemorySegment.ofArray(new float[1024]));
        }
      }
    } catch (IllegalStateException e) {
      // Closed: as expected.
    }
  }

  @Test
  void aKernelServesManyQueuesAtOnce() throws Exception {
    int threads = 4;
    int launches = 200;
    List<Future<float[]>> results = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int t = 0; t < threads; t++) {
        float step = t + 1;
        results.add(
            pool.submit(() -> {
              float[] got = new float[1024];
              try (DeviceMemory own = device.allocate(4096, "own");
                  KernelQueue commands = device.openQueue()) {
                commands.zero(own, 0, 4096);
                Arguments arguments = new Arguments().tensor(own, 0).put(step);
                for (int i = 0; i < launches; i++) {
                  commands.launch(kernel, arguments, Extent.of(16), Extent.of(64));
                }
                commands.read(own, 0, MemorySegment.ofArray(got));
              }
              return got;
            }));
      }
      for (int t = 0; t < threads; t++) {
        for (float each : results.get(t).get()) {
          assertEquals((t + 1) * launches, each);
        }
      }
    }
    device.close();
    TestKernels.assertNothingLives(device);
  }
}
