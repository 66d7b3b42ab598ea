package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What follows a product is done by cuBLASLt where it computes just that, else as ever. */
@NeedsDevice
class BlasLtTest {
  private static final CompileOptions FASTEST =
      CompileOptions.DEFAULT.withConcurrentRuns(1).withNumerics(CompileOptions.Numerics.FASTEST);

  private CudaDevice device;
  private Backend backend;

  @BeforeEach
  void open() {
    Simulator.need();
    Simulator.reset();
    Installation found = Devices.find().installation();
    assumeTrue(found.blasLt() != null, "there is no cuBLASLt");
    open(found.blasLt());
  }

  private void open(BlasLt blasLt) {
    device = TestKernels.open(Devices.find().installation().blas(), blasLt);
    backend = new KernelBackend(device, List.of());
  }

  @AfterEach
  void nothingIsLeft() {
    backend.close();
    TestKernels.assertNothingLives(device);
    assertEquals(0, Simulator.count("live_blas"));
    assertEquals(0, Simulator.count("live_blas_descriptions"));
    assertEquals("", Simulator.report());
    Simulator.reset();
  }

  /** A linear layer of 8 outputs; what is not said it does not have. */
  private record Layer(
      DType dtype,
      Unary.Kind activation,
      float[] bias,
      boolean residual,
      double alpha,
      boolean transposed,
      long inner) {
    static Layer of(DType dtype, Unary.Kind activation, float... bias) {
      return new Layer(dtype, activation, bias.length == 0 ? null : bias, false, 1, true, 24);
    }

    Layer withResidual() {
      return new Layer(dtype, activation, bias, true, alpha, transposed, inner);
    }

    Layer with(double otherAlpha, boolean otherTransposed, long otherInner) {
      return new Layer(dtype, activation, bias, residual, otherAlpha, otherTransposed, otherInner);
    }

    Graph graph() {
      GraphBuilder g = new GraphBuilder("layer");
      Value x = g.input("x", TensorType.of(dtype, "batch", 3, inner));
      long[] dims = transposed ? new long[] {8, inner} : new long[] {inner, 8};
      Value w = g.constant("w", random(dtype, 1, dims));
      Value b = bias == null ? null : g.constant("b", HostTensor.of(bias, bias.length));
      Value r = residual ? g.input("r", TensorType.of(dtype, "batch", 3, 8)) : null;
      g.output("y", g.add("y", new MatMul(false, transposed, alpha, activation), x, w, b, r));
      return g.build();
    }

    Inputs inputs() {
      Inputs inputs = Inputs.of("x", random(dtype, 2, 2, 3, inner));
      if (residual) {
        inputs.put("r", random(dtype, 3, 2, 3, 8));
      }
      return inputs;
    }
  }

  private static HostTensor random(DType dtype, long seed, long... dims) {
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(dims));
    Random random = new Random(seed);
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  private static float[] row(float first, float step) {
    float[] row = new float[8];
    for (int i = 0; i < row.length; i++) {
      row[i] = first + i * step;
    }
    return row;
  }

  /** Runs it on its own, as our kernels do, and as a graph; how many products cuBLASLt ended. */
  private long check(Graph graph, Inputs inputs, DType dtype) {
    double unit = dtype == DType.F32 ? 5e-5 : dtype == DType.F16 ? 2e-3 : 2e-2;
    long before = Simulator.count("epilogues");
    try (Program own = backend.compile(graph, CompileOptions.DEFAULT);
        Program library = backend.compile(graph, FASTEST);
        Outputs expected = own.run(inputs);
        HostTensor want = expected.host("y")) {
      Outputs last = null;
      for (int run = 0; run < 3; run++) {
        last = library.run(inputs, last);
        try (HostTensor got = last.host("y")) {
          for (long i = 0; i < want.shape().elements(); i++) {
            double x = want.getDouble(i);
            assertEquals(x, got.getDouble(i), unit * (1 + Math.abs(x)), graph + " " + i);
          }
        }
      }
      last.close();
    }
    // Given once command by command, and once recorded.
    return (Simulator.count("epilogues") - before) / 2;
  }

  private long check(Layer layer) {
    return check(layer.graph(), layer.inputs(), layer.dtype);
  }

  @Test
  void aBiasAnActivationAndAResidualComeWithTheProduct() {
    float[] bias = row(-1, 0.375f);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      assertEquals(1, check(Layer.of(dtype, Unary.Kind.IDENTITY, bias)));
      assertEquals(1, check(Layer.of(dtype, Unary.Kind.RELU, bias)));
      assertEquals(1, check(Layer.of(dtype, Unary.Kind.RELU).with(-0.5, false, 24)));
      assertEquals(1, check(Layer.of(dtype, Unary.Kind.IDENTITY, bias).withResidual()));
      assertEquals(1, check(Layer.of(dtype, Unary.Kind.IDENTITY).withResidual().with(2, true, 40)));
    }
    for (DType half : List.of(DType.BF16, DType.F16)) {
      assertEquals(1, check(Layer.of(half, Unary.Kind.GELU_TANH, bias)));
      assertEquals(1, check(Layer.of(half, Unary.Kind.GELU_TANH)));
    }
    // Long sums are shared by blocks, in the workspace.
    assertEquals(1, check(Layer.of(DType.F32, Unary.Kind.RELU, bias).with(0.25, true, 1200)));
  }

  /** Its GELU is another one, or coarser; its bias would be rounded; it adds nothing after. */
  @Test
  void whatItComputesOtherwiseIsLeftToOurKernels() {
    float[] bias = row(-1, 0.375f);
    float[] fine = row(-1, 0.1f);
    assertEquals(0, check(Layer.of(DType.BF16, Unary.Kind.GELU, bias)));
    assertEquals(0, check(Layer.of(DType.F32, Unary.Kind.GELU_TANH, bias)));
    assertEquals(0, check(Layer.of(DType.F32, Unary.Kind.SILU, bias)));
    assertEquals(0, check(Layer.of(DType.BF16, Unary.Kind.IDENTITY, fine)));
    assertEquals(0, check(Layer.of(DType.F16, Unary.Kind.RELU, row(0, 1e6f))));
    assertEquals(0, check(Layer.of(DType.F32, Unary.Kind.RELU, bias).withResidual()));
    assertEquals(0, check(Layer.of(DType.F32, Unary.Kind.RELU, bias).with(1, true, 0)));
  }

  /** A bias that a run gives, or that is no row; operands that begin where they like. */
  @Test
  void whatDoesNotLieAsItWantsIsLeftToOurKernels() {
    for (long[] dims : new long[][] {{8}, {5, 1}, {5, 8}}) {
      GraphBuilder g = new GraphBuilder("bias");
      Value x = g.input("x", TensorType.of(DType.F32, 5, 24));
      Value w = g.constant("w", random(DType.F32, 1, 8, 24));
      boolean given = dims.length == 1;
      HostTensor bias = random(DType.F32, 4, dims);
      Value b =
          given ? g.input("b", TensorType.of(DType.F32, Shape.of(dims))) : g.constant("b", bias);
      g.output("y", g.add("y", MatMul.LINEAR, x, w, b));
      Inputs inputs = Inputs.of("x", random(DType.F32, 2, 5, 24));
      if (given) {
        inputs.put("b", bias);
      }
      assertEquals(0, check(g.build(), inputs, DType.F32));
    }
    for (long first : new long[] {1, 4}) {
      GraphBuilder g = new GraphBuilder("part");
      Value x = g.input("x", TensorType.of(DType.F32, 200));
      Value part = g.reshape(g.slice(x, 0, Dim.of(first), Dim.of(120)), 5, 24);
      Value w = g.constant("w", random(DType.F32, 1, 8, 24));
      g.output("y", g.add("y", MatMul.LINEAR.with(Unary.Kind.RELU), part, w));
      Inputs inputs = Inputs.of("x", random(DType.F32, 2, 200));
      assertEquals(first == 4 ? 1 : 0, check(g.build(), inputs, DType.F32));
    }
  }

  @Test
  void withoutAnAlgorithmItIsLeftToOurKernels() {
    Layer layer = Layer.of(DType.F32, Unary.Kind.RELU, row(-1, 0.375f));
    Simulator.set("algorithms", 0);
    assertEquals(0, check(layer));
    Simulator.set("algorithms", -1);
    assertEquals(0, check(layer.with(2, true, 24)));
    long asked = Simulator.count("heuristics");
    assertEquals(2, asked);
    assertEquals(0, check(layer));
    assertEquals(asked, Simulator.count("heuristics"), "it is asked once for a product");
  }

  @Test
  void withoutTheLibraryItIsLeftToOurKernels() {
    backend.close();
    open((BlasLt) null);
    assertEquals(0, check(Layer.of(DType.F32, Unary.Kind.RELU, row(-1, 0.375f))));
    Installation found = Devices.find().installation();
    String with = found.blasInWords();
    assertTrue(with.contains("by cuBLASLt 12 (") && with.endsWith("bound by java.lang.foreign"));
    String without =
        new Installation(
                found.driver(), found.images(), found.compiler(), found.blas(), null, "here")
            .blasInWords();
    assertTrue(without.endsWith("no cuBLASLt: what follows a product is our own kernels'"));
  }

  @Test
  void aRefusedProductFailsItsRunAlone() {
    Layer layer = Layer.of(DType.F32, Unary.Kind.RELU, row(-1, 0.375f));
    try (Program program = backend.compile(layer.graph(), FASTEST)) {
      Simulator.set("refuse_product", 1);
      KernelLaunchException e =
          assertThrows(KernelLaunchException.class, () -> program.run(layer.inputs()));
      assertTrue(e.getMessage().contains("CUBLAS_STATUS_EXECUTION_FAILED"), e.getMessage());
      program.run(layer.inputs()).close();
    }
    assertEquals(1, check(layer));
  }

  /** More products than are kept: those that were not used for longest are looked for again. */
  @Test
  void algorithmsAreKeptWithinBounds() {
    Layer layer = Layer.of(DType.F32, Unary.Kind.RELU, row(-1, 0.375f));
    try (Program program = backend.compile(layer.graph(), FASTEST)) {
      for (int batch = 1; batch <= 520; batch++) {
        program.run(Inputs.of("x", random(DType.F32, 2, batch, 3, 24))).close();
      }
      // A description and three layouts each.
      assertEquals(4 * 512, Simulator.count("live_blas_descriptions"));
      assertEquals(520, Simulator.count("heuristics"));
    }
  }
}
