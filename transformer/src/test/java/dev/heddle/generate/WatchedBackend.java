package dev.heddle.generate;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Probe;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.model.DecoderGraph;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** The cpu backend, of which a test sees each step before it runs, on the engine's thread. */
final class WatchedBackend implements BackendProvider {
  private volatile Consumer<Step> watcher;
  private volatile int multiple = 1;
  private volatile Backend opened;

  /**
   * What a step is given.
   *
   * @param ids tokens of all sequences
   * @param positions theirs
   * @param starts where each sequence's begin, and where all end
   */
  record Step(int[] ids, int[] positions, int[] starts) {
    int sequences() {
      return starts.length - 1;
    }

    int tokens(int sequence) {
      return starts[sequence + 1] - starts[sequence];
    }

    /** Whether a sequence has a token at {@code position}. */
    boolean reaches(int position) {
      return Arrays.stream(positions).anyMatch(each -> each == position);
    }

    /** Whether {@code id} stands at {@code position} in one of the sequences. */
    boolean has(int id, int position) {
      for (int i = 0; i < ids.length; i++) {
        if (ids[i] == id && positions[i] == position) {
          return true;
        }
      }
      return false;
    }
  }

  /** Gives each step to {@code value}; what that throws the step throws. */
  void watch(Consumer<Step> value) {
    watcher = value;
  }

  /** Wants steps whose rows are a multiple of {@code value}, as devices that keep runs do. */
  void fillSteps(int value) {
    multiple = value;
  }

  Backends backends() {
    return new Backends(List.of(this));
  }

  long liveBytes() {
    return opened.liveBytes();
  }

  @Override
  public String name() {
    return "watched";
  }

  @Override
  public Probe probe() {
    return new Backends()
        .probe().stream()
            .filter(each -> each.provider().name().equals("cpu"))
            .findFirst()
            .orElseThrow()
            .probe();
  }

  @Override
  public Backend open(BackendOptions options) {
    opened = new Watched(new Backends().open("cpu", options).value());
    return opened;
  }

  private final class Watched implements Backend {
    private final Backend backend;

    private Watched(Backend backend) {
      this.backend = backend;
    }

    @Override
    public DeviceInfo device() {
      return backend.device();
    }

    @Override
    public Support supports(Node node) {
      return backend.supports(node);
    }

    @Override
    public int stepRows(int rows) {
      return Math.ceilDiv(rows, multiple) * multiple;
    }

    @Override
    public Tensor upload(HostTensor tensor) {
      return backend.upload(tensor);
    }

    @Override
    public Program compile(Graph graph, CompileOptions options) {
      return new WatchedProgram(backend.compile(graph, options));
    }

    @Override
    public long liveBytes() {
      return backend.liveBytes();
    }

    @Override
    public void close() {
      backend.close();
    }
  }

  private final class WatchedProgram implements Program {
    private final Program program;

    private WatchedProgram(Program program) {
      this.program = program;
    }

    @Override
    public Outputs run(Inputs inputs) {
      return program.run(inputs);
    }

    @Override
    public Outputs run(Inputs inputs, Outputs last) {
      try {
        if (watcher != null) {
          watcher.accept(
              new Step(
                  ints(inputs, DecoderGraph.INPUT_IDS),
                  ints(inputs, DecoderGraph.POSITIONS),
                  ints(inputs, DecoderGraph.CU_SEQ_LENS)));
        }
      } catch (RuntimeException | Error e) {
        if (last != null) {
          last.close();
        }
        throw e;
      }
      return program.run(inputs, last);
    }

    private static int[] ints(Inputs inputs, String name) {
      int[] all = ((HostTensor) inputs.get(name)).toInts();
      return Arrays.copyOf(all, all.length);
    }

    @Override
    public Plan plan() {
      return program.plan();
    }

    @Override
    public void close() {
      program.close();
    }
  }
}
