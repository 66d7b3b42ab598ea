package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** CUDA's own kernels: the same bits for any number of rows, and the portable ones' numbers. */
@NeedsDevice
class TensorCoresTest {
  private final CudaDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());

  @AfterEach
  void nothingIsLeft() {
    device.close();
    TestKernels.assertNothingLives(device);
  }

  private static HostTensor normal(DType type, long... shape) {
    Random random = new Random(Arrays.hashCode(shape));
    HostTensor tensor = HostTensor.heap(type, Shape.of(shape));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  /** The first rows of a tensor. */
  private static HostTensor first(HostTensor x, int rows) {
    long bytes = x.bytes() / x.shape().dim(0) * rows;
    return HostTensor.wrap(
        x.dtype(), Shape.of(rows, x.shape().dim(1)), x.memory().asSlice(0, bytes));
  }

  /** {@code y} of a run, of which {@code kernel} is the only one. */
  private static float[] run(LimitedDevice device, Graph graph, String kernel, Inputs inputs) {
    try (Backend backend = new KernelBackend(device, List.of());
        Program program = backend.compile(graph, CompileOptions.DEFAULT);
        Outputs outputs = program.run(inputs);
        HostTensor y = outputs.host("y")) {
      assertEquals(
          List.of(kernel), program.plan().steps().stream().map(Plan.Step::kernel).toList());
      return y.toFloats();
    }
  }

  private static void assertNear(float[] expected, float[] actual, double tolerance) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      double most = tolerance * (1 + Math.abs(expected[i]));
      boolean near =
          Float.compare(expected[i], actual[i]) == 0 || Math.abs(expected[i] - actual[i]) <= most;
      assertTrue(near, i + ": " + expected[i] + ", " + actual[i]);
    }
  }

  /** Fewer multiprocessors take larger tiles; of few rows tiles are others anyway. */
  @ParameterizedTest
  @CsvSource({
    "BF16, 264, true, true",
    "BF16, 131, true, true",
    "F16, 72, false, true",
    "BF16, 264, true, false",
    "BF16, 131, true, false",
    "F16, 72, false, false"
  })
  void aProductsBitsDoNotDependOnItsTiles(DType type, int k, boolean byRows, boolean byWarpgroups) {
    assumeTrue(!byWarpgroups || device.limits().warpgroups(), "they are Hopper's");
    KernelDevice device = byWarpgroups ? this.device : LimitedDevice.ofWarps(this.device);
    int n = 304;
    GraphBuilder g = new GraphBuilder("product");
    Value x = g.input("x", TensorType.of(type, "rows", k));
    Value b = g.input("b", byRows ? TensorType.of(type, n, k) : TensorType.of(type, k, n));
    Value bias = g.constant("bias", normal(DType.F32, n));
    Value residual = g.input("residual", TensorType.of(type, "rows", n));
    MatMul op = (byRows ? MatMul.LINEAR : MatMul.PLAIN).with(Unary.Kind.SILU);
    Graph graph = g.output("y", g.add("y", op, x, b, bias, residual)).build();
    HostTensor matrix = byRows ? normal(type, n, k) : normal(type, k, n);
    HostTensor rows = normal(type, 200, k);
    HostTensor added = normal(type, 200, n);
    Inputs all = Inputs.of("x", rows, "b", matrix, "residual", added);
    String tensor = byWarpgroups ? "matmul by warpgroups" : "matmul on tensor cores";
    float[] many = run(LimitedDevice.ofUnits(device, 1), graph, tensor, all);
    assertArrayEquals(many, run(LimitedDevice.ofUnits(device, 5), graph, tensor, all));
    assertArrayEquals(many, run(LimitedDevice.ofUnits(device, 100), graph, tensor, all));
    for (int few : new int[] {1, 8, 9, 64, 100}) {
      Inputs some = Inputs.of("x", first(rows, few), "b", matrix, "residual", first(added, few));
      float[] y = run(LimitedDevice.ofUnits(device, 1), graph, tensor, some);
      assertArrayEquals(Arrays.copyOf(many, few * n), y);
    }
    LimitedDevice portable = LimitedDevice.portable(device);
    assertNear(run(portable, graph, "matmul in local memory", all), many, 1.0 / 128);
  }

  /** Bulk copies read rows that begin at multiples of 16 bytes; others are loaded by threads. */
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void aProductsBitsDoNotDependOnHowItsOperandsAreLoaded(boolean byRows) {
    Simulator.need();
    int rows = 150;
    int n = 264;
    int k = 328;
    HostTensor x = normal(DType.BF16, rows, k);
    HostTensor b = byRows ? normal(DType.BF16, n, k) : normal(DType.BF16, k, n);
    float[] copied = productAt(0, x, b, byRows);
    long copies = Simulator.count("bulk_copies");
    assertTrue(copies > 0, copies + " copies");
    assertArrayEquals(copied, productAt(1, x, b, byRows));
    assertEquals(copies, Simulator.count("bulk_copies"));
  }

  /** {@code x @ b} where {@code x} lies {@code before} numbers behind the begin of memory. */
  private float[] productAt(int before, HostTensor x, HostTensor b, boolean byRows) {
    int count = (int) x.shape().elements();
    HostTensor longer = HostTensor.heap(x.dtype(), Shape.of(before + count));
    longer.memory().asSlice((long) before * x.dtype().bytes(), x.bytes()).copyFrom(x.memory());
    GraphBuilder g = new GraphBuilder("product");
    Value all = g.input("x", TensorType.of(x.dtype(), before + count));
    Value part = g.add("part", new Slice(0, Dim.of(before), Dim.of(count), 1), all);
    List<Dim> dims = Arrays.stream(x.shape().toArray()).mapToObj(Dim::of).toList();
    Value matrix = g.add("matrix", new Reshape(dims), part);
    Value right = g.input("b", TensorType.of(b.dtype(), b.shape().dim(0), b.shape().dim(1)));
    MatMul op = byRows ? MatMul.LINEAR : MatMul.PLAIN;
    Graph graph = g.output("y", g.add("y", op, matrix, right)).build();
    try (Backend backend = new KernelBackend(LimitedDevice.ofUnits(device, 1), List.of());
        Program program = backend.compile(graph, CompileOptions.DEFAULT);
        Outputs outputs = program.run(Inputs.of("x", longer, "b", b));
        HostTensor y = outputs.host("y")) {
      return y.toFloats();
    }
  }

  @Test
  void onlyHopperMultipliesByWarpgroups() {
    Simulator.need();
    GraphBuilder g = new GraphBuilder("product");
    Value x = g.input("x", TensorType.of(DType.BF16, 8, 40));
    Value b = g.input("b", TensorType.of(DType.BF16, 16, 40));
    Graph graph = g.output("y", g.add("y", MatMul.LINEAR, x, b)).build();
    Inputs inputs = Inputs.of("x", normal(DType.BF16, 8, 40), "b", normal(DType.BF16, 16, 40));
    float[] y = run(LimitedDevice.ofUnits(device, 1), graph, "matmul by warpgroups", inputs);
    for (int capability : new int[] {80, 100}) {
      Simulator.set("capability", capability);
      try (CudaDevice other = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off())) {
        LimitedDevice whole = LimitedDevice.ofUnits(other, 1);
        assertNear(y, run(whole, graph, "matmul on tensor cores", inputs), 1.0 / 128);
      } finally {
        Simulator.set("capability", 90);
      }
    }
  }

  private static final int PAGE = 16;

  /**
   * A token sees the same behind a cache as in a prompt, and nothing of the tokens behind it: one
   * has an infinite value, another one that is no number.
   */
  @ParameterizedTest
  @CsvSource({
    "BF16, 6, 2, 64, true",
    "F16, 70, 1, 32, true",
    "BF16, 2, 2, 128, true",
    "BF16, 6, 2, 64, false",
    "F16, 20, 1, 32, false",
    "BF16, 2, 2, 128, false"
  })
  void attentionsBitsDoNotDependOnWhatStandsBeside(
      DType type, int heads, int kvHeads, int dim, boolean byWarpgroups) {
    assumeTrue(!byWarpgroups || device.limits().warpgroups(), "they are Hopper's");
    KernelDevice device = byWarpgroups ? this.device : LimitedDevice.ofWarps(this.device);
    int tokens = 300;
    int pages = Math.ceilDiv(tokens, PAGE);
    Attention op =
        new Attention(
            heads,
            kvHeads,
            Attention.Layout.RAGGED,
            1 / Math.sqrt(dim),
            Attention.Causal.BOTTOM_RIGHT,
            0,
            0,
            Attention.Map.NONE);
    GraphBuilder g = new GraphBuilder("attention");
    TensorType cache = TensorType.of(type, pages, PAGE, kvHeads * dim);
    Value y =
        g.add(
            "y",
            op,
            g.input("x", TensorType.of(type, "tokens", heads * dim)),
            g.input("keys", cache),
            g.input("values", cache),
            null,
            g.input("starts", TensorType.of(DType.I32, 2)),
            null,
            g.input("lengths", TensorType.of(DType.I32, 1)),
            null,
            null,
            g.input("table", TensorType.of(DType.I32, 1, pages)));
    Graph graph = g.output("y", y).build();
    HostTensor x = normal(type, tokens, (long) heads * dim);
    HostTensor keys = normal(type, pages, PAGE, (long) kvHeads * dim);
    HostTensor values = normal(type, pages, (long) kvHeads * dim, PAGE).reshape(cache(keys));
    values.setDouble(261L * kvHeads * dim + 3, Double.NEGATIVE_INFINITY);
    values.setDouble(290L * kvHeads * dim + 5, Double.NaN);
    int[] table = new int[pages];
    Arrays.setAll(table, i -> i);
    String kernel = byWarpgroups ? "flash, warpgroups" : "flash, tensor cores";
    LimitedDevice own = LimitedDevice.ofUnits(device, 132);
    Inputs all = cached(x, keys, values, table, tokens);
    float[] prompt = run(own, graph, kernel, all);
    assertNear(run(LimitedDevice.portable(device), graph, "flash, groups", all), prompt, 1.0 / 64);
    for (int token : new int[] {0, 63, 255, 260, 299}) {
      Inputs one = cached(row(x, token), keys, values, table, token + 1);
      int width = heads * dim;
      assertArrayEquals(
          Arrays.copyOfRange(prompt, token * width, (token + 1) * width),
          run(own, graph, kernel, one),
          "token " + token);
    }
  }

  private static long[] cache(HostTensor keys) {
    return keys.shape().toArray();
  }

  private static HostTensor row(HostTensor x, int row) {
    long bytes = x.bytes() / x.shape().dim(0);
    return HostTensor.wrap(
        x.dtype(), Shape.of(1, x.shape().dim(1)), x.memory().asSlice(row * bytes, bytes));
  }

  private static Inputs cached(
      HostTensor x, HostTensor keys, HostTensor values, int[] table, int length) {
    int rows = (int) x.shape().dim(0);
    return Inputs.of("x", x, "keys", keys, "values", values)
        .put("starts", HostTensor.of(new int[] {0, rows}, 2))
        .put("lengths", HostTensor.of(new int[] {length}, 1))
        .put("table", HostTensor.of(table, 1, table.length));
  }
}
