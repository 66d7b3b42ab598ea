package dev.heddle.cpu;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.pass.ComputeIn;
import dev.heddle.plan.Compilation;
import dev.heddle.plan.RunStates;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The CPU: threads that share every run's work, and native memory for all of it. */
final class CpuBackend implements Backend {
  private final DeviceInfo device;
  private final CpuMemory memory;
  private final WorkerPool workers;
  private final CpuKernels kernels;
  private final Supplier<MatrixUnits> units;
  private final List<String> notes;
  private final Set<CpuProgram> programs = new HashSet<>();

  /** Held for reading while something is made, for writing while the backend closes. */
  private final ReadWriteLock life = new ReentrantReadWriteLock();

  private boolean closed;

  /**
   * Opens the device; {@code notes} go into every plan.
   *
   * @param units asked for when a program has products for them
   */
  CpuBackend(
      DeviceInfo device,
      CpuKernels kernels,
      Supplier<MatrixUnits> units,
      BackendOptions options,
      List<String> notes) {
    int threads = options.threads() == 0 ? CpuTopology.current().cores() : options.threads();
    this.device = device;
    this.kernels = kernels;
    this.units = units;
    this.notes = notes;
    this.memory = new CpuMemory(options.memoryLimit());
    this.workers = new WorkerPool(threads, memory.pool());
  }

  @Override
  public DeviceInfo device() {
    return device;
  }

  @Override
  public Support supports(Node node) {
    Node wide = kernels.widened(node, value -> false);
    return kernels.choose(wide, value -> false).support();
  }

  @Override
  public Tensor upload(HostTensor tensor) {
    life.readLock().lock();
    try {
      checkOpen();
      NativePool.Block block = memory.acquire(tensor.bytes(), "the upload of " + tensor);
      try {
        Memory.copyIn(tensor.memory(), block.address());
      } catch (RuntimeException | Error e) {
        memory.release(block);
        throw e;
      }
      return memory.tensor(tensor.dtype(), tensor.shape(), block);
    } finally {
      life.readLock().unlock();
    }
  }

  @Override
  public Program compile(Graph graph, CompileOptions options) {
    life.readLock().lock();
    try {
      checkOpen();
      options.computeType().requireNoTf32("the cpu backend");
      DType type = options.computeType().on(this, graph);
      Graph narrow = new ComputeIn(type).apply(graph);
      MatrixUnits found = units(narrow);
      CpuKernels chosen = kernels.with(found);
      Graph wide = Widening.apply(narrow, chosen);
      Weights weights = new Weights(wide, memory.pool(), WeightStore.PROCESS, workers);
      try {
        Compilation.Result<CpuKernel> result =
            Compilation.compile(wide, new CpuTarget(chosen, weights), notes(options, type, found));
        int runs = options.concurrentRuns() == 0 ? workers.threads() : options.concurrentRuns();
        RunStates<RunState> states =
            new RunStates<>(
                graph.name(),
                runs,
                () -> new RunState(result.blueprint(), memory, workers),
                state -> {});
        CpuProgram program = new CpuProgram(result.plan(), weights, states, this::forget);
        synchronized (programs) {
          programs.add(program);
        }
        return program;
      } catch (RuntimeException | Error e) {
        weights.close();
        throw e;
      }
    } finally {
      life.readLock().unlock();
    }
  }

  private MatrixUnits units(Graph graph) {
    Predicate<Value> known = value -> graph.constant(value) != null;
    boolean wanted = graph.nodes().stream().anyMatch(node -> kernels.fitsUnits(node, known));
    return wanted ? units.get() : MatrixUnits.NONE;
  }

  private List<String> notes(CompileOptions options, DType type, MatrixUnits found) {
    List<String> all = new ArrayList<>(notes);
    all.addAll(options.computeType().notes(type));
    if (!found.why().isEmpty()) {
      all.add(found.why());
    }
    if (type != DType.F32 && found.library() == null) {
      all.add("%s halves caches here, not weights, and is slower than f32".formatted(type));
    }
    return all;
  }

  private void forget(CpuProgram program) {
    synchronized (programs) {
      programs.remove(program);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this backend, " + device + ", was closed");
    }
  }

  @Override
  public long liveBytes() {
    return memory.liveBytes();
  }

  @Override
  public void close() {
    life.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      List<CpuProgram> left;
      synchronized (programs) {
        left = List.copyOf(programs);
      }
      left.forEach(CpuProgram::close);
      workers.close();
      memory.close();
    } finally {
      life.writeLock().unlock();
    }
  }
}
