package dev.heddle.cuda;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One of CUDA's libraries, loaded. It stays until the process ends, as do they all: a second
 * library that needs it by name, as JCuda's do, finds it by that name wherever it lies.
 *
 * @param file its file, or its name where the system's loader found it
 * @param major its major version
 */
record Library(String file, int major, SymbolLookup symbols) {
  /** A pointer, passed as the number that it is: no object for a call. */
  static final ValueLayout POINTER = ValueLayout.JAVA_LONG;

  static final ValueLayout INT = ValueLayout.JAVA_INT;
  static final AddressLayout SEGMENT = ValueLayout.ADDRESS;

  /**
   * Looks for {@code libNAME.so.MAJOR}.
   *
   * @param beside libraries of the same version that it needs, loaded first from where it lies
   * @param majors those to prefer first
   */
  static Optional<Library> find(Search search, String name, List<String> beside, int... majors) {
    for (int major : majors) {
      String file = "lib" + name + ".so." + major;
      for (Path folder : search.named()) {
        Optional<Library> found = in(folder, file, beside, major);
        if (found.isPresent()) {
          return found;
        }
      }
      Optional<Library> found = open(file, major);
      if (found.isPresent()) {
        return found;
      }
      for (Path folder : search.usual()) {
        found = in(folder, file, beside, major);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<Library> in(Path folder, String file, List<String> beside, int major) {
    if (!Files.exists(folder.resolve(file))) {
      return Optional.empty();
    }
    for (String other : beside) {
      Path needed = folder.resolve("lib" + other + ".so." + major);
      if (Files.exists(needed)) {
        open(needed.toString(), major);
      }
    }
    return open(folder.resolve(file).toString(), major);
  }

  @SuppressWarnings("restricted") // Loads a library of CUDA's, which is what this module is for.
  private static Optional<Library> open(String file, int major) {
    try {
      return Optional.of(
          new Library(file, major, SymbolLookup.libraryLookup(file, Arena.global())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * A function that returns an {@code int}.
   *
   * @throws UnsatisfiedLinkError if the library does not have it
   */
  MethodHandle function(String name, ValueLayout... parameters) {
    return optional(name, parameters)
        .orElseThrow(() -> new UnsatisfiedLinkError(file + " has no function " + name));
  }

  /** The same, where older versions of the library do not have it. */
  @SuppressWarnings("restricted") // The parameters are those of CUDA's documentation.
  Optional<MethodHandle> optional(String name, ValueLayout... parameters) {
    Optional<MemorySegment> address = symbols.find(name);
    return address.map(function ->
        Linker.nativeLinker()
            .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters)));
  }

  /** What to throw for what a call by {@link MethodHandle} may only declare. */
  static RuntimeException undeclared(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException exception ? exception : new IllegalStateException(e);
  }

  /** Folders that were looked in, for people. */
  static List<String> places(Search search) {
    List<String> places = new ArrayList<>(search.named().stream().map(Path::toString).toList());
    places.add("the loader's path");
    places.addAll(search.usual().stream().map(Path::toString).toList());
    return places;
  }
}
