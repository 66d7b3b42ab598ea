package dev.heddle.kernels;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.backend.Tunable;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.pass.ComputeIn;
import dev.heddle.plan.Compilation;
import dev.heddle.plan.RunStates;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/** A backend over any {@link KernelDevice}, by the portable kernels. */
public final class KernelBackend implements Backend, Tunable {
  /** Runs of a program at one time: one computes while another's inputs and outputs are copied. */
  private static final int RUNS = 2;

  private final KernelDevice device;
  private final KernelMemory memory;
  private final List<String> notes;
  private final Set<KernelProgram> programs = new HashSet<>();

  /** Held for reading while something is made, for writing while the backend closes. */
  private final ReadWriteLock life = new ReentrantReadWriteLock();

  private final String tuned;
  private final Path tuningFile;
  private volatile MatMulTuning tuning;
  private boolean closed;

  /**
   * A backend that owns {@code device}.
   *
   * @param notes facts for every plan
   */
  public KernelBackend(KernelDevice device, List<String> notes) {
    this.device = device;
    DeviceInfo info = device.info();
    this.tuned =
        info.backend() + " " + info.name() + " " + info.details().getOrDefault("driver", "");
    this.tuningFile = TuningFile.of(tuned);
    this.tuning =
        MatMulTuning.defaults(device.limits())
            .with(TuningFile.load(tuningFile, tuned), "tuned, " + tuningFile.getFileName());
    this.notes = List.copyOf(notes);
    this.memory = new KernelMemory(device);
  }

  @Override
  public DeviceInfo device() {
    return device.info();
  }

  @Override
  public Support supports(Node node) {
    return choices(tuning, CompileOptions.DEFAULT).choose(node, value -> false).support();
  }

  @Override
  public Tensor upload(HostTensor tensor) {
    life.readLock().lock();
    try {
      checkOpen();
      DeviceMemory place = memory.allocate(tensor.bytes(), "the upload of " + tensor);
      try {
        memory.write(tensor, place);
      } catch (RuntimeException | Error e) {
        place.close();
        throw e;
      }
      return new DeviceTensor(memory, tensor.dtype(), tensor.shape(), new Block(place), 0);
    } finally {
      life.readLock().unlock();
    }
  }

  @Override
  public Program compile(Graph graph, CompileOptions options) {
    ProductLibrary library = device.products();
    if (library == null || !library.hasTf32()) {
      options.computeType().requireNoTf32(device.info().toString());
    }
    DType type = options.computeType().on(this, graph);
    List<String> all = new ArrayList<>(notes);
    all.addAll(options.computeType().notes(type));
    return compile(new ComputeIn(type).apply(graph), options, tuning, all);
  }

  @Override
  public DType autoType() {
    return device.autoType();
  }

  @Override
  public int stepRows(int rows) {
    return device.records() ? Steps.rows(rows) : rows;
  }

  private KernelChoices choices(MatMulTuning tiles, CompileOptions options) {
    return new KernelChoices(
        device.limits(),
        tiles,
        switch (options.numerics()) {
          case INVARIANT -> null;
          case FASTEST -> device.products();
        },
        options.computeType() == ComputeType.TF32);
  }

  @Override
  public Tuning tune(Graph graph, int rows, Consumer<Measured> progress) {
    Tuner tuner = new Tuner(this, device.limits(), MatMulTuning.defaults(device.limits()));
    List<Measured> measured = tuner.tune(graph, rows, progress);
    Map<MatMulTuning.Key, MatMulTiles> all = new HashMap<>(tuning.tuned());
    all.keySet().removeAll(tuner.shapes());
    all.putAll(tuner.found());
    try {
      TuningFile.save(tuningFile, tuned, all);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep what was measured in " + tuningFile, e);
    }
    tuning = MatMulTuning.defaults(device.limits()).with(all, "tuned, " + tuningFile.getFileName());
    return new Tuning(tuningFile, measured);
  }

  @Override
  public double peakFlops() {
    try (FmaPeak peak = openPeak()) {
      return peak.flops();
    }
  }

  /** The device's ceiling, to be measured beside something; its caller closes it. */
  public FmaPeak openPeak() {
    return new FmaPeak(device);
  }

  /**
   * The device's ceiling for what memory bounds, to be measured beside something; its caller closes
   * it.
   *
   * @param bytes of a copy: more than the device's caches hold
   */
  public CopyPeak openCopyPeak(long bytes) {
    return new CopyPeak(device, bytes);
  }

  /** What runs of programs gave the device so far. */
  public RunCounts runCounts() {
    return memory.runCounts();
  }

  /** Compiles with certain tiles; the graph's types stay. */
  Program compile(Graph graph, CompileOptions options, MatMulTuning tiles) {
    return compile(graph, options, tiles, notes);
  }

  private Program compile(
      Graph graph, CompileOptions options, MatMulTuning tiles, List<String> notes) {
    life.readLock().lock();
    try {
      checkOpen();
      Workshop workshop =
          new Workshop(device, device.info().backend(), choices(tiles, options), graph);
      try {
        Compilation.Result<Launch.Kernel> result = Compilation.compile(graph, workshop, notes);
        int runs = options.concurrentRuns() == 0 ? RUNS : options.concurrentRuns();
        RunStates<KernelRun> states =
            new RunStates<>(
                graph.name(),
                runs,
                () -> new KernelRun(result.blueprint(), memory, workshop.weights()),
                KernelRun::close);
        KernelProgram program = new KernelProgram(result.plan(), workshop, states, this::forget);
        synchronized (programs) {
          programs.add(program);
        }
        return program;
      } catch (RuntimeException | Error e) {
        workshop.close();
        throw e;
      }
    } finally {
      life.readLock().unlock();
    }
  }

  private void forget(KernelProgram program) {
    synchronized (programs) {
      programs.remove(program);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this backend, " + device.info() + ", was closed");
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
      List<KernelProgram> left;
      synchronized (programs) {
        left = List.copyOf(programs);
      }
      left.forEach(KernelProgram::close);
      memory.close();
      device.close();
    } finally {
      life.writeLock().unlock();
    }
  }
}
