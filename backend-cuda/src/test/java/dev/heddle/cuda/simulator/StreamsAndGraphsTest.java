package dev.heddle.cuda.simulator;

import static dev.heddle.cuda.simulator.SimulatedCuda.call;
import static dev.heddle.cuda.simulator.SimulatedCuda.count;
import static dev.heddle.cuda.simulator.SimulatedCuda.need;
import static dev.heddle.cuda.simulator.SimulatedCuda.report;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A capture does nothing but remember; a graph's launch does all of it, in order. */
@NeedsSimulator
class StreamsAndGraphsTest {
  private static final int GLOBAL = 0;
  private static final int CAPTURE_UNSUPPORTED = 900;
  private static final int CAPTURE_INVALIDATED = 901;
  private static final int CAPTURE_UNJOINED = 904;
  private static final String ADD =
      "extern \"C\" __global__ void add(float *y, float x) { y[threadIdx.x] += x; }\n";

  private SimulatedCuda cuda;
  private MemorySegment stream;
  private MemorySegment other;
  private MemorySegment kernel;
  private long y;

  @BeforeEach
  void open() {
    cuda = new SimulatedCuda();
    stream = cuda.make("cuStreamCreate", 1);
    other = cuda.make("cuStreamCreate", 1);
    kernel = cuda.kernel("add", ADD);
    y = cuda.upload(1, 2);
  }

  @AfterEach
  void close() {
    need("cuStreamDestroy_v2", stream);
    need("cuStreamDestroy_v2", other);
    need("cuMemFree_v2", y);
    cuda.close();
  }

  private int add(MemorySegment on, float x) {
    return cuda.launch(kernel, on, 1, 2, 0, y, x);
  }

  @Test
  void aGraphDoesAgainWhatWasCaptured() {
    MemorySegment event = cuda.make("cuEventCreate", 2);
    need("cuStreamBeginCapture_v2", stream, GLOBAL);
    need("cuMemsetD32Async", y, 0, 2L, stream);
    need("cuEventRecord", event, stream);
    need("cuStreamWaitEvent", other, event, 0);
    add(other, 5);
    need("cuEventRecord", event, other);
    need("cuStreamWaitEvent", stream, event, 0);
    add(stream, 7);
    MemorySegment at = cuda.host(0, 0);
    need("cuStreamEndCapture", stream, at);
    MemorySegment graph = at.get(ADDRESS, 0);
    assertArrayEquals(new float[] {1, 2}, cuda.download(y, 2), "nothing ran");
    MemorySegment exec = cuda.make("cuGraphInstantiateWithFlags", graph, 0L);
    need("cuGraphDestroy", graph);
    long kernels = count("kernels");
    need("cuGraphLaunch", exec, stream);
    need("cuGraphLaunch", exec, stream);
    need("cuStreamSynchronize", stream);
    assertArrayEquals(new float[] {12, 12}, cuda.download(y, 2));
    assertEquals(2, count("graph_launches"));
    assertEquals(4, count("kernels") - kernels);
    assertEquals(0, count("launches"), "all of them were captured");
    need("cuGraphExecDestroy", exec);
    need("cuEventDestroy_v2", event);
    assertEquals("", report());
  }

  @Test
  void whatACaptureCannotHoldInvalidatesIt() {
    MemorySegment at = cuda.host(0, 0);
    need("cuStreamBeginCapture_v2", stream, GLOBAL);
    assertEquals(CAPTURE_UNSUPPORTED, call("cuMemAlloc_v2", at, 16L));
    assertEquals(CAPTURE_INVALIDATED, add(stream, 1));
    assertEquals(CAPTURE_INVALIDATED, call("cuStreamEndCapture", stream, at));

    need("cuStreamBeginCapture_v2", stream, GLOBAL);
    assertEquals(CAPTURE_UNSUPPORTED, call("cuMemcpyHtoDAsync_v2", y, cuda.host(3, 4), 8L, stream));
    assertTrue(report().contains("pageable memory in a capture"), report());
    assertEquals(CAPTURE_INVALIDATED, call("cuStreamEndCapture", stream, at));

    need("cuStreamBeginCapture_v2", stream, GLOBAL);
    assertEquals(CAPTURE_UNSUPPORTED, call("cuStreamSynchronize", stream));
    assertEquals(CAPTURE_INVALIDATED, call("cuStreamEndCapture", stream, at));
    assertEquals(0, add(stream, 1));
  }

  @Test
  void aStreamThatDoesNotComeBackIsUnjoined() {
    MemorySegment event = cuda.make("cuEventCreate", 2);
    MemorySegment at = cuda.host(0, 0);
    need("cuStreamBeginCapture_v2", stream, GLOBAL);
    need("cuEventRecord", event, stream);
    need("cuStreamWaitEvent", other, event, 0);
    add(other, 5);
    assertEquals(CAPTURE_UNJOINED, call("cuStreamEndCapture", stream, at));
    need("cuEventDestroy_v2", event);
  }

  @Test
  void aGraphMeetsMemoryThatIsGone() {
    long own = cuda.upload(1, 2);
    MemorySegment at = cuda.host(0, 0);
    need("cuStreamBeginCapture_v2", stream, GLOBAL);
    cuda.launch(kernel, stream, 1, 2, 0, own, 1f);
    need("cuStreamEndCapture", stream, at);
    MemorySegment graph = at.get(ADDRESS, 0);
    MemorySegment exec = cuda.make("cuGraphInstantiateWithFlags", graph, 0L);
    need("cuMemFree_v2", own);
    need("cuGraphLaunch", exec, stream);
    assertEquals(SimulatedCuda.ILLEGAL_ADDRESS, call("cuStreamSynchronize", stream));
    SimulatedCuda.reset();
    need("cuGraphExecDestroy", exec);
    need("cuGraphDestroy", graph);
  }

  @Test
  void aMissingWaitBetweenLazyStreamsIsSeen() {
    SimulatedCuda.set("lazy", 1);
    try {
      long own = cuda.allocate(8);
      need("cuMemsetD32Async", own, 0, 2L, stream);
      assertEquals(0, cuda.launch(kernel, other, 1, 2, 0, own, 3f));
      assertEquals(SimulatedCuda.LAUNCH_FAILED, call("cuStreamSynchronize", other));
      assertTrue(report().contains("which nothing was written to"), report());
      SimulatedCuda.reset();

      MemorySegment event = cuda.make("cuEventCreate", 2);
      need("cuMemsetD32Async", own, 0, 2L, stream);
      need("cuEventRecord", event, stream);
      need("cuStreamWaitEvent", other, event, 0);
      assertEquals(0, cuda.launch(kernel, other, 1, 2, 0, own, 3f));
      need("cuStreamSynchronize", other);
      assertArrayEquals(new float[] {3, 3}, cuda.download(own, 2));
      need("cuEventDestroy_v2", event);
      need("cuMemFree_v2", own);
    } finally {
      SimulatedCuda.set("lazy", 0);
    }
  }

  @Test
  @SuppressWarnings("restricted") // The memory is as long as was asked for.
  void aLazyStreamReadsPinnedMemoryWhenItGetsThere() {
    SimulatedCuda.set("lazy", 1);
    try {
      MemorySegment pinned = cuda.make("cuMemAllocHost_v2", 8L).reinterpret(8);
      pinned.setAtIndex(JAVA_FLOAT, 0, 5);
      need("cuMemcpyHtoDAsync_v2", y, pinned, 8L, stream);
      need("cuMemcpyHtoDAsync_v2", y + 4, cuda.host(6), 4L, stream);
      pinned.setAtIndex(JAVA_FLOAT, 0, 7);
      need("cuStreamSynchronize", stream);
      assertArrayEquals(new float[] {7, 6}, cuda.download(y, 2));
      need("cuMemFreeHost", pinned);
    } finally {
      SimulatedCuda.set("lazy", 0);
    }
  }
}
