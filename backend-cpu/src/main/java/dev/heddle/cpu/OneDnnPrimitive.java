package dev.heddle.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Something that oneDNN computes, of fixed shapes. Immutable: many threads may execute it, each
 * with {@link #workBytes()} bytes of its own, between {@link #begin} and {@link #end}. Executing it
 * allocates nothing on the heap.
 */
final class OneDnnPrimitive implements AutoCloseable {
  /** {@code DNNL_ARG_…}. */
  static final int FROM = 1;

  static final int TO = 17;
  static final int WEIGHTS = 33;
  private static final int SCRATCHPAD = 80;

  static final int SCRATCHPAD_LAYOUT = 136;
  private static final int DEFAULT_STREAM = 1;
  private static final int ARGUMENT_BYTES = 16;

  /** Where a work area holds the threads to restore, the stream, and its arguments. */
  private static final int THREADS = 0;

  private static final int STREAM = 8;
  private static final int ARGUMENTS = 16;

  private final OneDnn library;
  private final int[] kinds;
  private final long[] layouts;
  private final long scratchpadBytes;
  private final long descriptor;
  private final long primitive;

  /**
   * Takes a descriptor and makes its primitive, which computes on one thread.
   *
   * @param descriptor a primitive's; destroyed at {@link #close()}, or here if this fails
   * @param kinds the arguments, in the order that {@link #place} counts them
   * @param layouts of the arguments, to outlive this
   */
  OneDnnPrimitive(OneDnn library, long descriptor, int[] kinds, long[] layouts) {
    this.library = library;
    this.descriptor = descriptor;
    int threads = library.alone();
    try (Arena arena = Arena.ofConfined()) {
      long scratchpad = layout(library, descriptor, SCRATCHPAD_LAYOUT);
      scratchpadBytes = (long) library.layoutSize.invokeExact(scratchpad);
      int count = kinds.length + (scratchpadBytes == 0 ? 0 : 1);
      this.kinds = Arrays.copyOf(kinds, count);
      this.layouts = Arrays.copyOf(layouts, count);
      if (scratchpadBytes != 0) {
        this.kinds[kinds.length] = SCRATCHPAD;
        this.layouts[kinds.length] = scratchpad;
      }
      MemorySegment made = arena.allocate(ValueLayout.JAVA_LONG);
      library.made(
          "primitive", (int) library.primitiveCreate.invokeExact(made.address(), descriptor));
      primitive = made.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable e) {
      library.destroy(library.descriptorDestroy, descriptor);
      throw OneDnn.undeclared(e);
    } finally {
      library.restore(threads);
    }
  }

  /** The layout that a descriptor has chosen; it lives as long as the descriptor. */
  static long layout(OneDnn library, long descriptor, int which) {
    try {
      return (long) library.descriptorLayout.invokeExact(descriptor, which, 0);
    } catch (Throwable e) {
      throw OneDnn.undeclared(e);
    }
  }

  /** Bytes of a work area. */
  long workBytes() {
    return scratchpadAt() + scratchpadBytes;
  }

  private long scratchpadAt() {
    return NativePool.aligned(ARGUMENTS + (long) kinds.length * ARGUMENT_BYTES);
  }

  /** Readies a work area for executions by the calling thread, until {@link #end}. */
  void begin(long work) {
    Memory.zero(work, scratchpadAt());
    Memory.putInt(work + THREADS, library.alone());
    try {
      library.made(
          "stream",
          (int) library.streamCreate.invokeExact(work + STREAM, library.engine(), DEFAULT_STREAM));
      for (int i = 0; i < kinds.length; i++) {
        long argument = argument(work, i);
        Memory.putInt(argument, kinds[i]);
        library.made(
            "memory",
            (int) library.memoryCreate.invokeExact(argument + 8, layouts[i], library.engine(), 0L));
      }
      if (scratchpadBytes != 0) {
        place(work, kinds.length - 1, work + scratchpadAt());
      }
    } catch (Throwable e) {
      end(work);
      throw OneDnn.undeclared(e);
    }
  }

  private static long argument(long work, int i) {
    return work + ARGUMENTS + (long) i * ARGUMENT_BYTES;
  }

  /** Says where argument {@code i} lies. */
  void place(long work, int i, long address) {
    try {
      long memory = Memory.getLong(argument(work, i) + 8);
      OneDnn.check(
          "dnnl_memory_set_data_handle", (int) library.memoryPlace.invokeExact(memory, address));
    } catch (Throwable e) {
      throw OneDnn.undeclared(e);
    }
  }

  /** Computes, on the calling thread. */
  void execute(long work) {
    try {
      OneDnn.check(
          "dnnl_primitive_execute",
          (int)
              library.primitiveExecute.invokeExact(
                  primitive, Memory.getLong(work + STREAM), kinds.length, work + ARGUMENTS));
    } catch (Throwable e) {
      throw OneDnn.undeclared(e);
    }
  }

  /** Destroys what {@link #begin} made. */
  void end(long work) {
    for (int i = 0; i < kinds.length; i++) {
      library.destroy(library.memoryDestroy, Memory.getLong(argument(work, i) + 8));
    }
    library.destroy(library.streamDestroy, Memory.getLong(work + STREAM));
    library.restore(Memory.getInt(work + THREADS));
  }

  @Override
  public void close() {
    library.destroy(library.primitiveDestroy, primitive);
    library.destroy(library.descriptorDestroy, descriptor);
  }
}
