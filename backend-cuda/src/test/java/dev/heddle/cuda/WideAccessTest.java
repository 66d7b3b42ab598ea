package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.op.Attention;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What memory bounds: the bits are the same however it is moved, and in however many launches. */
@NeedsDevice
class WideAccessTest {
  private CudaDevice device;
  private Backend backend;

  @BeforeEach
  void open() {
    device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    backend = new KernelBackend(device, List.of());
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, backend.liveBytes());
    backend.close();
    TestKernels.assertNothingLives(device);
  }

  private static HostTensor normal(DType type, int seed, long... shape) {
    Random random = new Random(seed);
    HostTensor tensor = HostTensor.heap(type, Shape.of(shape));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  private static List<float[]> run(Program program, Inputs inputs) {
    List<float[]> results = new ArrayList<>();
    try (Outputs outputs = program.run(inputs)) {
      for (String name : outputs.names()) {
        try (HostTensor host = outputs.host(name)) {
          results.add(host.toFloats());
        }
      }
    }
    return results;
  }

  /** Of rows of odd length only the first lies at a multiple of 16 bytes. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void aRowHasTheSameBitsWhereItIsMovedWhole(DType type) {
    int n = 1001;
    int rows = 3;
    GraphBuilder g = new GraphBuilder("rows");
    Value x = g.input("x", TensorType.of(type, "rows", n));
    Value skip = g.input("skip", TensorType.of(type, "rows", n));
    Value scale = g.constant("scale", normal(DType.F32, 1, n));
    g.output("softmax", g.softmax(x, -1));
    g.output("layernorm", g.add("layernorm", new LayerNorm(1, 1e-5), x, scale, scale));
    List<Value> normed = g.addAll("rmsnorm", new RmsNorm(1, 1e-5), 2, x, scale, skip);
    g.output("rmsnorm", normed.get(RmsNorm.Y));
    g.output("sum", normed.get(RmsNorm.SUM));
    g.output("gelu", g.unary(Unary.Kind.GELU, x));
    g.output("product", g.multiply(x, skip));
    g.output("cast", g.cast(x, DType.F16));
    HostTensor allX = normal(type, 2, rows, n);
    HostTensor allSkip = normal(type, 3, rows, n);
    try (Program program = backend.compile(g.build(), CompileOptions.DEFAULT)) {
      List<float[]> all = run(program, Inputs.of("x", allX, "skip", allSkip));
      for (int row = 0; row < rows; row++) {
        List<float[]> one = run(program, Inputs.of("x", row(allX, row), "skip", row(allSkip, row)));
        for (int i = 0; i < all.size(); i++) {
          float[] among = Arrays.copyOfRange(all.get(i), row * n, (row + 1) * n);
          assertArrayEquals(among, one.get(i), "output " + i + ", row " + row);
        }
      }
    }
  }

  private static HostTensor row(HostTensor x, int row) {
    long bytes = x.bytes() / x.shape().dim(0);
    return HostTensor.wrap(
        x.dtype(), Shape.of(1, x.shape().dim(1)), x.memory().asSlice(row * bytes, bytes));
  }

  @Test
  void whatIsHiddenAtTheEndOfARowDoesNotChangeItsSoftmaxWhateverHasTheRow() {
    GraphBuilder g = new GraphBuilder("softmax");
    Value x = g.input("x", TensorType.of(DType.F32, "rows", "keys"));
    g.output("y", g.softmax(x, -1));
    float[] seen = normal(DType.F32, 4, 1, 300).toFloats();
    try (Program program = backend.compile(g.build(), CompileOptions.DEFAULT)) {
      float[] alone = run(program, Inputs.of("x", HostTensor.of(seen, 1, 300))).getFirst();
      for (int length : new int[] {301, 700, 5000}) {
        float[] padded = Arrays.copyOf(seen, length);
        Arrays.fill(padded, 300, length, Float.NEGATIVE_INFINITY);
        float[] y = run(program, Inputs.of("x", HostTensor.of(padded, 1, length))).getFirst();
        assertArrayEquals(alone, Arrays.copyOf(y, 300), length + " keys");
      }
    }
  }

  private static final int PAGES = 3;
  private static final int PAGE = 8;
  private static final int TOKENS = 5;
  private static final String TOGETHER = "rotary and cache";

  /** What a decoder does before it looks; rotated keys that somebody else wants stand apart. */
  private static Graph step(DType type, DType cache, int dim, boolean interleaved, boolean apart) {
    int heads = 6;
    int keyHeads = 2;
    GraphBuilder g = new GraphBuilder("step");
    Value cos = g.constant("cos", normal(DType.F32, 5, 40, dim / 2));
    Value sin = g.constant("sin", normal(DType.F32, 6, 40, dim / 2));
    Value positions = g.input("positions", TensorType.of(DType.I32, "tokens"));
    Value slots = g.input("slots", TensorType.of(DType.I32, "tokens"));
    TensorType pages = TensorType.of(cache, PAGES, PAGE, keyHeads * dim);
    Value q = g.input("q", TensorType.of(type, "tokens", heads * dim));
    Value k = g.input("k", TensorType.of(type, "tokens", keyHeads * dim));
    Value v = g.input("v", TensorType.of(type, "tokens", keyHeads * dim));
    Value query =
        g.add("query", new RotaryEmbedding(heads, dim, interleaved), q, cos, sin, positions);
    Value key =
        g.add("key", new RotaryEmbedding(keyHeads, dim, interleaved), k, cos, sin, positions);
    Attention op =
        new Attention(
            heads,
            keyHeads,
            Attention.Layout.RAGGED,
            1 / Math.sqrt(dim),
            Attention.Causal.BOTTOM_RIGHT,
            0,
            0,
            Attention.Map.NONE);
    Value y =
        g.add(
            "y",
            op,
            query,
            g.add("keys", new CacheWrite(), g.input("key pages", pages), key, slots),
            g.add("values", new CacheWrite(), g.input("value pages", pages), v, slots),
            null,
            g.input("starts", TensorType.of(DType.I32, 2)),
            null,
            g.input("lengths", TensorType.of(DType.I32, 1)),
            null,
            null,
            g.input("table", TensorType.of(DType.I32, 1, PAGES)));
    g.output("y", y);
    if (apart) {
      g.output("key", key);
    }
    return g.build();
  }

  /** The result, and the caches after it. */
  private List<float[]> step(Program program, Graph graph, int[] positions, int[] slots) {
    Inputs inputs = new Inputs();
    for (Value input : graph.inputs()) {
      if (List.of("q", "k", "v").contains(input.name())) {
        long columns = input.type().dim(1).fixed();
        DType type = input.type().dtype();
        inputs.put(input.name(), normal(type, input.name().hashCode(), TOKENS, columns));
      }
    }
    TensorType type =
        graph.inputs().stream().filter(i -> i.name().equals("key pages")).findFirst().get().type();
    HostTensor before = normal(type.dtype(), 7, PAGES, PAGE, type.dim(2).fixed());
    try (Tensor keys = backend.upload(before);
        Tensor values = backend.upload(before)) {
      inputs.put("key pages", keys).put("value pages", values);
      inputs.put("positions", HostTensor.of(positions, TOKENS));
      inputs.put("slots", HostTensor.of(slots, TOKENS));
      inputs.put("starts", HostTensor.of(new int[] {0, TOKENS}, 2));
      inputs.put("lengths", HostTensor.of(new int[] {PAGE + 4}, 1));
      inputs.put("table", HostTensor.of(new int[] {2, 0, 1}, 1, PAGES));
      List<float[]> results = new ArrayList<>(List.of(run(program, inputs).getFirst()));
      for (Tensor cache : List.of(keys, values)) {
        try (HostTensor host = cache.toHost()) {
          results.add(host.toFloats());
        }
      }
      return results;
    }
  }

  @ParameterizedTest
  @CsvSource({"BF16, BF16, 64, false", "F32, F16, 20, true", "F32, F32, 8, false"})
  void rotationsAndWritesOfOneLaunchHaveTheBitsOfFour(
      DType type, DType cache, int dim, boolean interleaved) {
    int[] positions = {7, 8, 39, 0, 11};
    int[] slots = {0, 17, -1, 9, 23};
    Graph together = step(type, cache, dim, interleaved, false);
    Graph apart = step(type, cache, dim, interleaved, true);
    try (Program one = backend.compile(together, CompileOptions.DEFAULT);
        Program four = backend.compile(apart, CompileOptions.DEFAULT)) {
      assertEquals(4, parts(one));
      assertEquals(0, parts(four));
      List<float[]> expected = step(four, apart, positions, slots);
      List<float[]> actual = step(one, together, positions, slots);
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(expected.get(i), actual.get(i), "result " + i);
      }
      int[] far = {7, 8, 40, 0, 11};
      refused(() -> step(one, together, far, slots), "query", "40");
      int[] behind = {0, PAGES * PAGE, -1, 9, 23};
      refused(() -> step(one, together, positions, behind), "keys", "24");
    }
  }

  private static long parts(Program program) {
    return program.plan().steps().stream().map(Plan.Step::kernel).filter(TOGETHER::equals).count();
  }

  private static void refused(Runnable run, String... words) {
    String message = assertThrows(InvalidInputException.class, run::run).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }
}
