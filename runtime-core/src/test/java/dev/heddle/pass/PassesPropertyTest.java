package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Expand;
import dev.heddle.op.Op;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary.Kind;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Random graphs: whatever the passes find in them, the results stay. */
class PassesPropertyTest {
  @Property(tries = 300)
  void standardPassesKeepTheMeaningOfAnyGraph(@ForAll long seed) {
    Graph before = random(seed);
    Assume.that(Before.canRun(before));
    Graph after = Before.same(before, Passes.standard());
    assertTrue(after.nodes().size() <= before.nodes().size() + 3, after::text);
  }

  @Test
  void theRandomGraphsContainWhatThePassesLookFor() {
    Set<String> found = new HashSet<>();
    for (long seed = 0; seed < 300; seed++) {
      found.addAll(Before.count(Passes.standard().apply(random(seed))).keySet());
    }
    assertTrue(
        found.containsAll(Set.of("Attention", "LayerNorm", "RmsNorm", "GELU", "MatMul")),
        found::toString);
  }

  private static Graph random(long seed) {
    Random random = new Random(seed);
    Before b = new Before();
    List<Value> values = new ArrayList<>();
    values.add(b.input("x", "batch", "six", 6));
    values.add(b.input("y", "batch", "six", 6));
    values.add(b.input("z", 1, "six", 6));
    values.add(b.weight("w", 6, 6));
    values.add(b.weight("v", 6));
    values.add(b.number(0.5));
    values.add(b.number(1));
    values.add(b.number(0));
    int steps = 2 + random.nextInt(14);
    while (steps > 0) {
      try {
        values.add(step(b, values, random));
        steps--;
      } catch (GraphException e) {
        // These operands do not fit each other; take others.
        continue;
      }
    }
    for (int i = 0; i < 3; i++) {
      b.g.output("out" + i, values.get(values.size() - 1 - i * random.nextInt(3)));
    }
    return b.g.build();
  }

  private static Value pick(List<Value> values, Random random) {
    // Late values more often, so that chains grow.
    return values.get(Math.max(random.nextInt(values.size()), random.nextInt(values.size())));
  }

  private static Value step(Before b, List<Value> values, Random random) {
    Value x = pick(values, random);
    Value y = pick(values, random);
    return switch (random.nextInt(16)) {
      case 0, 1 -> binary(b, Binary.Kind.ADD, x, y);
      case 2 -> binary(b, Binary.Kind.SUB, x, y);
      case 3 -> binary(b, Binary.Kind.MUL, x, y);
      case 4 -> b.g.divide(x, b.number(1 + random.nextInt(2)));
      case 5, 6 -> b.g.matmul(x, y);
      case 7 -> b.g.unary(pickUnary(random), x);
      case 8 -> b.g.add("softmax", new Softmax(last(x), false), x);
      case 9 -> transpose(b, x, random);
      case 10 -> b.g.add("reshape", new Reshape(reshaped(x, random)), x);
      case 11 -> view(b, x, y, random);
      case 12 -> norm(b, x, random.nextBoolean());
      case 13 -> gelu(b, x, random);
      case 14 -> attention(b, x, y, random);
      default -> b.g.concat(last(x), x, y);
    };
  }

  private static int last(Value x) {
    if (x.type().rank() == 0) {
      throw new GraphException("a scalar has no last axis");
    }
    return x.type().rank() - 1;
  }

  private static Value binary(Before b, Binary.Kind kind, Value x, Value y) {
    return b.binary(kind, x, y);
  }

  private static Kind pickUnary(Random random) {
    return List.of(Kind.TANH, Kind.ERF, Kind.SIGMOID, Kind.RELU, Kind.NEG, Kind.IDENTITY)
        .get(random.nextInt(6));
  }

  private static Value transpose(Before b, Value x, Random random) {
    List<Integer> axes = new ArrayList<>(IntStream.range(0, x.type().rank()).boxed().toList());
    Collections.shuffle(axes, random);
    return b.g.add("transpose", new Transpose(axes), x);
  }

  private static List<Dim> reshaped(Value x, Random random) {
    List<Dim> dims = new ArrayList<>(x.type().dims());
    switch (random.nextInt(3)) {
      case 0 -> dims.add(random.nextInt(dims.size() + 1), Dim.ONE);
      case 1 -> dims.removeIf(dim -> dim.is(1));
      default -> {
        int last = last(x);
        if (!dims.get(last).is(6)) {
          throw new GraphException("nothing to split");
        }
        dims.set(last, Dim.of(2));
        dims.add(Dim.of(3));
      }
    }
    return dims;
  }

  private static Value view(Before b, Value x, Value y, Random random) {
    int last = last(x);
    Op op =
        switch (random.nextInt(4)) {
          case 0 -> new Slice(last, Dim.ZERO, x.type().dim(last), 1);
          case 1 -> new Expand(y.type().dims());
          default -> part(x, random.nextInt(x.type().rank()), random);
        };
    return b.g.add("view", op, x);
  }

  private static Slice part(Value x, int axis, Random random) {
    Dim extent = x.type().dim(axis);
    if (!extent.isFixed() || extent.fixed() < 2) {
      throw new GraphException("nothing to part");
    }
    int start = random.nextInt((int) extent.fixed());
    return new Slice(axis, Dim.of(start), Dim.of(extent.fixed() - start), 1);
  }

  private static Value norm(Before b, Value x, boolean centred) {
    int last = last(x);
    Reduce mean = new Reduce(Reduce.Kind.MEAN, List.of(last), true);
    Value u = centred ? b.g.subtract(x, b.g.add("mean", mean, x)) : x;
    Value variance = b.g.add("mean", mean, b.g.multiply(u, u));
    Value root = b.g.unary(Kind.SQRT, b.g.add(variance, b.number(0.01)));
    return b.g.divide(u, root);
  }

  private static Value gelu(Before b, Value x, Random random) {
    Value erf = b.g.unary(Kind.ERF, b.g.divide(x, b.number(Math.sqrt(2))));
    Value onePlus = b.g.add(b.number(1), erf);
    return random.nextBoolean()
        ? b.g.multiply(b.g.multiply(x, b.number(0.5)), onePlus)
        : b.g.multiply(b.number(0.5), b.g.multiply(onePlus, x));
  }

  private static Value attention(Before b, Value x, Value y, Random random) {
    Value q = split(b, x);
    Value k = split(b, y);
    Value scores = b.g.add("t", new Transpose(List.of(0, 1, 3, 2)), k);
    scores = b.g.divide(b.g.matmul(q, scores), b.number(3));
    if (random.nextBoolean()) {
      scores = b.g.add(scores, b.number(random.nextInt(2)));
    }
    Value result = b.g.matmul(b.g.softmax(scores, -1), split(b, random.nextBoolean() ? x : y));
    Value joined = b.g.transpose(result, 0, 2, 1, 3);
    return b.g.reshape(joined, "batch", "six", 6);
  }

  private static Value split(Before b, Value x) {
    if (!x.type().toString().equals("f32 [batch, six, 6]")) {
      throw new GraphException("not to be split");
    }
    return b.g.transpose(b.g.reshape(x, "batch", "six", 2, 3), 0, 2, 1, 3);
  }
}
