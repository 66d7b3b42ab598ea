package dev.heddle.cpu;

import dev.heddle.op.CacheWrite;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Elements;

/** Single elements of any type by address, by the rules of {@link Elements}. */
final class Scalars {
  private Scalars() {}

  static double getDouble(DType dtype, long address) {
    return switch (dtype) {
      case F64 -> Memory.getDouble(address);
      case F32 -> Memory.getFloat(address);
      case F16 -> Float.float16ToFloat(Memory.getShort(address));
      case BF16 -> Elements.bfloat16ToFloat(Memory.getShort(address));
      default -> getLong(dtype, address);
    };
  }

  /** Element {@code index} of a row that begins at {@code row}: of a cache's blocks too. */
  static double getDouble(DType dtype, long row, long index) {
    if (dtype == CacheWrite.BLOCKS) {
      long block = row + index / dtype.blockElements() * dtype.blockBytes();
      float scale = Float.float16ToFloat(Memory.getShort(block));
      return scale * Memory.getByte(block + Short.BYTES + index % dtype.blockElements());
    }
    return getDouble(dtype, row + index * dtype.bytes());
  }

  static long getLong(DType dtype, long address) {
    return switch (dtype) {
      case BOOL -> Memory.getByte(address) != 0 ? 1 : 0;
      case U8 -> Memory.getByte(address) & 0xff;
      case I8 -> Memory.getByte(address);
      case I16 -> Memory.getShort(address);
      case I32 -> Memory.getInt(address);
      case I64 -> Memory.getLong(address);
      case F16, BF16, F32, F64 -> (long) getDouble(dtype, address);
      default -> throw blocks(dtype);
    };
  }

  static void putDouble(DType dtype, long address, double value) {
    switch (dtype) {
      case F64 -> Memory.putDouble(address, value);
      case F32 -> Memory.putFloat(address, (float) value);
      // Rounding a double twice may err; Elements rounds once. Its index is in elements.
      case F16, BF16 -> Elements.putDouble(Memory.ALL, dtype, address >> 1, value);
      case BOOL -> Memory.putByte(address, (byte) (value != 0 ? 1 : 0));
      default -> putLong(dtype, address, (long) value);
    }
  }

  static void putLong(DType dtype, long address, long value) {
    switch (dtype) {
      case BOOL -> Memory.putByte(address, (byte) (value != 0 ? 1 : 0));
      case U8, I8 -> Memory.putByte(address, (byte) value);
      case I16 -> Memory.putShort(address, (short) value);
      case I32 -> Memory.putInt(address, (int) value);
      case I64 -> Memory.putLong(address, value);
      case F32 -> Memory.putFloat(address, value);
      case F64 -> Memory.putDouble(address, value);
      case F16, BF16 -> Elements.putLong(Memory.ALL, dtype, address >> 1, value);
      default -> throw blocks(dtype);
    }
  }

  private static IllegalArgumentException blocks(DType dtype) {
    return new IllegalArgumentException("an element of " + dtype + " has no address of its own");
  }

  /** Copies one element of {@code bytes} bytes, bit by bit. */
  static void move(int bytes, long from, long to) {
    switch (bytes) {
      case 1 -> Memory.putByte(to, Memory.getByte(from));
      case 2 -> Memory.putShort(to, Memory.getShort(from));
      case 4 -> Memory.putInt(to, Memory.getInt(from));
      default -> Memory.putLong(to, Memory.getLong(from));
    }
  }
}
