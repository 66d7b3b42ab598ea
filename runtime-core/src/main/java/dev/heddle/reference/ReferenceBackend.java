package dev.heddle.reference;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.pass.ComputeIn;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs any graph by the {@link Interpreter}, each run on its caller's thread. Its memory is the
 * Java heap; a limit bounds what callers hold (weights, uploads, outputs), not what a run needs in
 * passing.
 */
public final class ReferenceBackend implements Backend {
  private final long memoryLimit;
  private final Set<ReferenceProgram> programs = new HashSet<>();
  private final Map<Object, HostTensor> tensors = new HashMap<>();
  private long liveBytes;
  private boolean closed;

  /** Opens it without a limit. */
  public ReferenceBackend() {
    this(0);
  }

  /** Opens it with a limit in bytes; 0 for none. */
  ReferenceBackend(long memoryLimit) {
    this.memoryLimit = memoryLimit == 0 ? Long.MAX_VALUE : memoryLimit;
  }

  @Override
  public DeviceInfo device() {
    return ReferenceProvider.DEVICE;
  }

  @Override
  public Support supports(Node node) {
    return new Support.Supported("interpreter", "it runs every operation");
  }

  @Override
  public Tensor upload(HostTensor tensor) {
    checkOpen();
    return adopt(Elementwise.copy(tensor), "the upload of " + tensor);
  }

  @Override
  public Program compile(Graph asGiven, CompileOptions options) {
    options.computeType().requireNoTf32("the reference backend");
    Graph graph = new ComputeIn(options.computeType().on(this, asGiven)).apply(asGiven);
    Map<Value, HostTensor> constants = new LinkedHashMap<>();
    graph.constants().forEach((value, tensor) -> constants.put(value, Elementwise.copy(tensor)));
    long bytes = constants.values().stream().mapToLong(Tensor::bytes).sum();
    Graph own = new Graph(graph.name(), graph.inputs(), constants, graph.nodes(), graph.outputs());
    synchronized (this) {
      checkOpen();
      take(bytes, "the weights of " + graph.name());
      ReferenceProgram program = new ReferenceProgram(this, own, bytes);
      programs.add(program);
      return program;
    }
  }

  @Override
  public synchronized long liveBytes() {
    return liveBytes;
  }

  @Override
  public void close() {
    List<ReferenceProgram> running;
    synchronized (this) {
      closed = true;
      running = List.copyOf(programs);
    }
    running.forEach(ReferenceProgram::close);
    List<HostTensor> left;
    synchronized (this) {
      left = new ArrayList<>(tensors.values());
    }
    left.forEach(HostTensor::close);
  }

  private synchronized void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this backend, " + device() + ", was closed");
    }
  }

  /** A view of {@code tensor} that counts as this backend's until it is closed. */
  synchronized HostTensor adopt(HostTensor tensor, String what) {
    take(tensor.bytes(), what);
    Object token = new Object();
    HostTensor own =
        HostTensor.wrap(
            tensor.dtype(), tensor.shape(), tensor.memory(), () -> drop(token, tensor.bytes()));
    tensors.put(token, own);
    return own;
  }

  synchronized boolean holds(Tensor tensor) {
    return tensors.containsValue(tensor);
  }

  private synchronized void drop(Object token, long bytes) {
    tensors.remove(token);
    liveBytes -= bytes;
  }

  synchronized void drop(ReferenceProgram program, long bytes) {
    if (programs.remove(program)) {
      liveBytes -= bytes;
    }
  }

  private void take(long bytes, String what) {
    long free = memoryLimit - liveBytes;
    if (bytes > free) {
      throw new OutOfDeviceMemoryException(
          bytes, free, memoryLimit, what, "Close tensors and programs, or raise the memory limit.");
    }
    liveBytes += bytes;
  }
}
