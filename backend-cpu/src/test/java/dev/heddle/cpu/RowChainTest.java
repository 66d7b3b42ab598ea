package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Steps that go depth-first over blocks of rows compute what they compute one after another. */
class RowChainTest {
  private static final RowBlocks NEVER = new RowBlocks(1, Integer.MAX_VALUE, 1, 1);

  /** With one thread, every block ends before the next begins: what it needs of that is missing. */
  private static final RowBlocks SINGLE_ROWS = new RowBlocks(1, 1, 1, 0);

  private final List<Backend> open = new ArrayList<>();

  private Backend open(int threads, RowBlocks blocks) {
    Backend backend =
        new CpuBackend(
            CpuDevice.describe(threads),
            new CpuKernels(Kernels.BEST),
            BackendOptions.DEFAULT.withThreads(threads),
            List.of(),
            blocks);
    open.add(backend);
    return backend;
  }

  @AfterEach
  void nothingIsLeft() {
    for (Backend backend : open) {
      backend.close();
      assertEquals(0, backend.liveBytes());
    }
  }

  private static HostTensor random(Random random, double scale, int... shape) {
    long[] extents = new long[shape.length];
    int count = 1;
    for (int i = 0; i < shape.length; i++) {
      extents[i] = shape[i];
      count *= shape[i];
    }
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() * scale);
    }
    return HostTensor.of(values, extents);
  }

  private static Map<String, float[]> run(Program program, HostTensor x) {
    Map<String, float[]> results = new LinkedHashMap<>();
    try (Outputs outputs = program.run(Inputs.of("x", x))) {
      for (String name : outputs.names()) {
        results.put(name, outputs.host(name).toFloats());
      }
    }
    return results;
  }

  private static long chains(Program program) {
    return program.plan().notes().stream().filter(note -> note.contains("chains")).count();
  }

  private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
    expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
  }

  /** What stands between an encoder's attentions: products, norms, a gate, and views between. */
  private static Graph layer() {
    Random random = new Random(5);
    GraphBuilder g = new GraphBuilder("layer");
    Value x = g.input("x", TensorType.of(DType.F32, "batch", "sequence", 40));
    Value scale = g.constant("scale", random(random, 1, 40));
    Value norm = g.layerNorm("norm", x, scale, null, 1e-5);
    Value flat = g.reshape(norm, Dim.symbol("batch").times(Dim.symbol("sequence")), 40);
    Value gate =
        g.add(
            "gate",
            MatMul.LINEAR.with(Unary.Kind.SILU),
            flat,
            g.constant("wg", random(random, 0.2, 500, 40)),
            g.constant("bg", random(random, 0.2, 500)));
    Value up = g.linear("up", flat, g.constant("wu", random(random, 0.2, 500, 40)), null);
    Value down =
        g.add(
            "down",
            MatMul.LINEAR,
            g.multiply(gate, up),
            g.constant("wd", random(random, 0.1, 40, 500)),
            null,
            flat);
    g.output("y", g.rmsNorm("last", down, scale, 1e-5));
    return g.build();
  }

  @Test
  void aChainGivesTheBitsOfSingleSteps() {
    Graph layer = layer();
    try (Program single = open(1, NEVER).compile(layer, CompileOptions.DEFAULT)) {
      for (int threads = 1; threads <= 3; threads++) {
        for (RowBlocks blocks :
            List.of(SINGLE_ROWS, new RowBlocks(10, 5, 5, 1), RowBlocks.STANDARD)) {
          try (Program chained = open(threads, blocks).compile(layer, CompileOptions.DEFAULT)) {
            assertEquals(1, chains(chained));
            for (int rows : new int[] {1, 2, 7, 43, 101, 1501, 0}) {
              HostTensor x = random(new Random(rows), 1, 1, rows, 40);
              assertSame(run(single, x), run(chained, x));
            }
          }
        }
      }
    }
  }

  @Tag("allocation")
  @Test
  void aWarmRunAllocatesNothingButItsOutputs() {
    RowBlocks blocks = new RowBlocks(10, 5, 5, 1);
    try (Program chained = open(2, blocks).compile(layer(), CompileOptions.DEFAULT)) {
      Inputs many = Inputs.of("x", random(new Random(1), 1, 2, 64, 40));
      Inputs more = Inputs.of("x", random(new Random(2), 1, 2, 77, 40));
      long bytes = CpuProgramTest.allocatedWhenWarm(chained, many, more, 500);
      assertTrue(bytes <= 500, bytes + " bytes a run");
    }
  }

  /** Random steps over rows of eight, and operands that other rows are read through. */
  private static final class RandomGraph {
    private final Random random;
    private final GraphBuilder g = new GraphBuilder("random");
    private final List<Value> values = new ArrayList<>();

    RandomGraph(long seed) {
      random = new Random(seed);
    }

    private Value any() {
      int count = values.size();
      return values.get(random.nextBoolean() ? count - 1 : random.nextInt(count));
    }

    private Value weights(int... shape) {
      return g.constant("w" + random.nextLong(), random(random, 0.3, shape));
    }

    /** A vector: constant, or one row of a value, which all rows then depend on. */
    private Value vector() {
      return random.nextInt(3) > 0
          ? weights(8)
          : g.reshape(g.slice(any(), 0, Dim.of(random.nextInt(2)), Dim.ONE), 8);
    }

    private Value product() {
      MatMul op = random.nextBoolean() ? MatMul.LINEAR.with(Unary.Kind.TANH) : MatMul.LINEAR;
      Value residual = random.nextBoolean() ? any() : null;
      return random.nextBoolean()
          ? g.add("product", op, any(), weights(8, 8), vector(), residual)
          : g.add(
              "down",
              op,
              g.linear("up", any(), weights(70, 8), weights(70)),
              weights(8, 70),
              null,
              residual);
    }

    private Value norm() {
      LayerNorm op = new LayerNorm(1, 0.5);
      Value skip = random.nextBoolean() ? any() : null;
      List<Value> results =
          g.addAll("norm", op, skip == null ? 1 : 2, any(), vector(), vector(), skip);
      values.addAll(results);
      return results.getFirst();
    }

    private Value binary() {
      Binary.Kind kind = random.nextBoolean() ? Binary.Kind.ADD : Binary.Kind.MAX;
      Value one = g.slice(g.slice(any(), 0, Dim.ONE, Dim.ONE), 1, Dim.of(3), Dim.ONE);
      return g.add("binary", new Binary(kind), any(), random.nextInt(3) == 0 ? one : any());
    }

    /** The same elements in other rows, computed with, and back; or turned round. */
    private Value others() {
      Value x = any();
      if (random.nextBoolean()) {
        return g.transpose(g.unary(Unary.Kind.TANH, g.transpose(x, 1, 0)), 1, 0);
      }
      Value halves = g.unary(Unary.Kind.TANH, g.reshape(x, Dim.symbol("rows").times(Dim.of(2)), 4));
      return g.reshape(halves, "rows", 8);
    }

    Graph build() {
      values.add(g.input("x", TensorType.of(DType.F32, "rows", 8)));
      int steps = 4 + random.nextInt(12);
      for (int i = 0; i < steps; i++) {
        values.add(
            switch (random.nextInt(9)) {
              case 0, 1, 2 -> product();
              case 3, 4 -> norm();
              case 5, 6 -> binary();
              case 7 -> g.unary(Unary.Kind.TANH, any());
              default -> others();
            });
      }
      g.output("last", values.getLast());
      g.output("other", any());
      g.output("norm", g.layerNorm("norm", any(), weights(8), null, 0.5));
      return g.build();
    }
  }

  @Test
  void blocksNeedNothingOfOneAnother() {
    Backend single = open(1, NEVER);
    Backend depthFirst = open(1, SINGLE_ROWS);
    Backend threads = open(3, SINGLE_ROWS);
    int chained = 0;
    for (int seed = 0; seed < 400; seed++) {
      Graph graph = new RandomGraph(seed).build();
      try (Program a = single.compile(graph, CompileOptions.DEFAULT);
          Program b = depthFirst.compile(graph, CompileOptions.DEFAULT);
          Program c = threads.compile(graph, CompileOptions.DEFAULT)) {
        chained += chains(b) > 0 ? 1 : 0;
        // What a row misses in the second run must not be there from the first.
        for (int rows : new int[] {2, 9, 37}) {
          HostTensor x = random(new Random(seed * 100L + rows), 1, rows, 8);
          Map<String, float[]> expected = run(a, x);
          String what = "graph " + seed + " of " + rows + " rows, ";
          Interpreter.run(graph, Map.of("x", x), Map.of())
              .forEach((name, values) ->
                  Oracle.assertClose(what + name, values.toFloats(), expected.get(name), 1e-4));
          assertSame(expected, run(b, x));
          assertSame(expected, run(c, x));
        }
      }
    }
    assertTrue(chained > 200, chained + " graphs have chains");
  }
}
