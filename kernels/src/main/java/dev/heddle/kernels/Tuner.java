package dev.heddle.kernels;

import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.backend.Tunable;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Measures tiles for a graph's products, each shape on its own. Whichever tiles: the result must be
 * the default's to the bit.
 */
final class Tuner {
  /** What others must spare to be taken: less may be chance. */
  private static final double WORTH = 0.97;

  private static final int ROUNDS = 3;
  private static final double SECONDS = 0.1;
  private static final int LEAST_RUNS = 3;

  /** Rows that tiles for few rows are measured with. */
  private static final int FEW_ROWS = 8;

  private final KernelBackend backend;
  private final DeviceLimits limits;
  private final MatMulTuning defaults;

  /** What is measured, and a node that is so. */
  private final Map<MatMulTuning.Key, Node> shapes = new LinkedHashMap<>();

  private final Map<MatMulTuning.Key, MatMulTiles> found = new LinkedHashMap<>();

  Tuner(KernelBackend backend, DeviceLimits limits, MatMulTuning defaults) {
    this.backend = backend;
    this.limits = limits;
    this.defaults = defaults;
  }

  /** All shapes that {@link #tune} measured. */
  Set<MatMulTuning.Key> shapes() {
    return shapes.keySet();
  }

  /** The tiles that are better than the default ones. */
  Map<MatMulTuning.Key, MatMulTiles> found() {
    return found;
  }

  List<Tunable.Measured> tune(Graph graph, int rows, Consumer<Tunable.Measured> progress) {
    for (Node node : graph.nodes()) {
      if (node.op() instanceof MatMul op && MatMulLaunch.real(node) == DType.F32) {
        addShape(node, op, false);
        if (!limits.cpu()) {
          addShape(node, op, true);
        }
      }
    }
    List<Tunable.Measured> measured = new ArrayList<>();
    shapes.forEach((key, node) -> {
      Tunable.Measured result = measure(key, node, key.few() ? FEW_ROWS : rows);
      measured.add(result);
      progress.accept(result);
    });
    return measured;
  }

  private void addShape(Node node, MatMul op, boolean few) {
    MatMulTuning.Key key = MatMulTuning.Key.of(node, op, few);
    if (key != null && key.k() > 0 && key.n() > 0) {
      shapes.putIfAbsent(key, node);
    }
  }

  private Tunable.Measured measure(MatMulTuning.Key key, Node node, int rows) {
    MatMul op = (MatMul) node.op();
    MatMulTiles usual =
        limits.cpu()
            ? defaults.panels(node, op).tiles()
            : defaults.local(node, op, key.few()).tiles();
    Random random = new Random(key.k() * 31 + key.n());
    Graph graph = graph(key, op, rows, random);
    try (HostTensor a = normal(key.a(), random, rows, key.k());
        Tensor onDevice = backend.upload(a);
        Trial before = new Trial(graph, onDevice, key, usual)) {
      double usualSeconds = before.seconds();
      double bestSeconds = usualSeconds;
      MatMulTiles best = usual;
      for (MatMulTiles tiles : TileCandidates.of(usual, limits)) {
        try (Trial trial = new Trial(graph, onDevice, key, tiles)) {
          trial.mustEqual(before);
          double seconds = trial.seconds();
          if (seconds < bestSeconds) {
            bestSeconds = seconds;
            best = tiles;
          }
        }
      }
      if (!best.equals(usual)) {
        try (Trial after = new Trial(graph, onDevice, key, best)) {
          // In turn, so that what slows the machine slows both.
          for (int round = 0; round < ROUNDS; round++) {
            usualSeconds = Math.min(usualSeconds, before.seconds());
            bestSeconds = Math.min(bestSeconds, after.seconds());
          }
        }
        if (bestSeconds > WORTH * usualSeconds) {
          best = usual;
          bestSeconds = usualSeconds;
        } else {
          found.put(key, best);
        }
      }
      return new Tunable.Measured(
          "%s [%d, %d] @ %s [%d, %d]".formatted(key.a(), rows, key.k(), key.b(), key.k(), key.n()),
          usual.toString(),
          usualSeconds,
          best.toString(),
          bestSeconds,
          2.0 * rows * key.k() * key.n());
    }
  }

  private static Graph graph(MatMulTuning.Key key, MatMul op, int rows, Random random) {
    GraphBuilder g = new GraphBuilder("tune");
    Value a = g.input("a", TensorType.of(key.a(), rows, key.k()));
    HostTensor b =
        op.transposeB()
            ? normal(key.b(), random, key.n(), key.k())
            : normal(key.b(), random, key.k(), key.n());
    MatMul product = new MatMul(false, op.transposeB(), 1, Unary.Kind.IDENTITY);
    g.output("y", g.add("product", product, a, g.constant("b", b)));
    return g.build();
  }

  private static HostTensor normal(DType dtype, Random random, long... extents) {
    HostTensor tensor = HostTensor.allocate(dtype, Shape.of(extents));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  /** A product with certain tiles. */
  private final class Trial implements AutoCloseable {
    private final MatMulTiles tiles;
    private final Program program;
    private final Inputs inputs = new Inputs();

    Trial(Graph graph, Tensor a, MatMulTuning.Key key, MatMulTiles tiles) {
      this.tiles = tiles;
      this.program =
          backend.compile(
              graph, CompileOptions.DEFAULT, defaults.with(Map.of(key, tiles), "being measured"));
      inputs.put("a", a);
    }

    void mustEqual(Trial usual) {
      try (Outputs mine = program.run(inputs);
          Outputs theirs = usual.program.run(inputs)) {
        if (mine.host("y").memory().mismatch(theirs.host("y").memory()) >= 0) {
          throw new IllegalStateException(
              "tiles of %s and of %s give different products".formatted(tiles, usual.tiles));
        }
      }
    }

    /** The least time of several runs. */
    double seconds() {
      long least = Long.MAX_VALUE;
      long begin = System.nanoTime();
      for (int i = 0; i < LEAST_RUNS || System.nanoTime() - begin < SECONDS * 1e9; i++) {
        long start = System.nanoTime();
        program.run(inputs).close();
        least = Math.min(least, System.nanoTime() - start);
      }
      return least * 1e-9;
    }

    @Override
    public void close() {
      program.close();
    }
  }
}
