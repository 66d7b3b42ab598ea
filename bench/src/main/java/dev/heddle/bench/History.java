package dev.heddle.bench;

import dev.heddle.bench.result.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Results that are kept: a folder for each machine, a file for each run, in the runs' order. */
final class History {
  private History() {}

  /**
   * Adds one.
   *
   * @param folder of all machines
   * @return {@code folder/amd-epyc-2c/2026-01-31T12-00-00Z.json}
   */
  static Path add(Path folder, Results results) throws IOException {
    Path own = Files.createDirectories(folder.resolve(results.machine().key()));
    // Windows has no colons in names.
    Path file = own.resolve(results.made().replace(':', '-') + ".json");
    return Files.writeString(file, results.json());
  }
}
