package dev.heddle.weights;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Elements;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Quantizer;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;

/**
 * A tensor of floats row by row, a row being what its last axis holds: as stored or rearranged, to
 * be written in another type. Safe for many threads.
 */
public final class TensorRows {
  /** Elements that are converted at a time, by all threads together. */
  private static final int CHUNK = 1 << 21;

  private final Shape shape;
  private final Reader reader;

  /** Reads rows. */
  @FunctionalInterface
  private interface Reader {
    void read(long row, float[] to, int at);
  }

  private TensorRows(Shape shape, Reader reader) {
    this.shape = shape;
    this.reader = reader;
  }

  /** The rows of {@code tensor}, whose type is a float or a block-quantised one. */
  public static TensorRows of(HostTensor tensor) {
    int columns = columns(tensor.shape());
    DType type = tensor.dtype();
    MemorySegment memory = tensor.memory();
    if (type.isQuantized()) {
      return new TensorRows(
          tensor.shape(),
          (row, to, at) ->
              new Blocks(type)
                  .dequantize(
                      memory,
                      row * type.bytes(columns),
                      columns,
                      MemorySegment.ofArray(to),
                      (long) at * Float.BYTES));
    }
    return new TensorRows(
        tensor.shape(),
        (row, to, at) -> {
          for (int i = 0; i < columns; i++) {
            to[at + i] = (float) Elements.getDouble(memory, type, row * columns + i);
          }
        });
  }

  private static int columns(Shape shape) {
    return shape.rank() == 0 ? 1 : Math.toIntExact(shape.dim(-1));
  }

  /** Extents. */
  public Shape shape() {
    return shape;
  }

  /** Rows in another order: row i is row {@code order(i)} of these. */
  public TensorRows reordered(LongUnaryOperator order) {
    return new TensorRows(shape, (row, to, at) -> reader.read(order.applyAsLong(row), to, at));
  }

  /** Elements of a vector in another order: element i is element {@code order(i)} of these. */
  public TensorRows elementsReordered(LongUnaryOperator order) {
    int columns = columns(shape);
    return new TensorRows(
        shape,
        (row, to, at) -> {
          float[] from = new float[columns];
          reader.read(row, from, 0);
          for (int i = 0; i < columns; i++) {
            to[at + i] = from[(int) order.applyAsLong(i)];
          }
        });
  }

  /** The same, {@code number} added to each element. */
  public TensorRows plus(float number) {
    int columns = columns(shape);
    return new TensorRows(
        shape,
        (row, to, at) -> {
          reader.read(row, to, at);
          for (int i = at; i < at + columns; i++) {
            to[i] += number;
          }
        });
  }

  /** A matrix transposed. */
  public static TensorRows transposed(HostTensor matrix) {
    long rows = matrix.shape().dim(0);
    long columns = matrix.shape().dim(1);
    MemorySegment memory = matrix.memory();
    return new TensorRows(
        Shape.of(columns, rows),
        (row, to, at) -> {
          for (int i = 0; i < rows; i++) {
            to[at + i] = (float) Elements.getDouble(memory, matrix.dtype(), i * columns + row);
          }
        });
  }

  /** Matrices of one shape, one after the other. */
  public static TensorRows stacked(TensorRows... matrices) {
    long rows = matrices[0].shape.dim(0);
    return new TensorRows(
        Shape.of(matrices.length, rows, matrices[0].shape.dim(1)),
        (row, to, at) -> matrices[(int) (row / rows)].reader.read(row % rows, to, at));
  }

  /**
   * These rows under {@code name}, as {@code type}: F32, F16, BF16 or a block-quantised one.
   *
   * @param file what errors name
   */
  public TensorSource as(DType type, String name, Path file) {
    return new TensorSource(
        name,
        type,
        shape,
        sink -> {
          try {
            write(type, sink);
          } catch (IllegalArgumentException e) {
            String what = "tensor " + WeightFileException.quote(name);
            throw WeightFileException.of(file, what + ": " + e.getMessage(), e);
          }
        });
  }

  private void write(DType type, TensorSource.Sink sink) throws IOException {
    int columns = columns(shape);
    if (shape.elements() == 0) {
      return;
    }
    long rows = shape.elements() / columns;
    int most = (int) Math.clamp(CHUNK / columns, 1, rows);
    float[] values = new float[most * columns];
    long rowBytes = type.bytes(columns);
    MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(most * rowBytes)]);
    for (long first = 0; first < rows; first += most) {
      int count = (int) Math.min(most, rows - first);
      long from = first;
      IntStream.range(0, count)
          .parallel()
          .forEach(i -> {
            reader.read(from + i, values, i * columns);
            encode(type, values, i * columns, columns, bytes, i * rowBytes);
          });
      sink.write(bytes.asSlice(0, count * rowBytes));
    }
  }

  private static void encode(
      DType type, float[] values, int at, int count, MemorySegment to, long offset) {
    switch (type) {
      case F32 ->
          MemorySegment.copy(values, at, to, ValueLayout.JAVA_FLOAT_UNALIGNED, offset, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          short bits = Float.floatToFloat16(values[at + i]);
          to.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset + 2L * i, bits);
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          short bits = Elements.floatToBfloat16(values[at + i]);
          to.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset + 2L * i, bits);
        }
      }
      default -> new Quantizer(type).quantize(values, at, count, to, offset);
    }
  }
}
