package dev.heddle.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every parser of files that come from elsewhere: an input is read, or refused with the parser's
 * own error, in little time and memory; nothing else.
 */
class FuzzTest {
  private static final long FEW_MUTANTS = 2_000;

  /** Inputs that once did harm, and valid ones, a folder a target. */
  private static final Path FOUND = Path.of("src/test/fuzz");

  /** What Jazzer learns is kept for the next run. */
  private static final Path WORK = Path.of("target/fuzz").toAbsolutePath();

  @TempDir private Path folder;

  static Stream<String> targets() {
    String only = System.getProperty("heddle.fuzz.parser", "");
    return Target.ALL.stream()
        .map(Target::name)
        .filter(name -> only.isEmpty() || name.equals(only));
  }

  @ParameterizedTest
  @MethodSource("targets")
  void validFilesAreReadAndWhatOnceDidHarmDoesNone(String name) throws IOException {
    Target target = Target.of(name);
    for (byte[] seed : target.seeds()) {
      assertTrue(target.acceptsBothWays(seed, folder));
    }
    for (Path file : files(FOUND.resolve(name))) {
      byte[] input = Files.readAllBytes(file);
      assertTimeoutPreemptively(
          Duration.ofSeconds(10), () -> target.acceptsBothWays(input, folder), file::toString);
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void mutatedFilesAreReadOrRefused(String name) throws IOException {
    Target target = Target.of(name);
    Path work = WORK.resolve(name);
    List<byte[]> seeds = new ArrayList<>(target.seeds());
    long count = Long.getLong("heddle.fuzz.mutants", FEW_MUTANTS);
    if (count > FEW_MUTANTS) {
      for (Path folder : List.of(FOUND.resolve(name), work.resolve("corpus"))) {
        for (Path file : files(folder)) {
          seeds.add(Files.readAllBytes(file));
        }
      }
    }
    long start = System.nanoTime();
    long refused = new Mutants(target, seeds, folder).read(count, work);
    long seconds = (System.nanoTime() - start) / 1_000_000_000;
    String found = "%s: %d mutants, %d refused, %d s".formatted(name, count, refused, seconds);
    if (count > FEW_MUTANTS) {
      System.out.println(found);
    }
    // Some are wrong and some are not: the mutations reach what they should.
    assertTrue(refused > count / 20 && refused < count, found);
  }

  /** Coverage leads the inputs: <a href="https://github.com/CodeIntelligenceTesting">Jazzer</a>. */
  @ParameterizedTest
  @MethodSource("targets")
  void aFuzzerFindsNothing(String name) throws IOException, InterruptedException {
    int seconds = Integer.getInteger("heddle.fuzz.seconds", 0);
    assumeTrue(seconds > 0, "-Dheddle.fuzz.seconds=N fuzzes each parser for so long");
    Path work = WORK.resolve(name);
    Path log = Files.createDirectories(work).resolve("log.txt");
    Path corpus = Files.createDirectories(work.resolve("corpus"));
    Path seeds = Files.createDirectories(work.resolve("seeds"));
    int count = 0;
    for (byte[] seed : Target.of(name).seeds()) {
      Files.write(seeds.resolve("seed-" + count++), seed);
    }
    Process jazzer =
        new ProcessBuilder(command(name, seconds, corpus, seeds))
            .directory(Path.of("").toAbsolutePath().toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertTrue(jazzer.waitFor(seconds + 600, TimeUnit.SECONDS), "it does not end");
    } finally {
      jazzer.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(log);
    assertEquals(0, jazzer.exitValue(), () -> tail(lines));
    String done = lines.stream().filter(line -> line.startsWith("Done ")).findFirst().orElseThrow();
    System.out.println(name + ": " + done);
  }

  private List<String> command(String name, int seconds, Path corpus, Path seeds) {
    List<String> path = new ArrayList<>();
    path.add(Path.of("target/test-classes").toAbsolutePath().toString());
    for (String property : List.of("jdk.module.path", "java.class.path")) {
      path.add(Objects.requireNonNullElse(System.getProperty(property), ""));
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"));
    command.add("-Dheddle.cache=" + System.getProperty("heddle.cache"));
    command.addAll(List.of("-cp", String.join(File.pathSeparator, path)));
    command.add("com.code_intelligence.jazzer.Jazzer");
    command.add("--target_class=" + Fuzzer.class.getName());
    command.add("--target_args=" + name + " " + folder);
    command.add("--instrumentation_includes=dev.heddle.**:com.fasterxml.jackson.core.**");
    command.add("--reproducer_path=" + folder);
    command.add("-artifact_prefix=" + corpus.getParent() + File.separator);
    // What computes for long fails by itself; this is for what waits, on a machine that is busy.
    command.addAll(List.of("-timeout=300", "-max_len=4096", "-max_total_time=" + seconds));
    command.addAll(List.of(corpus.toString(), seeds.toString()));
    if (Files.isDirectory(FOUND.resolve(name))) {
      command.add(FOUND.resolve(name).toString());
    }
    return command;
  }

  private static String tail(List<String> lines) {
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
  }

  private static List<Path> files(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
