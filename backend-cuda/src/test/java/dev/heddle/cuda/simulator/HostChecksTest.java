package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_CONTEXT;
import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_HANDLE;
import static dev.heddle.cuda.simulator.SimulatedCuda.INVALID_VALUE;
import static dev.heddle.cuda.simulator.SimulatedCuda.LAUNCH_FAILED;
import static dev.heddle.cuda.simulator.SimulatedCuda.OUT_OF_MEMORY;
import static dev.heddle.cuda.simulator.SimulatedCuda.call;
import static dev.heddle.cuda.simulator.SimulatedCuda.count;
import static dev.heddle.cuda.simulator.SimulatedCuda.need;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static dev.heddle.cuda.simulator.SimulatedCuda.reset;
import static dev.heddle.cuda.simulator.SimulatedCuda.set;
import static dev.heddle.cuda.simulator.SimulatedCuda.synchronize;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the host does wrong is refused and said; failures come when they are asked for. */
@NeedsSimulator
class HostChecksTest {
  private static final String NOTHING = "extern \"C\" __global__ void nothing() {}\n";

  private SimulatedCuda cuda;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
  }

  @AfterEach
  void close() {
    cuda.close();
  }

  private static <T> T onAnotherThread(Callable<T> task) throws Exception {
    FutureTask<T> future = new FutureTask<>(task);
    Thread.ofPlatform().start(future);
    return future.get();
  }

  @Test
  void aThreadWithoutAContextIsRefused() throws Exception {
    assertEquals(INVALID_CONTEXT, onAnotherThread(SimulatedCuda::synchronize));
    assertTrue(report().contains("cuCtxSynchronize on a thread without a current context"));
    assertEquals(0, synchronize());
  }

  @Test
  void whatOneThreadMadeAnotherMayNotUse() throws Exception {
    long memory = cuda.allocate(64);
    MemorySegment stream = cuda.make("cuStreamCreate", 1);
    MemorySegment context = cuda.context();
    int freed =
        onAnotherThread(() -> {
          need("cuCtxSetCurrent", context);
          assertEquals(INVALID_CONTEXT, call("cuStreamSynchronize", stream));
          return call("cuMemFree_v2", memory);
        });
    assertEquals(INVALID_CONTEXT, freed);
    assertTrue(report().contains("wrong thread: a stream is used"), report());
    assertTrue(report().contains("wrong thread: a piece of memory is used"), report());
    need("cuStreamDestroy_v2", stream);
    need("cuMemFree_v2", memory);
  }

  @Test
  void whatOutlivesTheContextIsALeakAndGoesWithIt() {
    long memory = cuda.allocate(4711);
    MemorySegment event = cuda.make("cuEventCreate", 0);
    assertEquals(4711, count("live_device_bytes"));
    need("cuDevicePrimaryCtxRelease_v2", 0);
    assertTrue(report().contains("leak: an allocation of 4711 bytes"), report());
    assertTrue(report().contains("leak: 1 events"), report());
    assertEquals(0, count("live_device_bytes"));
    assertEquals(0, count("live_events"));
    try (Arena arena = Arena.ofConfined()) {
      need("cuDevicePrimaryCtxRetain", arena.allocate(ValueLayout.ADDRESS), 0);
    }
    assertEquals(INVALID_VALUE, call("cuMemFree_v2", memory));
    assertEquals(INVALID_HANDLE, call("cuEventDestroy_v2", event));
  }

  @Test
  void copiesStayInsideTheirMemory() {
    long memory = cuda.allocate(64);
    MemorySegment host = cuda.host(new float[32]);
    assertEquals(INVALID_VALUE, call("cuMemcpyHtoD_v2", memory + 8, host, 64L));
    assertTrue(report().contains("8 bytes into an allocation of 64 bytes"), report());
    assertEquals(INVALID_VALUE, call("cuMemcpyDtoH_v2", host, memory + 64, 4L));
    assertEquals(INVALID_VALUE, call("cuMemcpyHtoD_v2", host.address(), host, 4L));
    assertEquals(INVALID_VALUE, call("cuMemsetD32_v2", memory + 2, 0, 4L));
    assertEquals(INVALID_VALUE, call("cuMemFree_v2", memory + 16));
    need("cuMemcpyHtoD_v2", memory, host, 64L);
    need("cuMemFree_v2", memory);
    assertEquals(INVALID_VALUE, call("cuMemFree_v2", memory));
  }

  @Test
  void aHandleThatWasDestroyedIsNone() {
    MemorySegment stream = cuda.make("cuStreamCreate", 0);
    need("cuStreamDestroy_v2", stream);
    assertEquals(INVALID_HANDLE, call("cuStreamSynchronize", stream));
    assertTrue(report().contains("is no stream, or one that was destroyed"), report());
  }

  @Test
  void memoryIsAsLargeAsItIsSaidToBe() {
    long whole = 16L << 30;
    set("memory", 1 << 20);
    try {
      long most = cuda.allocate(1 << 20);
      assertEquals(OUT_OF_MEMORY, call("cuMemAlloc_v2", cuda.host(0, 0), 1L));
      need("cuMemFree_v2", most);
      need("cuMemFree_v2", cuda.allocate(1));
    } finally {
      set("memory", whole);
    }
  }

  @Test
  void failuresComeWhenTheyAreAskedFor() {
    set("fail_allocation", 2);
    long first = cuda.allocate(16);
    assertEquals(OUT_OF_MEMORY, call("cuMemAlloc_v2", cuda.host(0, 0), 16L));
    need("cuMemFree_v2", cuda.allocate(16));
    need("cuMemFree_v2", first);

    MemorySegment kernel = cuda.kernel("nothing", NOTHING);
    set("fail_launch", 2);
    assertEquals(0, cuda.launch(kernel, 1, 1));
    assertEquals(0, synchronize());
    assertEquals(0, cuda.launch(kernel, 1, 1));
    assertEquals(LAUNCH_FAILED, synchronize());
    reset();

    set("lose_device", 2);
    assertEquals(0, synchronize());
    assertEquals(999, synchronize());
    assertEquals(999, cuda.launch(kernel, 1, 1));
    reset();
    assertEquals(0, synchronize());
  }

  @Test
  void imagesOfOtherMakesAreNotLoaded() {
    MemorySegment module = cuda.host(0, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fatBinary = arena.allocate(64);
      fatBinary.set(ValueLayout.JAVA_INT, 0, 0xba55ed50);
      assertEquals(209, call("cuModuleLoadData", module, fatBinary));
      MemorySegment ptx = arena.allocateFrom(".version 8.0\n.target sm_80\n");
      assertEquals(209, call("cuModuleLoadData", module, ptx));
    }
  }

  @Test
  void anErrorOfTheTextIsInTheLog() {
    SimulatedCuda.Compiled compiled =
        cuda.compile("extern \"C\" __global__ void f(int *p) {\n  *p = missing;\n}\n");
    assertEquals(null, compiled.module());
    assertTrue(
        compiled.log().contains(":2:") && compiled.log().contains("missing"), compiled.log());
  }
}
