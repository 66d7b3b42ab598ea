package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.BackendOptions;
import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.ProgramCache;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process compiled, the next one loads. */
@NeedsDevice
class ModulesTest {
  @TempDir private Path folder;

  @Test
  void theNextProcessCompilesNothing() throws IOException {
    assertEquals(2, addTwice(1, 0));
    assertEquals(1, files());
    assertEquals(2, addTwice(0, 1));
  }

  @Test
  void aProgramThatTheDriverRefusesIsCompiledAnew() throws IOException {
    assertEquals(2, addTwice(1, 0));
    String key;
    try (Stream<Path> files = Files.list(folder)) {
      key = files.findFirst().orElseThrow().getFileName().toString().replace(".bin", "");
    }
    ProgramCache.in(folder).store(key, "no program of any driver".getBytes());
    assertEquals(2, addTwice(1, 0));
    assertEquals(2, addTwice(0, 1));
  }

  /** 0 + 1 + 1, by a device of its own; {@code compiled} and {@code loaded} are what it counts. */
  private float addTwice(long compiled, long loaded) {
    CudaDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.in(folder));
    try (device;
        DeviceKernel first = TestKernels.addOne(device);
        DeviceKernel second = TestKernels.addOne(device);
        DeviceMemory memory = device.allocate(4, "x");
        KernelQueue queue = device.openQueue()) {
      assertEquals(compiled, device.counts().compiled());
      assertEquals(loaded, device.counts().loaded());
      assertEquals(loaded == 1, first.cached());
      assertEquals(1, device.counts().livePrograms());
      float[] x = new float[1];
      queue.write(MemorySegment.ofArray(x), memory, 0);
      for (DeviceKernel kernel : List.of(first, second)) {
        queue.launch(kernel, new Arguments().tensor(memory, 0).put(1f), Extent.of(1), Extent.of(1));
      }
      queue.read(memory, 0, MemorySegment.ofArray(x));
      return x[0];
    } finally {
      TestKernels.assertNothingLives(device);
    }
  }

  private int files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return (int) files.count();
    }
  }
}
