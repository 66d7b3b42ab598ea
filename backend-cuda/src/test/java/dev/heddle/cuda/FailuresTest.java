package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.ProgramCache;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What the driver refuses, and what a device does that is lost: as the simulator fails on request.
 */
@NeedsDevice
class FailuresTest {
  private CudaDevice device;
  private List<Long> before;

  @BeforeEach
  void open() {
    Simulator.need();
    Simulator.reset();
    before = counts();
    device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
  }

  @AfterEach
  void nothingIsLeft() {
    device.close();
    TestKernels.assertNothingLives(device);
    // What a lost device held goes with its context, and the simulator counts it on.
    if (!device.isLost()) {
      assertEquals(before, counts());
    }
    Simulator.reset();
  }

  private static List<Long> counts() {
    return Stream.of("contexts", "streams", "events", "modules", "pinned", "allocations", "pools")
        .map(each -> Simulator.count("live_" + each))
        .toList();
  }

  private static void launch(KernelQueue queue, DeviceKernel kernel, DeviceMemory x) {
    queue.launch(kernel, new Arguments().tensor(x, 0).put(1f), Extent.of(1), Extent.of(4));
  }

  private static float[] read(KernelQueue queue, DeviceMemory x) {
    float[] got = new float[4];
    queue.read(x, 0, MemorySegment.ofArray(got));
    return got;
  }

  @Test
  void memoryThatTheDriverRefusesIsTypedAndTheDeviceWorksOn() {
    Simulator.set("memory", 1 << 20);
    OutOfDeviceMemoryException refused =
        assertThrows(OutOfDeviceMemoryException.class, () -> device.allocate(2 << 20, "weights"));
    assertEquals(2 << 20, refused.asked());
    assertTrue(
        refused.getMessage().startsWith("weights needs 2,097,152 bytes"), refused.getMessage());
    assertTrue(refused.getMessage().contains("CUDA_ERROR_OUT_OF_MEMORY"), refused.getMessage());
    assertEquals(0, device.counts().liveBytes());
    device.allocate(1000, "weights").close();
    Simulator.set("memory", 16L << 30);
  }

  @Test
  void whatThePoolKeepsIsGivenBackBeforeMemoryIsRefused() {
    Simulator.set("fail_allocation", 1);
    device.allocate(1000, "weights").close();
    assertEquals(0, device.counts().liveBytes());
  }

  @Test
  void aLaunchThatIsRefusedIsToldToWhoWaitsAndTheQueueWorksOn() {
    try (DeviceKernel kernel = TestKernels.addOne(device);
        DeviceMemory x = device.allocate(16, "x");
        KernelQueue queue = device.openQueue()) {
      queue.zero(x, 0, 16);
      queue.finish();
      Simulator.set("refuse_launch", 2);
      for (int i = 0; i < 3; i++) {
        launch(queue, kernel, x);
      }
      KernelLaunchException refused = assertThrows(KernelLaunchException.class, queue::finish);
      assertTrue(refused.getMessage().contains("refuses test.cl add []"), refused.getMessage());
      // The first had been given; what came after the refused one was not.
      assertEquals(1, read(queue, x)[3]);
      launch(queue, kernel, x);
      assertEquals(2, read(queue, x)[0]);
    }
  }

  @Test
  void aKernelThatReachesOutsideLosesTheDeviceWithAReasonThatStays() {
    try (DeviceKernel kernel = TestKernels.addOne(device);
        DeviceMemory x = device.allocate(16, "x");
        KernelQueue queue = device.openQueue()) {
      queue.zero(x, 0, 16);
      queue.launch(kernel, new Arguments().tensor(x, 1).put(1f), Extent.of(1), Extent.of(4));
      String reason = assertThrows(KernelLaunchException.class, queue::finish).getMessage();
      assertTrue(reason.contains("CUDA_ERROR_ILLEGAL_ADDRESS"), reason);
      assertTrue(reason.contains("open the backend anew"), reason);
      assertTrue(Simulator.report().contains("add<<<"), Simulator.report());
      assertEquals(
          reason, assertThrows(KernelLaunchException.class, () -> read(queue, x)).getMessage());
      assertEquals(
          reason,
          assertThrows(KernelLaunchException.class, () -> device.allocate(4, "y")).getMessage());
      assertEquals(
          reason,
          assertThrows(KernelLaunchException.class, () -> TestKernels.addOne(device)).getMessage());
      assertEquals(
          reason, assertThrows(KernelLaunchException.class, device::openQueue).getMessage());
    }
  }

  @Test
  void aDeviceThatIsLostIsOpenedAnew() {
    try (DeviceMemory x = device.allocate(16, "x");
        KernelQueue queue = device.openQueue()) {
      Simulator.set("lose_device", 1);
      queue.zero(x, 0, 16);
      assertThrows(KernelLaunchException.class, queue::finish);
      assertThrows(KernelLaunchException.class, queue::finish);
      Simulator.reset();
    }
    device.close();
    device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    try (DeviceKernel kernel = TestKernels.addOne(device);
        DeviceMemory x = device.allocate(16, "x");
        KernelQueue queue = device.openQueue()) {
      queue.zero(x, 0, 16);
      launch(queue, kernel, x);
      assertEquals(1, read(queue, x)[0]);
    }
  }

  @Test
  void pinnedMemoryThatIsRefusedIsTyped() {
    Simulator.set("fail_allocation", 1);
    assertThrows(OutOfDeviceMemoryException.class, () -> device.allocateHost(64, "inputs"));
    try (HostMemory host = device.allocateHost(64, "inputs")) {
      assertEquals(64, host.bytes().byteSize());
    }
  }
}
