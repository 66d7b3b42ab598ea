package dev.heddle.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Changes files at random and has them read. What is accepted is changed further, so that files
 * drift far from where they began; the first ones stay half of the stock.
 */
final class Mutants {
  private static final int MOST_KEPT = 4096;
  private static final int LONGEST_KEPT = 4096;

  private final Target target;
  private final Path folder;
  private final List<byte[]> first;
  private final List<byte[]> kept = new ArrayList<>();
  private final RandomGenerator random;

  /** Files are written to {@code folder}. */
  Mutants(Target target, List<byte[]> first, Path folder) {
    this.target = target;
    this.first = first;
    this.folder = folder;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(target.name().hashCode());
  }

  /**
   * Has {@code count} mutants read; how many of them were refused.
   *
   * @param work where the mutant is left that does harm: {@code crash-*}, or {@code journal} if it
   *     ends the process or never ends
   */
  long read(long count, Path work) throws IOException {
    long refused = 0;
    try (Journal journal = new Journal(work.resolve("journal"))) {
      for (long i = 0; i < count; i++) {
        byte[] mutant = Mutation.of(any(), any(), random);
        journal.write(mutant);
        if (!accepts(mutant, work)) {
          refused++;
        } else if (mutant.length <= LONGEST_KEPT) {
          keep(mutant);
        }
      }
    }
    return refused;
  }

  private boolean accepts(byte[] mutant, Path work) throws IOException {
    try {
      return target.accepts(mutant, folder);
    } catch (IOException | RuntimeException | Error e) {
      Path crash = work.resolve("crash-%08x".formatted(Arrays.hashCode(mutant)));
      Files.write(crash, mutant);
      throw new AssertionError(crash + " is neither read nor refused", e);
    }
  }

  private byte[] any() {
    return kept.isEmpty() || random.nextBoolean() ? shorter(any(first), any(first)) : any(kept);
  }

  private byte[] any(List<byte[]> files) {
    return files.get(random.nextInt(files.size()));
  }

  /** It takes less time, and what a long file does, mostly a short one does too. */
  private static byte[] shorter(byte[] one, byte[] other) {
    return one.length < other.length ? one : other;
  }

  private void keep(byte[] mutant) {
    if (kept.size() < MOST_KEPT) {
      kept.add(mutant);
    } else {
      kept.set(random.nextInt(MOST_KEPT), mutant);
    }
  }
}
