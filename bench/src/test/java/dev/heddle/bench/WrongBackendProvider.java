package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * The cpu backend with kernels that are off by a thousandth, upwards and downwards by turns: so
 * that vectors of length 1 are off, too. Nobody takes it unasked.
 */
public final class WrongBackendProvider implements BackendProvider {
  static final String NAME = "wrong";

  private static final DeviceInfo DEVICE = new DeviceInfo(NAME, 0, NAME, 0, Map.of());

  /** For {@link java.util.ServiceLoader}. */
  public WrongBackendProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Probe probe() {
    return new Probe.Usable(List.of(DEVICE));
  }

  @Override
  public Backend open(BackendOptions options) {
    return new Wrong(new Backends().open("cpu", options).value());
  }

  private record Wrong(Backend right) implements Backend {
    @Override
    public DeviceInfo device() {
      return DEVICE;
    }

    @Override
    public Support supports(Node node) {
      return right.supports(node);
    }

    @Override
    public Tensor upload(HostTensor tensor) {
      return right.upload(tensor);
    }

    @Override
    public Program compile(Graph graph, CompileOptions options) {
      GraphBuilder g = GraphBuilder.continuing(graph);
      graph
          .outputs()
          .forEach((name, value) -> {
            // Other outputs are chosen tokens.
            if (value.type().dtype().isFloat()) {
              g.output(name, g.multiply(value, g.constant("factors of " + name, factors(value))));
            }
          });
      return right.compile(g.build(), options);
    }

    private static HostTensor factors(Value value) {
      long columns = value.type().dim(-1).fixed();
      HostTensor factors = HostTensor.heap(value.type().dtype(), Shape.of(columns));
      for (long i = 0; i < columns; i++) {
        factors.setDouble(i, i % 2 == 0 ? 1.001 : 0.999);
      }
      return factors;
    }

    @Override
    public long liveBytes() {
      return right.liveBytes();
    }

    @Override
    public void close() {
      right.close();
    }
  }
}
