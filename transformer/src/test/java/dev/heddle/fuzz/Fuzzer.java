package dev.heddle.fuzz;

import java.io.IOException;
import java.nio.file.Path;

/** What Jazzer calls: its conventions, not ours, name the methods. */
public final class Fuzzer {
  private static Target target;
  private static Path folder;

  private Fuzzer() {}

  /** The target's name, and a folder for files. */
  public static void fuzzerInitialize(String[] arguments) {
    target = Target.of(arguments[0]);
    folder = Path.of(arguments[1]);
  }

  /** One input. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    target.accepts(input, folder);
  }
}
