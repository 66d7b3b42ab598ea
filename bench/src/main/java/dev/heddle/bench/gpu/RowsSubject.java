package dev.heddle.bench.gpu;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.Softmax;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What is computed for each row, or element, of a matrix by itself: bound by memory. */
record RowsSubject(Kind kind, DType dtype, long rows, long columns) implements Subject {
  private static final double EPSILON = 1e-5;

  /** Rows computed again. */
  private static final int SAMPLED = 64;

  /** The operations. */
  enum Kind {
    SOFTMAX(1, 0),
    LAYER_NORM(1, 2),
    RMS_NORM(1, 1),
    GELU(1, 0),
    ADD(2, 0);

    /** Operands of the result's shape. */
    private final int matrices;

    /** Operands of a row's. */
    private final int vectors;

    Kind(int matrices, int vectors) {
      this.matrices = matrices;
      this.vectors = vectors;
    }
  }

  @Override
  public String group() {
    return "rows";
  }

  @Override
  public String shape() {
    return "%s, %d x %d".formatted(name(), rows, columns);
  }

  private String name() {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Bound bound() {
    return Bound.MEMORY;
  }

  /** Operands and result, each once. */
  @Override
  public double work() {
    return (double) dtype.bytes() * columns * (rows * (kind.matrices + 1) + kind.vectors);
  }

  @Override
  public Asked asked() {
    return Asked.ofCeiling(0.85);
  }

  @Override
  public List<HostTensor> operands(RandomData data) {
    List<HostTensor> operands = new ArrayList<>();
    for (int i = 0; i < kind.matrices; i++) {
      operands.add(data.normal(dtype, rows, columns));
    }
    for (int i = 0; i < kind.vectors; i++) {
      operands.add(data.normal(dtype, columns));
    }
    return operands;
  }

  @Override
  public Value apply(GraphBuilder graph, Value... operands) {
    return graph.add(
        name(),
        switch (kind) {
          case SOFTMAX -> new Softmax(1, false);
          case LAYER_NORM -> new LayerNorm(1, EPSILON);
          case RMS_NORM -> new RmsNorm(1, EPSILON);
          case GELU -> new Unary(Unary.Kind.GELU);
          case ADD -> new Binary(Binary.Kind.ADD);
        },
        operands);
  }

  @Override
  public String wrong(List<HostTensor> operands, HostTensor result) {
    long[] sampled = Samples.places(rows, SAMPLED);
    List<HostTensor> own = new ArrayList<>(operands);
    for (int i = 0; i < kind.matrices; i++) {
      own.set(i, Samples.part(operands.get(i), sampled, null));
    }
    return Samples.difference(Samples.part(result, sampled, null), reference(own));
  }

  @Override
  public Map<String, Object> peer() {
    return Map.of("op", name(), "rows", rows, "columns", columns, "epsilon", EPSILON);
  }
}
