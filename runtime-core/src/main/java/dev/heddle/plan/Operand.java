package dev.heddle.plan;

import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Shape;
import java.util.Arrays;
import java.util.function.ToLongFunction;

/**
 * A value as kernels see it in one run: the extents that its dimensions have, and where its
 * elements begin. Elements are contiguous and row-major.
 */
public final class Operand {
  private final Value value;
  private final long[] dims;
  private long elements;
  private long address;

  /** No extents and no place yet. */
  public Operand(Value value) {
    this.value = value;
    this.dims = new long[value.type().rank()];
  }

  /** Finds the extents under the given values of the symbols. */
  public void bind(ToLongFunction<String> symbols) {
    long product = 1;
    for (int axis = 0; axis < dims.length; axis++) {
      dims[axis] = value.type().dim(axis).evaluate(symbols);
      if (dims[axis] < 0) {
        throw new NegativeExtentException(value, axis, dims[axis]);
      }
      product = Math.multiplyExact(product, dims[axis]);
    }
    elements = product;
    dtype().bytes(product);
  }

  /** An extent that came out negative; the run names its node. */
  public static final class NegativeExtentException extends ArithmeticException {
    private static final long serialVersionUID = 1L;

    private NegativeExtentException(Value value, int axis, long extent) {
      super("axis %d of %s has extent %d".formatted(axis, value, extent));
    }
  }

  /** The value. */
  public Value value() {
    return value;
  }

  /** Type of the elements. */
  public DType dtype() {
    return value.type().dtype();
  }

  /** Number of axes. */
  public int rank() {
    return dims.length;
  }

  /** Extent of {@code axis}; negative axes count from the end. */
  public long dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** Product of the extents of axes {@code [from, to)}. */
  public long product(int from, int to) {
    long product = 1;
    for (int axis = from; axis < to; axis++) {
      product *= dims[axis];
    }
    return product;
  }

  /** Bytes between neighbours along {@code axis}; of blocks, not the last. */
  public long stride(int axis) {
    return dtype().bytes(product(axis + 1, dims.length));
  }

  /** Number of elements. */
  public long elements() {
    return elements;
  }

  /** Size of the elements. */
  public long bytes() {
    return dtype().bytes(elements);
  }

  /** True where both have the same extents. */
  public boolean sameShape(Operand other) {
    return Arrays.equals(dims, other.dims);
  }

  /** The extents; a new object. */
  public Shape extents() {
    return Shape.of(dims);
  }

  /** Where the elements begin: a number that the backend gives its meaning. */
  public long address() {
    return address;
  }

  /** Says where the elements begin. */
  public void place(long address) {
    this.address = address;
  }

  /** {@code [2, 3]}. */
  public String shape() {
    return Arrays.toString(dims);
  }

  /** {@code %4 scores: f32 [rows, 64], here [7, 64]}. */
  @Override
  public String toString() {
    return value + ", here " + shape();
  }
}
