package dev.heddle.backend;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;

/**
 * One open device. Safe for many threads.
 *
 * <p>{@link #close()} waits for runs in flight and frees what is left of its memory; later calls,
 * to its programs and tensors too, throw {@link IllegalStateException}.
 */
public interface Backend extends AutoCloseable {
  /** The device. */
  DeviceInfo device();

  /** Whether and how {@code node} would run; {@link #compile} decides by the same code. */
  Support supports(Node node);

  /** What {@link ComputeType#AUTO} is here: F32, but where another type is the device's own. */
  default DType autoType() {
    return DType.F32;
  }

  /**
   * How many rows a step should have that needs {@code rows}, if rows may be added that nobody
   * reads: more, where a run costs less that has the extents of an earlier one.
   */
  default int stepRows(int rows) {
    return rows;
  }

  /**
   * A copy of {@code tensor} on the device, to be closed by the caller.
   *
   * @throws OutOfDeviceMemoryException if it does not fit
   */
  Tensor upload(HostTensor tensor);

  /**
   * Chooses kernels, lays weights out for them and plans memory. The graph is taken as it is, but
   * for {@link CompileOptions#computeType()}: run {@code Passes} over it first. Its constants are
   * not needed after this returns, unless they are mapped and read in place, which the plan says.
   *
   * @throws UnsupportedGraphException if a node is not supported, naming all such
   * @throws OutOfDeviceMemoryException if the weights do not fit
   */
  Program compile(Graph graph, CompileOptions options);

  /**
   * Bytes of device memory held now: weights, arenas, tensors and outputs not yet closed. Weights
   * that it shares with other backends of the process are counted in each.
   */
  long liveBytes();

  @Override
  void close();
}
