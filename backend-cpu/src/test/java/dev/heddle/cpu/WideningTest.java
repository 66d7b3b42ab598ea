package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes of f16 and bf16 and the casts around them, as plans show them. */
class WideningTest {
  private static final Kernels KERNELS = Kernels.BEST;
  private final Backend backend = open(KERNELS);

  private static Backend open(Kernels kernels) {
    return new CpuBackend(
        CpuDevice.describe(1),
        new CpuKernels(kernels),
        () -> MatrixUnits.NONE,
        BackendOptions.DEFAULT.withThreads(1),
        List.of());
  }

  @AfterEach
  void nothingIsLeft() {
    backend.close();
    assertEquals(0, backend.liveBytes());
  }

  private static List<String> plan(Backend on, Graph graph) {
    try (Program program = on.compile(graph, CompileOptions.DEFAULT)) {
      return program.plan().steps().stream().map(WideningTest::line).toList();
    }
  }

  /** {@code x.f32: convert}. */
  private static String line(Plan.Step step) {
    return step.node().name() + ": " + step.kernel();
  }

  @Test
  void aValueIsCastOnceForAllItsUsersAndConstantsAreCastBeforeAnyRun() {
    GraphBuilder g = new GraphBuilder("layer");
    Value x = g.input("x", TensorType.of(DType.BF16, "tokens", 4));
    Value weight = g.constant("weight", HostTensor.heap(DType.BF16, Shape.of(4, 4)));
    HostTensor ones = HostTensor.heap(DType.BF16, Shape.of(4));
    ones.memory().fill((byte) 0x3f);
    Value scale = g.constant("scale", ones);
    Value up = g.linear("up", x, weight, scale);
    Value norm = g.layerNorm("norm", x, scale, null, 1e-5);
    g.output("up", up).output("y", g.add(g.reshape(up, "tokens", 4), norm));
    String kernels = KERNELS.name();
    assertEquals(
        List.of(
            "x.f32: convert",
            "up: " + kernels + ", b packed",
            "up.bf16: convert",
            "norm: " + kernels,
            "norm.bf16: convert",
            "reshape: view",
            "reshape.f32: convert",
            "norm.f32: convert",
            "add: " + kernels,
            "add.bf16: convert"),
        plan(backend, g.build()));
  }

  @Test
  void whatIsFetchedKeepsItsNameAndItsType() {
    GraphBuilder g = new GraphBuilder("names");
    Value x = g.input("x", TensorType.of(DType.F16, 2));
    Value y = g.unary(Unary.Kind.ABS, x);
    g.output("x", x).output("y", y).output("z", g.add(y, x));
    HostTensor given = HostTensor.heap(DType.F16, Shape.of(2));
    given.setDouble(0, -1.5);
    try (Program program = backend.compile(g.build(), CompileOptions.DEFAULT);
        Outputs outputs = program.run(Inputs.of("x", given))) {
      assertEquals(List.of("x", "y", "z"), List.copyOf(outputs.names()));
      for (String name : outputs.names()) {
        assertEquals(DType.F16, outputs.get(name).dtype());
      }
      assertEquals(1.5, outputs.host("y").getDouble(0));
      assertEquals(0, outputs.host("z").getDouble(0));
    }
  }

  @Test
  void whatFloat32WouldNotSpeedUpStaysAsItIs() {
    // A float64 operand; weights of f16 that are packed as they are; attention without vectors.
    GraphBuilder g = new GraphBuilder("mixed");
    Value x = g.input("x", TensorType.of(DType.F16, 1, "tokens", 4));
    Value b = g.input("b", TensorType.of(DType.F64, 4, 4));
    g.output("product", g.add("product", MatMul.PLAIN, x, b));
    assertEquals(List.of("product: doubles"), plan(backend, g.build()));
    GraphBuilder packed = new GraphBuilder("packed");
    Value a = packed.input("a", TensorType.of(DType.F32, "tokens", 4));
    Value weight = packed.constant("weight", HostTensor.heap(DType.F16, Shape.of(4, 4)));
    packed.output("y", packed.linear("up", a, weight, null));
    assertEquals(List.of("up: " + KERNELS.name() + ", b packed"), plan(backend, packed.build()));
    GraphBuilder scalar = new GraphBuilder("scalar");
    Value q = scalar.input("q", TensorType.of(DType.F16, 1, "tokens", 4));
    Op attention = Attention.of(2, 2, Attention.Layout.TOKENS);
    scalar.output("y", scalar.add("attend", attention, q, q, q));
    try (Backend scalars = open(Kernels.scalar())) {
      assertEquals(List.of("attend: doubles"), plan(scalars, scalar.build()));
    }
  }

  @Test
  void whatSupportsSaysIsWhatRuns() {
    GraphBuilder g = new GraphBuilder("one");
    g.output("y", g.softmax(g.input("x", TensorType.of(DType.F16, "rows", 4)), 1));
    Graph graph = g.build();
    Support.Supported support = (Support.Supported) backend.supports(graph.nodes().getFirst());
    assertEquals(KERNELS.name(), support.kernel());
    assertEquals("softmax: " + support.kernel(), plan(backend, graph).get(1));
  }
}
