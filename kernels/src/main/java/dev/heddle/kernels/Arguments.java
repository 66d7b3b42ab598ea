package dev.heddle.kernels;

import java.util.Arrays;

/**
 * A kernel's arguments, in order. Filled, launched, cleared and filled again; once warm it
 * allocates nothing. Not for several threads at once.
 */
public final class Arguments {
  /** What an argument is. */
  public enum Kind {
    /** Device memory: its begin. */
    MEMORY,
    /** 32 bits. */
    INT,
    /** 64 bits. */
    LONG,
    /** 32 bits. */
    FLOAT,
    /** 64 bits. */
    DOUBLE,
    /**
     * A matrix of 16-bit numbers in device memory as CUDA's bulk copies see it, for kernels for
     * Hopper alone: one argument, here followed by three of the kind {@link #MAPPED}.
     */
    MAP,
    /** What belongs to the last {@link #MAP}: its rows, its columns, rows of a copy. */
    MAPPED
  }

  private Kind[] kinds;
  private long[] bits;
  private DeviceMemory[] memories;
  private int count;

  /** None yet. */
  public Arguments() {
    this(new Kind[16], new long[16], new DeviceMemory[16], 0);
  }

  private Arguments(Kind[] kinds, long[] bits, DeviceMemory[] memories, int count) {
    this.kinds = kinds;
    this.bits = bits;
    this.memories = memories;
    this.count = count;
  }

  /** The same arguments, which keep their values when these are cleared. */
  public Arguments copy() {
    return new Arguments(
        Arrays.copyOf(kinds, count),
        Arrays.copyOf(bits, count),
        Arrays.copyOf(memories, count),
        count);
  }

  /** Forgets all. */
  public Arguments clear() {
    Arrays.fill(memories, 0, count, null);
    count = 0;
    return this;
  }

  /**
   * The two arguments that the dialect's {@code TENSOR(name)} stands for: memory, and where in it
   * the first element lies, in bytes. No memory stands for an operand that is absent.
   */
  public Arguments tensor(DeviceMemory memory, long offset) {
    add(Kind.MEMORY, 0, memory);
    return add(Kind.LONG, offset, null);
  }

  /** Memory, from its begin. */
  public Arguments memory(DeviceMemory memory) {
    return add(Kind.MEMORY, 0, memory);
  }

  /** An {@code i32}. */
  public Arguments put(int value) {
    return add(Kind.INT, value, null);
  }

  /** An {@code i64}. */
  public Arguments put(long value) {
    return add(Kind.LONG, value, null);
  }

  /** A {@code float}. */
  public Arguments put(float value) {
    return add(Kind.FLOAT, Float.floatToRawIntBits(value) & 0xffffffffL, null);
  }

  /** A {@code double}. */
  public Arguments put(double value) {
    return add(Kind.DOUBLE, Double.doubleToRawLongBits(value), null);
  }

  /**
   * {@code MAP(name)}: a matrix whose rows follow one another, {@code columns} a multiple of 8, at
   * a multiple of 16 bytes.
   *
   * @param memory null for none, where the kernel does not use it
   * @param offset where in it the first element lies, in bytes
   * @param lines rows that are copied at a time, 256 at most, of 64 columns each
   */
  public Arguments map(DeviceMemory memory, long offset, long rows, long columns, int lines) {
    add(Kind.MAP, offset, memory);
    add(Kind.MAPPED, rows, null);
    add(Kind.MAPPED, columns, null);
    return add(Kind.MAPPED, lines, null);
  }

  private Arguments add(Kind kind, long value, DeviceMemory memory) {
    if (count == kinds.length) {
      kinds = Arrays.copyOf(kinds, 2 * count + 1);
      bits = Arrays.copyOf(bits, 2 * count + 1);
      memories = Arrays.copyOf(memories, 2 * count + 1);
    }
    kinds[count] = kind;
    bits[count] = value;
    memories[count] = memory;
    count++;
    return this;
  }

  /** Number of arguments. */
  public int count() {
    return count;
  }

  /** What argument {@code index} is. */
  public Kind kind(int index) {
    return kinds[index];
  }

  /** The value of argument {@code index}, or its bits. */
  public long bits(int index) {
    return bits[index];
  }

  /** The memory of argument {@code index}; null for none. */
  public DeviceMemory memory(int index) {
    return memories[index];
  }
}
