package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.backend.UnsupportedGraphException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Fill;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Sample;
import dev.heddle.op.Unary;
import dev.heddle.reference.ReferenceBackend;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Small models in narrow types: what is lost is at most twice what the interpreter loses, which
 * rounds each result as it should be, and that is little.
 */
final class ComputeTypeCases {
  private static final int VOCABULARY = 61;
  private static final int HIDDEN = 48;
  private static final int HEADS = 4;
  private static final int KEY_HEADS = 2;
  private static final int HEAD_DIM = HIDDEN / HEADS;
  private static final int KEY_COLUMNS = KEY_HEADS * HEAD_DIM;
  private static final int LAYERS = 2;
  private static final int PAGE_TOKENS = 4;
  private static final int PAGES = 6;

  private ComputeTypeCases() {}

  static Stream<Case> all() {
    return Stream.of(ComputeType.F16, ComputeType.BF16)
        .flatMap(type -> Stream.of(encoder(type), decoder(type)));
  }

  /** The squared error over the squared values that rounding may cost. */
  private static double limit(DType type) {
    return type == DType.F16 ? 1e-5 : 1e-3;
  }

  private static DType stored(ComputeType type) {
    return type == ComputeType.F16 ? DType.F16 : DType.BF16;
  }

  private interface Run {
    /** What a model gives, computed in {@code type}. */
    List<float[]> on(Backend backend, ComputeType type);
  }

  private static Case compared(ComputeType type, String what, Run run) {
    return new Case(
        "ComputeType",
        stored(type),
        what,
        (backend, data) -> {
          try (Backend interpreter = new ReferenceBackend()) {
            List<float[]> want = run.on(interpreter, ComputeType.F32);
            List<float[]> naive = run.on(interpreter, type);
            List<float[]> got = run.on(backend, type);
            for (int i = 0; i < want.size(); i++) {
              double unavoidable = error(naive.get(i), want.get(i));
              double own = error(got.get(i), want.get(i));
              if (!(unavoidable > 0 && unavoidable < limit(stored(type)))) {
                return new Outcome.Failed(
                    "result %d: the interpreter loses %.2e".formatted(i, unavoidable));
              }
              if (!(own <= 4 * unavoidable)) {
                return new Outcome.Failed(
                    "result %d: loses %.2e of the squares; the interpreter %.2e"
                        .formatted(i, own, unavoidable));
              }
            }
            return new Outcome.Passed();
          } catch (UnsupportedGraphException e) {
            return new Outcome.Unsupported(e.getMessage());
          }
        });
  }

  private static double error(float[] got, float[] want) {
    double squares = 0;
    double errors = 0;
    for (int i = 0; i < want.length; i++) {
      errors += Math.pow(got[i] - want[i], 2);
      squares += Math.pow(want[i], 2);
    }
    return got.length == want.length ? errors / squares : Double.NaN;
  }

  private static CompileOptions in(ComputeType type) {
    return CompileOptions.DEFAULT.withComputeType(type);
  }

  private static Case encoder(ComputeType type) {
    Data data = new Data("texts");
    int[][] texts = Stream.of(7, 33, 1, 20).map(n -> Encoder.ids(data, n)).toArray(int[][]::new);
    return compared(
        type,
        "an encoder",
        (backend, own) -> {
          try (Program program = backend.compile(Encoder.ragged(), in(own))) {
            var results = Programs.run(backend, program, Encoder.inputs(texts));
            return results.values().stream().map(HostTensor::toFloats).toList();
          }
        });
  }

  private static Case decoder(ComputeType type) {
    return compared(
        type,
        "a decoder with a cache, step by step",
        (backend, own) -> {
          DType cache = own == ComputeType.F32 ? DType.F32 : stored(own);
          try (Program program = backend.compile(new Llama(cache).build(), in(own))) {
            return steps(backend, program, cache);
          }
        });
  }

  /**
   * Logits after a prompt and after each of the tokens behind it, and what is drawn of the last.
   */
  private static List<float[]> steps(Backend backend, Program program, DType cache) {
    int[] ids = Encoder.ids(new Data("a text"), 15);
    Arrays.setAll(ids, i -> ids[i] % VOCABULARY);
    int[] order = {4, 0, 3, 5};
    List<float[]> logits = new ArrayList<>();
    List<Tensor> pages = new ArrayList<>();
    try {
      for (int i = 0; i < 2 * LAYERS; i++) {
        Shape shape = Shape.of(PAGES, PAGE_TOKENS, KEY_COLUMNS);
        pages.add(backend.upload(HostTensor.heap(cache, shape)));
      }
      int count = 9;
      for (int at = 0; at < ids.length; at += count, count = 2) {
        int first = at;
        int[] positions = new int[count];
        Arrays.setAll(positions, i -> first + i);
        int[] slots =
            Arrays.stream(positions)
                .map(p -> order[p / PAGE_TOKENS] * PAGE_TOKENS + p % PAGE_TOKENS)
                .toArray();
        Inputs inputs =
            Inputs.of(
                    "ids", HostTensor.of(Arrays.copyOfRange(ids, at, at + count), count),
                    "positions", HostTensor.of(positions, count))
                .put("slots", HostTensor.of(slots, count))
                .put("starts", HostTensor.of(new int[] {0, count}, 2))
                .put("table", HostTensor.of(order, 1, order.length))
                .put("lengths", HostTensor.of(new int[] {at + count}, 1));
        for (int i = 0; i < pages.size(); i++) {
          inputs.put("pages." + i, pages.get(i));
        }
        try (Outputs outputs = program.run(inputs);
            HostTensor host = outputs.host("logits");
            HostTensor drawn = outputs.host("drawn")) {
          float[] own = host.toFloats();
          logits.add(own);
          requireGreatest(own, drawn.toInts());
        }
      }
      return logits;
    } finally {
      pages.forEach(Tensor::close);
    }
  }

  private static void requireGreatest(float[] logits, int[] drawn) {
    for (int row = 0; row < drawn.length; row++) {
      for (int i = 0; i < VOCABULARY; i++) {
        if (logits[row * VOCABULARY + i] > logits[row * VOCABULARY + drawn[row]]) {
          throw new AssertionError("what is drawn greedily is not the greatest of the logits");
        }
      }
    }
  }

  /** A LLaMA (Touvron et al., 2023) of two layers with random weights. */
  private static final class Llama {
    private final GraphBuilder g = new GraphBuilder("decoder");
    private final Data data = new Data("decoder");
    private final DType cache;

    Llama(DType cache) {
      this.cache = cache;
    }

    private Value weight(String name, long... shape) {
      double deviation = shape.length == 2 ? 1 / Math.sqrt(shape[1]) : 0.2;
      return g.constant(name, data.gaussian(DType.F32, 0, deviation, shape));
    }

    private Value linear(String name, Value x, int in, int out) {
      return g.linear(name, x, weight(name, out, in), null);
    }

    private Value ints(String name, Object... dims) {
      return g.input(name, TensorType.of(DType.I32, dims));
    }

    Graph build() {
      Value positions = ints("positions", "tokens");
      Value words = weight("words", VOCABULARY, HIDDEN);
      Value x = g.embedding("words", words, ints("ids", "tokens"));
      Value[] paging = {
        ints("slots", "tokens"), ints("starts", 2), ints("table", 1, "most"), ints("lengths", 1)
      };
      double[] angles = new double[PAGES * PAGE_TOKENS * HEAD_DIM / 2];
      for (int i = 0; i < angles.length; i++) {
        int pair = i % (HEAD_DIM / 2);
        angles[i] = (i / (HEAD_DIM / 2)) * Math.pow(10_000, -2.0 * pair / HEAD_DIM);
      }
      Value cos = table("cos", Arrays.stream(angles).map(Math::cos).toArray());
      Value sin = table("sin", Arrays.stream(angles).map(Math::sin).toArray());
      for (int layer = 0; layer < LAYERS; layer++) {
        String at = "layer." + layer + ".";
        Value in = g.rmsNorm(at + "norm", x, weight(at + "norm", HIDDEN), 1e-6);
        Value query = rotated(linear(at + "q", in, HIDDEN, HIDDEN), HEADS, cos, sin, positions);
        Value key = linear(at + "k", in, HIDDEN, KEY_COLUMNS);
        key = rotated(key, KEY_HEADS, cos, sin, positions);
        Value value = linear(at + "v", in, HIDDEN, KEY_COLUMNS);
        Attention op =
            new Attention(
                HEADS,
                KEY_HEADS,
                Layout.RAGGED,
                1 / Math.sqrt(HEAD_DIM),
                Causal.BOTTOM_RIGHT,
                0,
                0,
                Attention.Map.NONE);
        Value seen =
            g.add(
                at + "attention",
                op,
                query,
                written("pages." + 2 * layer, key, paging[0]),
                written("pages." + (2 * layer + 1), value, paging[0]),
                null,
                paging[1],
                null,
                paging[3],
                null,
                null,
                paging[2]);
        x = g.add(x, linear(at + "o", seen, HIDDEN, HIDDEN));
        Value normed = g.rmsNorm(at + "norm2", x, weight(at + "norm2", HIDDEN), 1e-6);
        Value gate = g.unary(Unary.Kind.SILU, linear(at + "gate", normed, HIDDEN, 80));
        Value up = linear(at + "up", normed, HIDDEN, 80);
        x = g.add(x, linear(at + "down", g.multiply(gate, up), 80, HIDDEN));
      }
      Value last = g.rmsNorm("norm", x, weight("norm", HIDDEN), 1e-6);
      Value logits = g.linear("logits", last, words, null);
      g.output("logits", logits);
      Value zeros = filled("zeros", DType.F32, 0);
      Value drawn =
          g.add(
              "sample",
              new Sample(),
              logits,
              zeros,
              filled("all", DType.I32, 0),
              filled("ones", DType.F32, 1),
              zeros);
      return g.output("drawn", drawn).build();
    }

    private Value filled(String name, DType type, double value) {
      return g.add(name, new Fill(type, TensorType.of(type, "tokens").dims(), value));
    }

    private Value table(String name, double[] values) {
      float[] floats = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        floats[i] = (float) values[i];
      }
      int columns = HEAD_DIM / 2;
      return g.constant(name, HostTensor.of(floats, floats.length / columns, columns));
    }

    private Value rotated(Value x, int heads, Value cos, Value sin, Value positions) {
      return g.add("rotary", new RotaryEmbedding(heads, HEAD_DIM, false), x, cos, sin, positions);
    }

    private Value written(String name, Value rows, Value slots) {
      Value pages = g.input(name, TensorType.of(cache, PAGES, PAGE_TOKENS, KEY_COLUMNS));
      return g.add(name, new CacheWrite(), pages, rows, slots);
    }
  }
}
