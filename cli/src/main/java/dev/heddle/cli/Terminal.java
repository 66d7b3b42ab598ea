package dev.heddle.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Whether a person looks at the output, or types the input. */
public final class Terminal {
  private static final int STANDARD_INPUT = 0;
  private static final int STANDARD_OUTPUT = 1;
  private static final int STANDARD_ERROR = 2;

  private Terminal() {}

  /** True if colours can be seen on standard output, and nobody forbids them. */
  static boolean hasColours() {
    // The convention of no-color.org; a terminal that moves no cursor has no colours either.
    String forbidden = System.getenv("NO_COLOR");
    return (forbidden == null || forbidden.isEmpty()) && !isDumb() && isTerminal(STANDARD_OUTPUT);
  }

  /** True if a line can be drawn again and again on standard error. */
  public static boolean showsProgress() {
    return !isDumb() && isTerminal(STANDARD_ERROR);
  }

  /** True if what is read on standard input is typed. */
  static boolean readsFromPerson() {
    return isTerminal(STANDARD_INPUT);
  }

  private static boolean isDumb() {
    return "dumb".equals(System.getenv("TERM"));
  }

  /** C's {@code isatty}: the JDK tells only of input and output both. */
  @SuppressWarnings("restricted") // A function of C's library; it takes and gives an int.
  private static boolean isTerminal(int descriptor) {
    Linker linker = Linker.nativeLinker();
    SymbolLookup library = linker.defaultLookup();
    Optional<MemorySegment> function = library.find("isatty").or(() -> library.find("_isatty"));
    if (function.isEmpty()) {
      return false;
    }
    try {
      return (int)
              linker
                  .downcallHandle(
                      function.get(),
                      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                  .invokeExact(descriptor)
          != 0;
    } catch (Throwable e) {
      throw new IllegalStateException("isatty failed", e);
    }
  }
}
