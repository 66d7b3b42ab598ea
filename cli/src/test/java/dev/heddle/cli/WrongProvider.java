package dev.heddle.cli;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendProvider;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.backend.UnsupportedGraphException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.op.CumSum;
import dev.heddle.op.Unary;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** A backend that takes cosines for sines and does not run cumulative sums; right elsewhere. */
public final class WrongProvider implements BackendProvider {
  private static final DeviceInfo DEVICE =
      new DeviceInfo("wrong", 0, "cosines for sines", 0, Map.of());
  private static final String REASON = "it never learnt to add up";

  /** For the service loader. */
  public WrongProvider() {}

  @Override
  public String name() {
    return DEVICE.backend();
  }

  @Override
  public Probe probe() {
    return new Probe.Usable(List.of(DEVICE));
  }

  @Override
  public Backend open(BackendOptions options) {
    return new WrongBackend(new Backends().open("cpu", options).value());
  }

  private record WrongBackend(Backend right) implements Backend {
    @Override
    public DeviceInfo device() {
      return DEVICE;
    }

    @Override
    public Support supports(Node node) {
      return node.op() instanceof CumSum ? new Support.Unsupported(REASON) : right.supports(node);
    }

    @Override
    public Tensor upload(HostTensor tensor) {
      return right.upload(tensor);
    }

    @Override
    public Program compile(Graph graph, CompileOptions options) {
      for (Node node : graph.nodes()) {
        if (supports(node) instanceof Support.Unsupported(String reason)) {
          throw new UnsupportedGraphException(
              DEVICE.backend(),
              graph.name(),
              List.of(new UnsupportedGraphException.Refusal(node, reason)));
        }
      }
      List<Node> nodes = graph.nodes().stream().map(WrongBackend::wrong).toList();
      return right.compile(
          new Graph(graph.name(), graph.inputs(), graph.constants(), nodes, graph.outputs()),
          options);
    }

    private static Node wrong(Node node) {
      return node.op() instanceof Unary(Unary.Kind kind) && kind == Unary.Kind.SIN
          ? new Node(node.name(), new Unary(Unary.Kind.COS), node.inputs(), node.outputs())
          : node;
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
