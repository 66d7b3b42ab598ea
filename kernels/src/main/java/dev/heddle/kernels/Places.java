package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;

/**
 * Where operands lie: a number that names a memory in its upper bits and a byte in its lower ones,
 * so that a view is a sum.
 */
final class Places {
  private static final int SHIFT = 44;
  private static final long OFFSETS = (1L << SHIFT) - 1;
  private static final int ARENA = 1;
  private static final int STAGED = 2;
  private static final int FIRST = 3;
  private static final int KINDS = 3;

  private Places() {}

  /** A byte of the run's arena. */
  static long arena(long offset) {
    return (long) ARENA << SHIFT | offset;
  }

  /** A byte of the block that small inputs are staged in. */
  static long staged(long offset) {
    return (long) STAGED << SHIFT | offset;
  }

  static long input(int position) {
    return of(position, 0);
  }

  /** The begin of a block of outputs. */
  static long output(int block) {
    return of(block, 1);
  }

  static long weight(int index) {
    return of(index, 2);
  }

  private static long of(int index, int kind) {
    return (long) (FIRST + KINDS * index + kind) << SHIFT;
  }

  static long offset(long place) {
    return place & OFFSETS;
  }

  /** Finds the memory that a place is in. */
  static DeviceMemory memory(
      long place,
      DeviceMemory arena,
      DeviceMemory staged,
      DeviceMemory[] inputs,
      DeviceMemory[] outputs,
      DeviceMemory[] weights) {
    int name = (int) (place >>> SHIFT);
    if (name < FIRST) {
      return name == ARENA ? arena : name == STAGED ? staged : null;
    }
    int index = (name - FIRST) / KINDS;
    return switch ((name - FIRST) % KINDS) {
      case 0 -> inputs[index];
      case 1 -> outputs[index];
      default -> weights[index];
    };
  }

  /** So many bytes of native memory on the host, zero. */
  static HostTensor host(long bytes) {
    return HostTensor.allocate(DType.U8, Shape.of(bytes));
  }
}
