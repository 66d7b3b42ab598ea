package example.consumer;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Probe;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/** Runs a small graph on every backend found, from outside Heddle's own build. */
final class Main {
  public static void main(String[] args) {
    Module module = Main.class.getModule();
    System.out.println(module.isNamed() ? "in " + module : "on the class path");
    Graph graph = scores();
    Backends backends = new Backends();
    List<String> ran = new ArrayList<>();
    for (Backends.Candidate candidate : backends.probe()) {
      if (candidate.probe() instanceof Probe.Usable) {
        run(graph, backends, candidate.provider().name());
        ran.add(candidate.provider().name());
      }
    }
    if (!ran.contains("cpu")) {
      throw new AssertionError("the backend cpu was not found; " + backends.probe());
    }
    Backends.Selected<Backend> selected = backends.open(Backends.AUTO, BackendOptions.DEFAULT);
    try (Backend backend = selected.value()) {
      System.out.println(selected.reason());
      if (backend.device().priority() < DeviceInfo.CPU) {
        throw new AssertionError("the backend cpu was passed over; " + backends.probe());
      }
    }
  }

  /** softmax(a · b) over the last axis. */
  private static Graph scores() {
    var g = new GraphBuilder("scores");
    Value a = g.input("a", TensorType.of(DType.F32, "rows", 2));
    Value b = g.constant("b", HostTensor.of(new float[] {1, 0, 0, 1}, 2, 2));
    g.output("y", g.softmax(g.matmul(a, b), -1));
    return g.build();
  }

  private static void run(Graph graph, Backends backends, String name) {
    try (Backend backend = backends.open(name, BackendOptions.DEFAULT).value();
        Program program = backend.compile(graph, CompileOptions.DEFAULT);
        HostTensor a = HostTensor.of(new float[] {0, 1, 5, 5}, 2, 2);
        Outputs outputs = program.run(Inputs.of("a", a));
        HostTensor y = outputs.host("y")) {
      double part = 1 / (1 + Math.E);
      double[] expected = {part, 1 - part, 0.5, 0.5};
      for (int i = 0; i < expected.length; i++) {
        if (!(Math.abs(y.getDouble(i) - expected[i]) <= 1e-6)) {
          throw new AssertionError(
              name + ": y[" + i + "] is " + y.getDouble(i) + "; expected " + expected[i]);
        }
      }
      System.out.println("ran on " + backend.device());
    }
  }
}
