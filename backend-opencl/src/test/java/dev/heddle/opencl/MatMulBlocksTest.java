package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Quantizer;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@NeedsPlatform
class MatMulBlocksTest {
  /** Two blocks of k and a part of one, and a group of columns and a part of one. */
  private static final int K = 768;

  private static final int N = 70;
  private static final int ROWS = 11;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q6_K"})
  void aRowHasTheBitsOfTheProductWithWhatTheBlocksStandForAloneAndAmongOthers(DType type) {
    Random random = new Random(3);
    HostTensor weight = HostTensor.heap(type, Shape.of(N, K));
    float[] values = normal(random, N * K);
    new Quantizer(type).quantize(values, 0, values.length, weight.memory(), 0);
    HostTensor plain = HostTensor.of(weight.toFloats(), N, K);
    float[] x = normal(random, ROWS * K);

    OpenClDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    try (KernelBackend backend = new KernelBackend(device, List.of());
        Program blocks = compile(backend, weight);
        Program floats = compile(backend, plain)) {
      String kernel = blocks.plan().toString();
      assertTrue(kernel.contains("matmul of blocks"), kernel);
      float[] wanted = run(floats, x);
      assertArrayEquals(wanted, run(blocks, x));
      for (int row : new int[] {0, 9}) {
        float[] alone = run(blocks, Arrays.copyOfRange(x, row * K, (row + 1) * K));
        assertArrayEquals(Arrays.copyOfRange(wanted, row * N, (row + 1) * N), alone);
      }
    }
    TestKernels.assertNothingLives(device);
  }

  private static Program compile(KernelBackend backend, HostTensor weight) {
    GraphBuilder graph = new GraphBuilder("product");
    Value x = graph.input("x", TensorType.of(DType.F32, "rows", K));
    graph.output("y", graph.linear("y", x, graph.constant("w", weight), null));
    return backend.compile(graph.build(), CompileOptions.DEFAULT);
  }

  private static float[] run(Program program, float[] x) {
    HostTensor rows = HostTensor.of(x, x.length / K, K);
    try (Outputs outputs = program.run(Inputs.of("x", rows));
        HostTensor y = outputs.get("y").toHost()) {
      return y.toFloats();
    }
  }

  private static float[] normal(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
