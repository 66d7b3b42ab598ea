package dev.heddle.tensor;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A tensor in host memory.
 *
 * <p>Three kinds of memory stand behind it, alike in use: a Java array ({@link #of(float[],
 * long...)}; nothing to close), native memory of its own ({@link #allocate}; freed at {@link
 * #close()}), or memory that somebody else owns ({@link #wrap}; for instance a mapped file).
 */
public final class HostTensor implements Tensor {
  /** Native allocations begin at a multiple of this: a cache line, and the widest vector. */
  public static final int ALIGNMENT = 64;

  /**
   * Native allocations end this many bytes behind their last element: where a machine has no masked
   * loads, a vector that begins within a tensor is read whole.
   */
  private static final int MARGIN = 64;

  private static final int CLOSED = 1;
  private static final int LEASE = 2;

  /** Elements that a thread rounds at a time. */
  private static final int ROUNDED_AT_ONCE = 1 << 16;

  private final DType dtype;
  private final Shape shape;
  private final MemorySegment memory;
  private final boolean owner;
  private final Runnable free;

  /** Twice the number of leases, plus 1 once closed. */
  private final AtomicInteger state = new AtomicInteger();

  private HostTensor(DType dtype, Shape shape, MemorySegment memory, boolean owner, Runnable free) {
    this.dtype = Objects.requireNonNull(dtype, "dtype");
    this.shape = Objects.requireNonNull(shape, "shape");
    this.memory = memory;
    this.owner = owner;
    this.free = free;
    long bytes = size(dtype, shape);
    if (memory.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s %s needs %d bytes; the memory given has %d"
              .formatted(dtype, shape, bytes, memory.byteSize()));
    }
  }

  /** Bytes of a tensor; rows of blocks must be whole blocks. */
  private static long size(DType dtype, Shape shape) {
    if (dtype.isQuantized() && (shape.rank() == 0 || shape.dim(-1) % dtype.blockElements() != 0)) {
      throw new IllegalArgumentException(
          "%s %s: rows of %s are multiples of %d elements"
              .formatted(dtype, shape, dtype, dtype.blockElements()));
    }
    return dtype.bytes(shape.elements());
  }

  /** An F32 tensor over {@code values}, which is not copied. */
  public static HostTensor of(float[] values, long... shape) {
    return wrap(DType.F32, Shape.of(shape), MemorySegment.ofArray(values));
  }

  /** An F64 tensor over {@code values}, which is not copied. */
  public static HostTensor of(double[] values, long... shape) {
    return wrap(DType.F64, Shape.of(shape), MemorySegment.ofArray(values));
  }

  /** An I64 tensor over {@code values}, which is not copied. */
  public static HostTensor of(long[] values, long... shape) {
    return wrap(DType.I64, Shape.of(shape), MemorySegment.ofArray(values));
  }

  /** An I32 tensor over {@code values}, which is not copied. */
  public static HostTensor of(int[] values, long... shape) {
    return wrap(DType.I32, Shape.of(shape), MemorySegment.ofArray(values));
  }

  /** A BOOL tensor with a copy of {@code values}. */
  public static HostTensor of(boolean[] values, long... shape) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i] ? 1 : 0);
    }
    return wrap(DType.BOOL, Shape.of(shape), MemorySegment.ofArray(bytes));
  }

  /** A tensor without axes. */
  public static HostTensor scalar(DType dtype, double value) {
    HostTensor tensor = heap(dtype, Shape.SCALAR);
    tensor.setDouble(0, value);
    return tensor;
  }

  /** Zeros in a Java array: collected like one, nothing to close. At most 2^31 - 1 bytes. */
  public static HostTensor heap(DType dtype, Shape shape) {
    int bytes = Math.toIntExact(size(dtype, shape));
    // A long[] makes every element naturally aligned, whatever its type.
    MemorySegment memory = MemorySegment.ofArray(new long[(bytes + 7) / 8]).asSlice(0, bytes);
    return wrap(dtype, shape, memory);
  }

  /** Zeros in native memory, aligned to {@value #ALIGNMENT} bytes, freed by {@link #close()}. */
  public static HostTensor allocate(DType dtype, Shape shape) {
    long bytes = size(dtype, shape);
    long size = Math.addExact(bytes, MARGIN);
    Arena arena = Arena.ofShared();
    MemorySegment memory = arena.allocate(size, ALIGNMENT).asSlice(0, bytes);
    return new HostTensor(dtype, shape, memory, true, arena::close);
  }

  /** A view of memory that its owner keeps alive; closing it frees nothing. */
  public static HostTensor wrap(DType dtype, Shape shape, MemorySegment memory) {
    return new HostTensor(dtype, shape, memory, false, () -> {});
  }

  /** A view of memory that is given back by {@code release}, run once, at {@link #close()}. */
  public static HostTensor wrap(DType dtype, Shape shape, MemorySegment memory, Runnable release) {
    return new HostTensor(dtype, shape, memory, false, release);
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  /**
   * The elements, {@code dtype.bytes(shape.elements())} bytes.
   *
   * @throws IllegalStateException after {@link #close()}
   */
  public MemorySegment memory() {
    if ((state.get() & CLOSED) != 0) {
      throw closed();
    }
    return memory;
  }

  private IllegalStateException closed() {
    return new IllegalStateException("this tensor, " + this + ", was closed");
  }

  /**
   * Keeps the memory while something reads it by address: what {@link #close()} gives back, it then
   * gives back at the last {@link #release()}. For backends; a lease does not reach the owner of
   * memory that was {@link #wrap wrapped}.
   *
   * @throws IllegalStateException after {@link #close()}
   */
  public void retain() {
    int seen;
    do {
      seen = state.get();
      if ((seen & CLOSED) != 0) {
        throw closed();
      }
    } while (!state.compareAndSet(seen, seen + LEASE));
  }

  /** Ends a lease that {@link #retain()} began. */
  public void release() {
    if (state.addAndGet(-LEASE) == CLOSED) {
      free.run();
    }
  }

  /**
   * True for memory of the tensor's own, which nothing but {@link #close()} gives back. A vector of
   * up to 64 bytes that begins within it may be read whole: the memory goes on behind the elements.
   */
  public boolean ownsMemory() {
    return owner;
  }

  /** The same elements under another shape. Closing the view frees nothing. */
  public HostTensor reshape(long... extents) {
    return wrap(dtype, Shape.of(extents), memory());
  }

  /** Element {@code index}, row-major, as a double. */
  public double getDouble(long index) {
    return Elements.getDouble(memory(), dtype, index);
  }

  /** Element {@code index}, row-major, as a long. */
  public long getLong(long index) {
    return Elements.getLong(memory(), dtype, index);
  }

  /** Stores element {@code index}, row-major. */
  public void setDouble(long index, double value) {
    Elements.putDouble(memory(), dtype, index, value);
  }

  /** Stores element {@code index}, row-major. */
  public void setLong(long index, long value) {
    Elements.putLong(memory(), dtype, index, value);
  }

  /** All elements, converted to float. */
  public float[] toFloats() {
    if (dtype == DType.F32) {
      return memory().toArray(JAVA_FLOAT_UNALIGNED);
    }
    float[] values = new float[Math.toIntExact(shape.elements())];
    if (dtype.isQuantized()) {
      new Blocks(dtype).dequantize(memory(), 0, values.length, MemorySegment.ofArray(values), 0);
      return values;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) getDouble(i);
    }
    return values;
  }

  /**
   * The same numbers, rounded to a float type; a copy in native memory that goes when it is
   * collected, so that it need not be closed.
   *
   * @throws IllegalArgumentException if either type is none of F16, BF16 and F32
   */
  public HostTensor rounded(DType to) {
    boolean floats =
        Stream.of(dtype, to)
            .allMatch(type -> type == DType.F32 || type == DType.F16 || type == DType.BF16);
    if (!floats) {
      throw new IllegalArgumentException(
          "%s rounded to %s; expected two of f32, f16 and bf16".formatted(this, to));
    }
    MemorySegment from = memory();
    long bytes = size(to, shape);
    MemorySegment target = Arena.ofAuto().allocate(bytes + MARGIN, ALIGNMENT).asSlice(0, bytes);
    int blocks = Math.toIntExact(Math.ceilDiv(shape.elements(), ROUNDED_AT_ONCE));
    IntStream.range(0, blocks)
        .parallel()
        .forEach(block -> {
          long first = block * (long) ROUNDED_AT_ONCE;
          long end = Math.min(first + ROUNDED_AT_ONCE, shape.elements());
          for (long i = first; i < end; i++) {
            Elements.putFloat(target, to, i, Elements.getFloat(from, dtype, i));
          }
        });
    return wrap(to, shape, target);
  }

  /** All elements, converted to double. */
  public double[] toDoubles() {
    if (dtype.isQuantized()) {
      float[] floats = toFloats();
      double[] values = new double[floats.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = floats[i];
      }
      return values;
    }
    double[] values = new double[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = getDouble(i);
    }
    return values;
  }

  /** All elements, converted to long. */
  public long[] toLongs() {
    if (dtype == DType.I64) {
      return memory().toArray(JAVA_LONG_UNALIGNED);
    }
    long[] values = new long[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = getLong(i);
    }
    return values;
  }

  /** All elements, converted to int. */
  public int[] toInts() {
    if (dtype == DType.I32) {
      return memory().toArray(JAVA_INT_UNALIGNED);
    }
    int[] values = new int[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.toIntExact(getLong(i));
    }
    return values;
  }

  @Override
  public HostTensor toHost() {
    return this;
  }

  @Override
  public void close() {
    if (state.getAndUpdate(seen -> seen | CLOSED) == 0) {
      free.run();
    }
  }

  /** {@code f32 [2, 3]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
