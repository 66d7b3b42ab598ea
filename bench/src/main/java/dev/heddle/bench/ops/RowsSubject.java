package dev.heddle.bench.ops;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.Softmax;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What is computed for each row, or element, of a matrix by itself: bound by memory. */
public record RowsSubject(Kind kind, DType dtype, long rows, long columns) implements Subject {
  /** Of the norms. */
  public static final double EPSILON = 1e-5;

  /** Rows computed again. */
  private static final int SAMPLED = 64;

  /** The operations. */
  public enum Kind {
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
    return kind.name().toLowerCase(Locale.ROOT).replace("_", "");
  }

  @Override
  public String shape() {
    return rows + "x" + columns;
  }

  @Override
  public Map<String, Object> parameters() {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("rows", rows);
    parameters.put("length", columns);
    return parameters;
  }

  /** What is computed is hidden behind the memory. */
  @Override
  public double flops() {
    return 0;
  }

  @Override
  public double bytesRead() {
    return dtype.bytes(columns * (rows * kind.matrices + kind.vectors));
  }

  @Override
  public double bytesWritten() {
    return dtype.bytes(columns * rows);
  }

  @Override
  public Shape result() {
    return Shape.of(rows, columns);
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
        group(),
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
}
