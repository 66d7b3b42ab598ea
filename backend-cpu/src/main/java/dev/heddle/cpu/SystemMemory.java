package dev.heddle.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Set;

/**
 * Memory from the operating system.
 *
 * <p>On Linux large pieces are mapped with huge pages asked for: matrix products run 2 to 4 %
 * faster (Zen 4; fewer address translations), and touching 64 MiB for the first time takes a fifth
 * of the time. Elsewhere, and for small pieces, an arena serves.
 */
final class SystemMemory {
  private static final long HUGE_PAGE = 2 << 20;
  private static final int PAGE = 4096;
  private static final boolean IS_LINUX = System.getProperty("os.name").equals("Linux");

  /**
   * Where a machine has no masked loads, a masked load at the end of a row reads whole vectors:
   * they may reach this far past the end.
   */
  private static final int MARGIN = 64;

  private SystemMemory() {}

  /**
   * A piece of memory.
   *
   * @param free gives it back; to be run once
   */
  record Piece(long address, Runnable free) {}

  /**
   * Takes {@code bytes} bytes, aligned to a page.
   *
   * @throws OutOfMemoryError if there are no more
   */
  static Piece take(long bytes) {
    long size = Math.addExact(bytes, MARGIN);
    if (size >= HUGE_PAGE && IS_LINUX) {
      return Linux.take(size);
    }
    Arena arena = Arena.ofShared();
    try {
      return new Piece(arena.allocate(size, PAGE).address(), arena::close);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Spreads the pages of a piece, untouched so far, over memory nodes: what all threads read is
   * then served by all of them, not by the node of the thread that wrote it.
   *
   * @return false where that was refused: on small pieces, and on other systems than Linux
   */
  static boolean spread(Piece piece, long bytes, Set<Integer> nodes) {
    // Refused in some containers, which only costs time.
    return bytes >= HUGE_PAGE && IS_LINUX && Linux.interleave(piece.address(), bytes, nodes);
  }

  /** The system calls, linked when they are first needed. */
  private static final class Linux {
    private static final int READ_WRITE = 3;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final int HUGE_PAGES = 14;
    private static final long FAILED = -1;
    private static final int INTERLEAVE = 3;

    private static final MethodHandle MMAP =
        link("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MUNMAP = link("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MADVISE =
        link("madvise", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);

    @SuppressWarnings("restricted")
    private static MethodHandle link(String name, MemoryLayout result, MemoryLayout... arguments) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }

    static Piece take(long bytes) {
      long size = Math.addExact(bytes, HUGE_PAGE + PAGE - 1) & -PAGE;
      try {
        long start = (long) MMAP.invokeExact(0L, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
        if (start == FAILED) {
          throw new OutOfMemoryError("mmap refused " + size + " bytes");
        }
        long address = (start + HUGE_PAGE - 1) & -HUGE_PAGE;
        // Only advice: where it is not heeded, small pages serve.
        int advised = (int) MADVISE.invokeExact(address, start + size - address, HUGE_PAGES);
        return new Piece(address, () -> free(start, size));
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError("system calls throw nothing", e);
      }
    }

    /** mbind(2), by its number: the C library has no function for it. False if refused. */
    @SuppressWarnings("restricted")
    static boolean interleave(long address, long bytes, Set<Integer> nodes) {
      long number =
          switch (System.getProperty("os.arch")) {
            case "amd64" -> 237;
            case "aarch64" -> 235;
            default -> -1;
          };
      long mask = 0;
      for (int node : nodes) {
        mask |= node < Long.SIZE ? 1L << node : 0;
      }
      if (number < 0 || mask == 0) {
        return false;
      }
      Linker linker = Linker.nativeLinker();
      MemoryLayout[] arguments = new MemoryLayout[7];
      Arrays.fill(arguments, JAVA_LONG);
      MethodHandle syscall =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(JAVA_LONG, arguments),
              Linker.Option.firstVariadicArg(1));
      try (Arena arena = Arena.ofConfined()) {
        long nodeMask = arena.allocateFrom(JAVA_LONG, mask).address();
        long end = address + bytes & -PAGE;
        // The kernel takes one from the count of bits.
        long refused =
            (long)
                syscall.invokeExact(
                    number,
                    address,
                    end - address,
                    (long) INTERLEAVE,
                    nodeMask,
                    (long) Long.SIZE + 1,
                    0L);
        return refused == 0;
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError("system calls throw nothing", e);
      }
    }

    private static void free(long start, long size) {
      try {
        int failed = (int) MUNMAP.invokeExact(start, size);
        if (failed != 0) {
          throw new IllegalStateException("munmap refused " + size + " bytes at " + start);
        }
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError("system calls throw nothing", e);
      }
    }
  }
}
