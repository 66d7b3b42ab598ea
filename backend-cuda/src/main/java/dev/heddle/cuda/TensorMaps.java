package dev.heddle.cuda;

import static dev.heddle.cuda.Library.INT;
import static dev.heddle.cuda.Library.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * The driver's descriptions of matrices for bulk copies ({@code CUtensorMap}): where a kernel's are
 * made, just before its launch, which takes a copy of them. JCuda lacks the function.
 *
 * <p>A matrix is of 16-bit numbers, in whole lines of 64 as they lie in shared memory: 128 bytes,
 * whose 16-byte pieces change places line by line as {@code wgmma} reads them. What lies outside of
 * it is read as zeros.
 */
final class TensorMaps {
  /** Of a map. */
  static final int BYTES = 128;

  /** What {@link #encode} makes one of: its address, rows, columns, rows of a copy. */
  static final int WORDS = 4;

  /** Where the driver writes one. */
  private static final int ALIGNMENT = 64;

  /** Of a launch. */
  private static final int MOST = 4;

  // Enumerations of cuda.h.
  private static final int DATA_TYPE_UINT16 = 1;
  private static final int INTERLEAVE_NONE = 0;
  private static final int SWIZZLE_128B = 3;
  private static final int L2_PROMOTION_128B = 2;
  private static final int OUTSIDE_ZEROS = 0;

  /** Numbers of a line. */
  private static final int LINE = 64;

  /** Bound when first needed: a driver that lacks it serves devices that lack bulk copies. */
  private static final class Bound {
    /**
     * Map, type, axes, address; extents, steps of the outer axes in bytes, a copy's extents, its
     * steps in elements; interleave, swizzle, what the L2 cache fetches, what lies outside.
     */
    static final MethodHandle ENCODE =
        Jcuda.driver()
            .function(
                "cuTensorMapEncodeTiled",
                POINTER,
                INT,
                INT,
                POINTER,
                POINTER,
                POINTER,
                POINTER,
                POINTER,
                INT,
                INT,
                INT,
                INT);
  }

  private final MemorySegment maps;
  private final MemorySegment extents;
  private final MemorySegment steps;
  private final MemorySegment box;
  private final MemorySegment boxSteps;

  /** Its memory is {@code arena}'s. */
  TensorMaps(Arena arena) {
    this.maps = arena.allocate((long) MOST * BYTES, ALIGNMENT);
    this.extents = arena.allocate(ValueLayout.JAVA_LONG, 2);
    this.steps = arena.allocate(ValueLayout.JAVA_LONG, 1);
    this.box = arena.allocate(ValueLayout.JAVA_INT, 2);
    this.boxSteps = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 1);
    box.setAtIndex(ValueLayout.JAVA_INT, 0, LINE);
  }

  /**
   * Makes map {@code number} of a launch, of the {@link #WORDS} words at {@code at}; at address 0
   * there is none, and the kernel uses none.
   *
   * @return where it lies
   * @throws jcuda.CudaException if the driver refuses it
   */
  long encode(int number, long[] words, int at) {
    long map = maps.address() + (long) Objects.checkIndex(number, MOST) * BYTES;
    long address = words[at];
    if (address == 0) {
      return map;
    }
    long columns = words[at + 2];
    extents.setAtIndex(ValueLayout.JAVA_LONG, 0, columns);
    extents.setAtIndex(ValueLayout.JAVA_LONG, 1, words[at + 1]);
    steps.set(ValueLayout.JAVA_LONG, 0, columns * Short.BYTES);
    box.setAtIndex(ValueLayout.JAVA_INT, 1, (int) words[at + 3]);
    try {
      Status.check(
          (int)
              Bound.ENCODE.invokeExact(
                  map,
                  DATA_TYPE_UINT16,
                  2,
                  address,
                  extents.address(),
                  steps.address(),
                  box.address(),
                  boxSteps.address(),
                  INTERLEAVE_NONE,
                  SWIZZLE_128B,
                  L2_PROMOTION_128B,
                  OUTSIDE_ZEROS));
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
    return map;
  }
}
