package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ProgramCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The device by itself: kernels, copies, memory, and what goes wrong with them. */
@NeedsDevice
class CudaDeviceTest {
  private CudaDevice device;

  @BeforeEach
  void open() {
    device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
  }

  @AfterEach
  void nothingIsLeft() {
    device.close();
    TestKernels.assertNothingLives(device);
  }

  @Test
  void aKernelComputesWithEveryKindOfArgument() {
    DeviceKernel kernel =
        TestKernels.compile(
            device,
            "kinds",
            """
            extern "C" __global__ void kinds(float *x, long long offset, float *none,
                long long absent, int i, long long l, float f, double d) {
              long long at = blockIdx.x * blockDim.x + threadIdx.x;
              x[offset + at] = none == 0 ? (float)(at + i + l + f + d) : -1;
            }
            """);
    try (kernel;
        DeviceMemory memory = device.allocate(40, "x");
        KernelQueue queue = device.openQueue()) {
      Arguments arguments = new Arguments().tensor(memory, 2).tensor(null, 0).put(10).put(1L << 20);
      arguments.put(0.5f).put(0.25);
      queue.zero(memory, 0, 40);
      queue.launch(kernel, arguments, Extent.of(2), Extent.of(4));
      arguments.clear();
      float[] got = new float[10];
      queue.read(memory, 0, MemorySegment.ofArray(got));
      assertEquals(0, got[1]);
      for (int at = 0; at < 8; at++) {
        assertEquals((1 << 20) + 10 + at + 0.75f, got[2 + at]);
      }
    }
  }

  @Test
  void commandsRunInTheirOrder() {
    try (DeviceKernel kernel = TestKernels.addOne(device);
        DeviceMemory a = device.allocate(4096, "a");
        DeviceMemory b = device.allocate(4096, "b");
        KernelQueue queue = device.openQueue()) {
      queue.zero(a, 0, 4096);
      for (int i = 0; i < 50; i++) {
        queue.launch(
            kernel, new Arguments().tensor(a, 0).put(0.5f), Extent.of(1024 / 64), Extent.of(64));
        queue.copy(a, 0, b, 0, 4096);
        queue.copy(b, 0, a, 2048, 2048);
      }
      float[] got = new float[1024];
      queue.read(a, 0, MemorySegment.ofArray(got));
      float[] expected = new float[1024];
      Arrays.fill(expected, 25);
      assertArrayEquals(expected, got);
    }
  }

  @Test
  void copiesTakeMemoryOfEveryKind() {
    long floats = 700_001;
    try (Arena arena = Arena.ofShared();
        DeviceMemory memory = device.allocate(floats * 4 + 4, "m");
        KernelQueue queue = device.openQueue()) {
      MemorySegment there = arena.allocate(floats * 4, 64);
      for (long i = 0; i < floats; i++) {
        there.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
      }
      queue.write(there, memory, 4);
      float[] heap = new float[(int) floats];
      queue.read(memory, 4, MemorySegment.ofArray(heap));
      assertEquals(-1, MemorySegment.ofArray(heap).mismatch(there));
      heap[5] = -5;
      queue.write(MemorySegment.ofArray(heap).asReadOnly(), memory, 0);
      MemorySegment back = arena.allocate(floats * 4, 64);
      queue.read(memory, 0, back);
      assertEquals(-1, MemorySegment.ofArray(heap).mismatch(back));
    }
  }

  @Test
  void noBytesAreMemoryToo() {
    try (DeviceMemory memory = device.allocate(0, "nothing");
        KernelQueue queue = device.openQueue()) {
      queue.write(MemorySegment.ofArray(new float[0]), memory, 0);
      queue.zero(memory, 0, 0);
      queue.copy(memory, 0, memory, 0, 0);
      queue.read(memory, 0, MemorySegment.ofArray(new byte[0]));
      assertEquals(0, device.counts().liveBytes());
      assertEquals(1, device.counts().liveMemories());
    }
  }

  @Test
  void aRangeOutsideIsRefused() {
    try (DeviceMemory memory = device.allocate(16, "m");
        KernelQueue queue = device.openQueue()) {
      IndexOutOfBoundsException refused =
          assertThrows(
              IndexOutOfBoundsException.class,
              () -> queue.write(MemorySegment.ofArray(new int[4]), memory, 4));
      assertEquals("16 bytes at 4 of memory of 16", refused.getMessage());
      assertThrows(IndexOutOfBoundsException.class, () -> queue.zero(memory, -4, 4));
    }
  }

  @Test
  void denormalsAreKept() {
    DeviceKernel kernel =
        TestKernels.compile(
            device,
            "halve",
            "extern \"C\" __global__ void halve(float *x, long long o) { x[o] *= 0.5f; }");
    try (kernel;
        DeviceMemory memory = device.allocate(4, "x");
        KernelQueue queue = device.openQueue()) {
      float[] x = {Float.MIN_NORMAL};
      queue.write(MemorySegment.ofArray(x), memory, 0);
      queue.launch(kernel, new Arguments().tensor(memory, 0), Extent.of(1), Extent.of(1));
      queue.read(memory, 0, MemorySegment.ofArray(x));
      assertEquals(Float.MIN_NORMAL / 2, x[0]);
    }
  }

  @Test
  void aKernelThatDoesNotCompileComesWithTheLog() {
    KernelBuildException refused =
        assertThrows(
            KernelBuildException.class,
            () ->
                TestKernels.compile(
                    device,
                    "broken",
                    "extern \"C\" __global__ void broken(float *x) { x[0] = y; }"));
    assertTrue(refused.log().contains("y"), refused.log());
    assertTrue(refused.getMessage().contains("--backend cpu"));
    assertThrows(
        KernelBuildException.class,
        () -> TestKernels.compile(device, "absent", "extern \"C\" __global__ void other() {}"));
    assertEquals(0, device.counts().liveKernels());
  }

  @Test
  void aGroupTooLargeIsRefusedInWords() {
    try (DeviceKernel kernel = TestKernels.addOne(device);
        DeviceMemory memory = device.allocate(4, "x");
        KernelQueue queue = device.openQueue()) {
      long most = device.limits().maxGroupSize();
      Arguments arguments = new Arguments().tensor(memory, 0).put(1f);
      KernelLaunchException refused =
          assertThrows(
              KernelLaunchException.class,
              () -> queue.launch(kernel, arguments, Extent.of(1), Extent.of(2 * most)));
      assertTrue(
          refused.getMessage().contains("groups of " + 2 * most + " x 1 x 1"),
          refused.getMessage());
      assertTrue(refused.getMessage().contains("--backend cpu"));
      assertThrows(
          IllegalArgumentException.class,
          () -> queue.launch(kernel, arguments, Extent.of(0), Extent.of(1)));
      queue.zero(memory, 0, 4);
      queue.launch(kernel, arguments, Extent.of(1), Extent.of(1));
      queue.finish();
    }
  }

  @Test
  void memoryThatDoesNotFitIsRefusedAndTheDeviceWorksOn() {
    long most = device.limits().maxAllocation();
    OutOfDeviceMemoryException refused =
        assertThrows(
            OutOfDeviceMemoryException.class, () -> device.allocate(most + 1, "a mountain"));
    assertEquals(most + 1, refused.asked());
    assertTrue(refused.getMessage().startsWith("a mountain needs"), refused.getMessage());
    assertThrows(
        OutOfDeviceMemoryException.class, () -> device.allocate(Long.MAX_VALUE, "a range"));
    device.allocate(16, "a stone").close();
  }

  @Test
  void theUsersLimitHolds() {
    try (CudaDevice small =
        TestKernels.open(BackendOptions.DEFAULT.withMemoryLimit(1000), ProgramCache.off())) {
      DeviceMemory first = small.allocate(600, "the first");
      OutOfDeviceMemoryException refused =
          assertThrows(OutOfDeviceMemoryException.class, () -> small.allocate(600, "the second"));
      assertEquals(400, refused.free());
      assertEquals(1000, refused.limit());
      assertTrue(refused.getMessage().contains("raise the memory limit"), refused.getMessage());
      first.close();
      small.allocate(600, "the third").close();
      assertEquals(0, small.counts().liveBytes());
    }
  }

  @Test
  void aQueueMeasuresItsLaunchesOnRequest() {
    List<Long> nanos = new ArrayList<>();
    try (DeviceKernel kernel = TestKernels.addOne(device);
        DeviceMemory memory = device.allocate(1 << 20, "x");
        KernelQueue queue =
            device.openQueue((source, groups, size, each) -> {
              assertEquals(kernel.source(), source);
              assertEquals(new Extent(4096, 1, 1), groups);
              assertEquals(Extent.of(64), size);
              nanos.add(each);
            })) {
      Arguments arguments = new Arguments().tensor(memory, 0).put(1f);
      queue.zero(memory, 0, 1 << 20);
      for (int i = 0; i < 3; i++) {
        queue.launch(kernel, arguments, Extent.of(4096), Extent.of(64));
      }
      queue.finish();
      assertEquals(3, nanos.size());
      assertTrue(nanos.stream().allMatch(each -> each >= 0 && each < 1_000_000_000L), "" + nanos);
      assertEquals(0, device.counts().liveEvents());
      queue.launch(kernel, arguments, Extent.of(4096), Extent.of(64));
    }
    assertEquals(0, device.counts().liveEvents());
  }

  @Test
  void memoryOfAnotherDeviceIsRefused() {
    try (CudaDevice other = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
        DeviceMemory foreign = other.allocate(16, "x");
        DeviceKernel kernel = TestKernels.addOne(device);
        KernelQueue queue = device.openQueue()) {
      assertThrows(IllegalArgumentException.class, () -> queue.zero(foreign, 0, 16));
      assertThrows(
          IllegalArgumentException.class,
          () ->
              queue.launch(
                  kernel, new Arguments().tensor(foreign, 0).put(1f), Extent.of(1), Extent.of(1)));
    }
  }

  @Test
  void aShippedKernelCompiles() {
    device.compile(KernelSource.of("copy.cl", "copy", "BYTES 4")).close();
    assertEquals(1, device.counts().compiled());
  }
}
