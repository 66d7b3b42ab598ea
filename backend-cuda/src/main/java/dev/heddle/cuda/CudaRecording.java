package dev.heddle.cuda;

import dev.heddle.kernels.Handle;
import dev.heddle.kernels.Recording;
import java.util.Set;
import jcuda.CudaException;
import jcuda.driver.CUgraph;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * A CUDA graph, made by capture: what a stream is given while it captures becomes the graph's
 * nodes. So a kernel's node is what the same launch is, and there is one way to write a launch
 * down.
 */
final class CudaRecording implements Recording {
  private final CudaDevice device;
  private final Lease lease;
  private final long address;

  private CudaRecording(CudaDevice device, Lease lease, long address) {
    this.device = device;
    this.lease = lease;
    this.address = address;
  }

  /**
   * Captures; on the thread of the context.
   *
   * @param commands gives the commands to the stream
   * @param live where the graph stands until it is closed
   * @throws CudaException if the driver refuses a command; the stream is as before then
   */
  static CudaRecording of(
      CudaDevice device, CUstream stream, Runnable commands, Set<Handle<?>> live) {
    CUgraph graph = capture(stream, commands);
    Addresses.Executable executable = new Addresses.Executable();
    try {
      Status.check(JCudaDriver.cuGraphInstantiate(executable, graph, 0));
    } finally {
      JCudaDriver.cuGraphDestroy(graph);
    }
    Handle<Addresses.Executable> handle =
        Handle.own(
            executable,
            "this recording of " + device.info(),
            live,
            each -> device.release(() -> JCudaDriver.cuGraphExecDestroy(each)));
    return new CudaRecording(device, new Lease(handle), executable.address());
  }

  private static CUgraph capture(CUstream stream, Runnable commands) {
    CUgraph graph = new CUgraph();
    // What other threads of the process do with CUDA is their own business.
    Status.check(
        JCudaDriver.cuStreamBeginCapture(
            stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    try {
      commands.run();
    } catch (CudaException e) {
      abandon(stream, graph);
      throw e;
    }
    Status.check(JCudaDriver.cuStreamEndCapture(stream, graph));
    return graph;
  }

  private static void abandon(CUstream stream, CUgraph graph) {
    try {
      JCudaDriver.cuStreamEndCapture(stream, graph);
      JCudaDriver.cuGraphDestroy(graph);
    } catch (CudaException e) {
      // A capture that has gone wrong ends with an error, and leaves no graph.
    }
  }

  CudaDevice device() {
    return device;
  }

  Lease lease() {
    return lease;
  }

  /** The driver's own reference. */
  long address() {
    return address;
  }

  @Override
  public void close() {
    device.close(lease);
  }
}
