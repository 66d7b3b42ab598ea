package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertAll;
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
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Outcome;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Both kernels of attention, the CPU's by vectors and the GPU's by groups, on whatever device there
 * is: what the kit's cases are too small for.
 */
@NeedsPlatform
class AttentionKernelsTest {
  private static Backend vectors;
  private static Backend groups;

  @BeforeAll
  static void open() {
    OpenClDevice first = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    OpenClDevice second = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    vectors = new KernelBackend(first, List.of());
    groups = new KernelBackend(GroupDevice.of(second), List.of());
  }

  @AfterAll
  static void nothingIsLeft() {
    for (Backend backend : List.of(vectors, groups)) {
      backend.close();
      assertEquals(0, backend.liveBytes());
    }
  }

  /** Unoptimised: PoCL takes four seconds to optimise one of the kernels, and there are many. */
  @Test
  void groupsPassTheKit() {
    OpenClDevice device = TestKernels.openUnoptimised();
    try (Backend small = new KernelBackend(GroupDevice.of(device), List.of())) {
      String others =
          Conformance.cases()
              .filter(each -> each.op().equals("Attention"))
              // Each type compiles every variant anew; float64 runs in groups on every device.
              .filter(each -> each.dtype() == DType.F32 || each.dtype() == DType.F16)
              .map(each -> each.run(small))
              .filter(result -> !(result.outcome() instanceof Outcome.Passed))
              .map(Object::toString)
              .collect(Collectors.joining("\n"));
      assertEquals("", others);
      assertEquals(0, small.liveBytes());
    }
  }

  @Test
  void windowsAndCausalityAcrossBlocks() {
    assertAll(
        Stream.of(Causal.values())
            .flatMap(causal ->
                IntStream.of(1, 33, 130, 1000)
                    .mapToObj(window ->
                        () -> check(new Operands(op(causal, window), 33, 24, 2, 70, 421)))));
  }

  @Test
  void longRows() {
    check(new Operands(op(Causal.NONE, 0), 64, 64, 1, 3, 10_000));
    check(new Operands(op(Causal.BOTTOM_RIGHT, 0).with(Map.WEIGHTS), 16, 8, 1, 129, 3000));
  }

  @Test
  void headsWiderThanWhatIsHeldAtATime() {
    check(new Operands(op(Causal.TOP_LEFT, 0).with(Map.MASKED), 300, 290, 1, 40, 150));
  }

  @Test
  void everythingAtOnceInHalfPrecision() {
    Attention op = new Attention(4, 2, Layout.HEADS, 0.2, Causal.TOP_LEFT, 90, 3, Map.WEIGHTS);
    for (DType dtype : List.of(DType.F16, DType.BF16)) {
      Operands x = new Operands(op, dtype, 40, 24, 2, 133, 140);
      x.inputs[Attention.MASK] = x.floats(dtype, 2, 1, 133, 140);
      x.inputs[Attention.KEY_LENGTHS] = HostTensor.of(new int[] {139, 77}, 2);
      x.inputs[Attention.ALIBI] = x.floats(dtype, 4);
      x.inputs[Attention.RELATIVE] = x.floats(dtype, 4, 21);
      check(x);
    }
  }

  /** What is hidden by order, lengths or a mask takes no part, whatever it is. */
  @Test
  void hiddenInfinitiesAndNaNsDoNotLeak() {
    for (int position : new int[] {Attention.KEY_LENGTHS, Attention.MASK, -1}) {
      Operands x =
          new Operands(op(position < 0 ? Causal.TOP_LEFT : Causal.NONE, 0), 32, 32, 1, 37, 300);
      boolean[] seen = new boolean[300];
      Arrays.fill(seen, 0, 131, true);
      if (position == Attention.KEY_LENGTHS) {
        x.inputs[position] = HostTensor.of(new long[] {131}, 1);
      } else if (position == Attention.MASK) {
        x.inputs[position] = HostTensor.of(seen, 1, 300);
      }
      int behind = position < 0 ? 37 : 131;
      for (int operand : new int[] {Attention.KEY, Attention.VALUE}) {
        HostTensor rows = x.inputs[operand];
        long row = rows.shape().dim(-1);
        for (long i = behind * row; i < rows.shape().elements(); i++) {
          rows.setDouble(i, i % 3 == 0 ? Double.NaN : Double.POSITIVE_INFINITY);
        }
      }
      check(x);
    }
  }

  /** As exporters hide: by the least float, which leaves a row of it even. */
  @Test
  void masksOfTheLeastFloat() {
    Operands x = new Operands(op(Causal.NONE, 0).with(Map.WEIGHTS), 16, 16, 1, 35, 140);
    float[] mask = new float[35 * 140];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = i < 2 * 140 || i % 5 == 0 ? -Float.MAX_VALUE : 0;
    }
    x.inputs[Attention.MASK] = HostTensor.of(mask, 35, 140);
    check(x);
  }

  @Test
  void onlyPagesThatAreLookedAtMustBeThere() {
    Attention op = new Attention(2, 1, Layout.RAGGED, 0.125, Causal.BOTTOM_RIGHT, 20, 0, Map.NONE);
    Operands x = new Operands(op, 8, 8, 1, 3, 0);
    x.inputs[Attention.QUERY] = x.floats(DType.F32, 3, 16);
    x.inputs[Attention.KEY] = x.floats(DType.F32, 4, 16, 8);
    x.inputs[Attention.VALUE] = x.floats(DType.F32, 4, 16, 8);
    x.inputs[Attention.CU_SEQ_LENS] = HostTensor.of(new int[] {0, 3}, 2);
    x.inputs[Attention.KEY_LENGTHS] = HostTensor.of(new int[] {60}, 1);
    x.inputs[Attention.PAGES] = HostTensor.of(new int[] {-1, 99, 2, 1, 77}, 1, 5);
    check(x);
    for (Backend backend : List.of(vectors, groups)) {
      x.inputs[Attention.PAGES] = HostTensor.of(new int[] {-1, 99, 4, 1, 77}, 1, 5);
      x.refused(backend, "page 4 is out of range; the cache has 4");
      x.inputs[Attention.PAGES] = HostTensor.of(new int[] {0, 1, 2}, 1, 3);
      x.refused(backend, "key length 60 is out of range; the pages have 48");
    }
  }

  /** One query a sequence, over segments of its keys, gives what the prompt's tiles do. */
  @Test
  void aTokenOfACacheHasTheBitsItHasInAPrompt() {
    int[] lengths = {700, 3, 256, 257, 1, 512};
    assertAll(
        Stream.of(
                new Attention(9, 1, Layout.RAGGED, 0.3, Causal.BOTTOM_RIGHT, 0, 4, Map.NONE),
                new Attention(4, 2, Layout.RAGGED, 0.3, Causal.BOTTOM_RIGHT, 290, 0, Map.NONE),
                new Attention(4, 2, Layout.RAGGED, 0.3, Causal.BOTTOM_RIGHT, 20, 0, Map.NONE))
            .map(op -> () -> checkSteps(op, lengths)));
  }

  /** The last query of each sequence beside all others, and beside the last ones of others. */
  private static void checkSteps(Attention op, int[] lengths) {
    int headDim = 40;
    int pageTokens = 64;
    int sequences = lengths.length;
    int all = Arrays.stream(lengths).sum();
    int most = Arrays.stream(lengths).max().getAsInt() / pageTokens + 1;
    Operands x = new Operands(op, headDim, headDim, 1, 0, 0);
    x.inputs[Attention.QUERY] = x.floats(DType.F32, all, (long) op.heads() * headDim);
    long columns = (long) op.kvHeads() * headDim;
    x.inputs[Attention.KEY] = x.floats(DType.F16, (long) sequences * most, pageTokens, columns);
    x.inputs[Attention.VALUE] = x.floats(DType.F16, (long) sequences * most, pageTokens, columns);
    x.inputs[Attention.KEY_LENGTHS] = HostTensor.of(lengths, sequences);
    float[] slopes = new float[op.heads()];
    for (int head = 0; head < slopes.length; head++) {
      slopes[head] = 0.5f / (1 << head);
    }
    x.inputs[Attention.ALIBI] = HostTensor.of(slopes, op.heads());
    int[] pages = IntStream.range(0, sequences * most).map(i -> sequences * most - 1 - i).toArray();
    x.inputs[Attention.PAGES] = HostTensor.of(pages, sequences, most);
    int[] starts = new int[sequences + 1];
    float[] last = new float[sequences * op.heads() * headDim];
    float[] queries = x.inputs[Attention.QUERY].toFloats();
    for (int s = 0; s < sequences; s++) {
      starts[s + 1] = starts[s] + lengths[s];
      copyRow(queries, starts[s + 1] - 1, last, s, op.heads() * headDim);
    }
    x.inputs[Attention.CU_SEQ_LENS] = HostTensor.of(starts, sequences + 1);
    for (Backend backend : List.of(vectors, groups)) {
      x.inputs[Attention.QUERY] = HostTensor.of(queries, all, (long) op.heads() * headDim);
      x.inputs[Attention.CU_SEQ_LENS] = HostTensor.of(starts, sequences + 1);
      double[] prompt = x.run(backend).getFirst();
      x.inputs[Attention.QUERY] = HostTensor.of(last, sequences, (long) op.heads() * headDim);
      x.inputs[Attention.CU_SEQ_LENS] =
          HostTensor.of(IntStream.rangeClosed(0, sequences).toArray(), sequences + 1);
      x.check(backend);
      double[] steps = x.run(backend).getFirst();
      int width = op.heads() * headDim;
      for (int s = 0; s < sequences; s++) {
        int row = starts[s + 1] - 1;
        assertArrayEquals(
            Arrays.copyOfRange(prompt, row * width, (row + 1) * width),
            Arrays.copyOfRange(steps, s * width, (s + 1) * width),
            "sequence " + s);
      }
    }
  }

  private static void copyRow(float[] from, int row, float[] to, int at, int width) {
    System.arraycopy(from, row * width, to, at * width, width);
  }

  @Test
  void moreLocalMemoryHoldsMoreOfTheQueries() {
    OpenClDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    try (Backend roomy = new KernelBackend(GroupDevice.of(device, 64 << 10), List.of())) {
      Operands x = new Operands(op(Causal.NONE, 0), 128, 64, 1, 65, 70);
      x.check(roomy);
      assertEquals(x.bits(groups), x.bits(roomy));
    }
  }

  @Test
  void tooLittleLocalMemoryIsRefusedInWords() {
    OpenClDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    try (Backend poor = new KernelBackend(GroupDevice.of(device, 16 << 10), List.of())) {
      Graph graph = new Operands(op(Causal.NONE, 0), 32, 32, 1, 3, 3).graph();
      Support support = poor.supports(graph.nodes().getFirst());
      assertTrue(
          support instanceof Support.Unsupported(String reason) && reason.contains("16384"),
          support.toString());
    }
  }

  private static Attention op(Causal causal, int window) {
    return new Attention(2, 1, Layout.TOKENS, 0.125, causal, window, 0, Map.NONE);
  }

  private static void check(Operands x) {
    x.check(vectors);
    x.check(groups);
  }

  /** One attention with random operands of a dense batch. */
  private static final class Operands {
    private final Attention op;
    private final Random random = new Random(5);
    private final HostTensor[] inputs = new HostTensor[Attention.PAGES + 1];

    Operands(Attention op, int headDim, int valueDim, int batch, int queries, int keys) {
      this(op, DType.F32, headDim, valueDim, batch, queries, keys);
    }

    Operands(
        Attention op, DType dtype, int headDim, int valueDim, int batch, int queries, int keys) {
      this.op = op;
      inputs[Attention.QUERY] = floats(dtype, shape(op.heads(), headDim, batch, queries));
      inputs[Attention.KEY] = floats(dtype, shape(op.kvHeads(), headDim, batch, keys));
      inputs[Attention.VALUE] = floats(dtype, shape(op.kvHeads(), valueDim, batch, keys));
    }

    private long[] shape(int heads, int dim, int batch, int rows) {
      return op.layout() == Layout.HEADS
          ? new long[] {batch, heads, rows, dim}
          : new long[] {batch, rows, (long) heads * dim};
    }

    HostTensor floats(DType dtype, long... shape) {
      HostTensor x = HostTensor.heap(dtype, Shape.of(shape));
      for (long i = 0; i < x.shape().elements(); i++) {
        x.setDouble(i, random.nextGaussian());
      }
      return x;
    }

    Graph graph() {
      var g = new GraphBuilder("attention");
      Value[] values = new Value[inputs.length];
      for (int i = 0; i < inputs.length; i++) {
        if (inputs[i] != null) {
          values[i] = g.input("x" + i, TensorType.of(inputs[i].dtype(), inputs[i].shape()));
        }
      }
      List<Value> results = g.addAll("op", op, op.map() == Map.NONE ? 1 : 2, values);
      for (int i = 0; i < results.size(); i++) {
        g.output("y" + i, results.get(i));
      }
      return g.build();
    }

    private java.util.Map<String, HostTensor> named() {
      var named = new HashMap<String, HostTensor>();
      for (int i = 0; i < inputs.length; i++) {
        if (inputs[i] != null) {
          named.put("x" + i, inputs[i]);
        }
      }
      return named;
    }

    private List<double[]> run(Backend backend) {
      Inputs given = new Inputs();
      named().forEach(given::put);
      List<double[]> results = new ArrayList<>();
      try (Program program = backend.compile(graph(), CompileOptions.DEFAULT);
          Outputs outputs = program.run(given)) {
        for (String name : outputs.names()) {
          try (HostTensor host = outputs.get(name).toHost()) {
            results.add(host.toDoubles());
          }
        }
      }
      return results;
    }

    /** The result as numbers, equal where all bits are. */
    List<Double> bits(Backend backend) {
      return Arrays.stream(run(backend).getFirst()).boxed().toList();
    }

    void refused(Backend backend, String words) {
      Throwable thrown = assertThrows(InvalidInputException.class, () -> run(backend));
      assertTrue(thrown.getMessage().contains(words), thrown.getMessage());
    }

    void check(Backend backend) {
      DType dtype = inputs[Attention.QUERY].dtype();
      double unit = dtype == DType.F32 ? 1e-5 : dtype == DType.F16 ? 0x1p-9 : 0x1p-6;
      java.util.Map<String, HostTensor> want =
          Interpreter.run(graph(), named(), java.util.Map.of());
      List<double[]> got = run(backend);
      for (int output = 0; output < got.size(); output++) {
        double[] expected = want.get("y" + output).toDoubles();
        for (int i = 0; i < expected.length; i++) {
          double y = got.get(output)[i];
          boolean near = Math.abs(y - expected[i]) <= unit * (1 + Math.abs(expected[i]));
          if (!near && y != expected[i]) {
            throw new AssertionError(
                "output %d, element %d of %s over %s: %s, want %s"
                    .formatted(output, i, op, Arrays.toString(inputs), y, expected[i]));
          }
        }
      }
    }
  }
}
