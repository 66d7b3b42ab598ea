package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Where the fastest is asked for, cuBLAS multiplies: by each binding as by our own kernels. */
@NeedsDevice
class BlasTest {
  /** Operands by their extents; fixed ones, so that nothing is left to a run. */
  private record Case(
      String what, MatMul op, DType a, DType b, long[] aDims, long[] bDims, boolean behind) {}

  private static final List<Case> CASES =
      List.of(
          new Case("plain", MatMul.PLAIN, DType.F32, DType.F32, dims(5, 70), dims(70, 9), false),
          new Case("linear", MatMul.LINEAR, DType.F32, DType.F32, dims(3, 40), dims(6, 40), true),
          new Case(
              "both transposed",
              new MatMul(true, true, 0.5, Unary.Kind.IDENTITY),
              DType.F32,
              DType.F32,
              dims(2, 7, 4),
              dims(2, 3, 7),
              false),
          new Case(
              "one b for all",
              new MatMul(true, false, 2, Unary.Kind.IDENTITY),
              DType.F32,
              DType.F32,
              dims(3, 7, 4),
              dims(7, 5),
              false),
          new Case(
              "broadcast over axes",
              MatMul.PLAIN,
              DType.F32,
              DType.F32,
              dims(2, 1, 3, 4, 5),
              dims(3, 1, 5, 6),
              true),
          new Case("a row", MatMul.PLAIN, DType.F32, DType.F32, dims(8), dims(2, 8, 3), false),
          new Case("no k", MatMul.PLAIN, DType.F32, DType.F32, dims(2, 0), dims(0, 3), true),
          new Case("f16", MatMul.LINEAR, DType.F16, DType.F16, dims(4, 33), dims(5, 33), false),
          new Case("bf16", MatMul.LINEAR, DType.BF16, DType.BF16, dims(4, 33), dims(5, 33), true));

  private static long[] dims(long... dims) {
    return dims;
  }

  @TestFactory
  Stream<DynamicTest> everyBindingMultipliesAsOurOwnKernelsDo() {
    Installation found = Devices.find().installation();
    assumeTrue(found.blas() != null, "there is no cuBLAS");
    Blas foreign =
        new ForeignBlas(
            Library.find(Search.standard(), "cublas", List.of("cublasLt"), 12, 13).orElseThrow());
    return Stream.of(found.blas(), foreign)
        .distinct()
        .map(blas ->
            DynamicTest.dynamicTest(
                blas.binding(),
                () -> {
                  CudaDevice device = TestKernels.open(blas, null);
                  try (Backend backend = new KernelBackend(device, List.of())) {
                    CASES.forEach(each -> check(backend, each, blas));
                    assertEquals(0, backend.liveBytes());
                  }
                  TestKernels.assertNothingLives(device);
                }));
  }

  /** Ten bits of each number are taken, the nearest: by cuBLAS, and by cuBLASLt with a bias. */
  @Test
  void tf32TakesTenBitsOfEachNumber() {
    Simulator.need();
    Installation found = Devices.find().installation();
    long[] dims = dims(40, 1);
    for (boolean bias : new boolean[] {false, true}) {
      GraphBuilder g = new GraphBuilder("tf32");
      Value a = g.input("a", TensorType.of(DType.F32, Shape.of(dims)));
      Value b = g.input("b", TensorType.of(DType.F32, Shape.of(dims)));
      Value zero = bias ? g.constant("zero", HostTensor.of(new float[40], 40)) : null;
      g.output("y", g.add("y", MatMul.LINEAR, a, b, zero));
      Inputs inputs = Inputs.of("a", random(DType.F32, dims, 1), "b", random(DType.F32, dims, 2));
      CompileOptions options =
          CompileOptions.DEFAULT
              .withNumerics(CompileOptions.Numerics.FASTEST)
              .withComputeType(ComputeType.TF32);
      try (Backend backend =
              new KernelBackend(TestKernels.open(found.blas(), found.blasLt()), List.of());
          Program program = backend.compile(g.build(), options);
          Outputs outputs = program.run(inputs)) {
        float[] left = random(DType.F32, dims, 1).toFloats();
        float[] right = random(DType.F32, dims, 2).toFloats();
        float[] y = outputs.host("y").toFloats();
        int others = 0;
        for (int i = 0; i < y.length; i++) {
          float exact = left[i / 40] * right[i % 40];
          assertEquals(tf32(left[i / 40]) * tf32(right[i % 40]), y[i]);
          assertEquals(exact, y[i], Math.abs(exact) * 0x1p-10);
          others += y[i] == exact ? 0 : 1;
        }
        assertTrue(others > y.length / 2, others + " are not as in float32");
      }
    }
  }

  private static float tf32(float x) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(x) + 0x1000 & ~0x1fff);
  }

  private static void check(Backend backend, Case each, Blas blas) {
    Graph graph = graph(each);
    Inputs inputs =
        Inputs.of(
            "a", random(each.a, each.aDims, 1),
            "b", random(each.b, each.bDims, 2));
    CompileOptions fastest =
        CompileOptions.DEFAULT.withConcurrentRuns(1).withNumerics(CompileOptions.Numerics.FASTEST);
    try (Program own = backend.compile(graph, CompileOptions.DEFAULT);
        Program library = backend.compile(graph, fastest)) {
      assertTrue(own.plan().steps().stream().noneMatch(s -> s.kernel().contains("cuBLAS")));
      assertTrue(
          library.plan().steps().stream()
              .anyMatch(s -> s.kernel().equals("matmul by " + blas.name())),
          each.what);
      Outputs expected = own.run(inputs);
      Outputs last = null;
      // The first is given command by command, those after it as a graph.
      for (int i = 0; i < 3; i++) {
        last = library.run(inputs, last);
        HostTensor want = expected.host("y");
        HostTensor got = last.host("y");
        double unit = each.a == DType.F32 ? 1e-5 : each.a == DType.F16 ? 2e-3 : 2e-2;
        for (long at = 0; at < want.shape().elements(); at++) {
          assertEquals(
              want.getDouble(at),
              got.getDouble(at),
              unit * (1 + Math.abs(want.getDouble(at))),
              each.what + " " + at);
        }
        want.close();
        got.close();
      }
      last.close();
      expected.close();
    }
  }

  private static Graph graph(Case each) {
    GraphBuilder g = new GraphBuilder(each.what);
    Value a = g.input("a", TensorType.of(each.a, Shape.of(each.aDims)));
    Value b = g.input("b", TensorType.of(each.b, Shape.of(each.bDims)));
    MatMul op = each.behind ? each.op.with(Unary.Kind.TANH) : each.op;
    g.output("y", g.add("y", op, a, b));
    return g.build();
  }

  private static HostTensor random(DType dtype, long[] dims, long seed) {
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(dims));
    Random random = new Random(seed);
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }
}
