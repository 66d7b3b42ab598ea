package dev.heddle.bench.bundle;

import dev.heddle.bench.Installed;
import dev.heddle.bench.Revision;
import dev.heddle.cli.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * Makes a bundle: {@code bin/heddle}, a script; {@code heddle.tar.xz}, which that unpacks into the
 * user's cache folder when it first runs; and a {@code README.md}.
 *
 * <p>In the archive are {@code runtime} (what jlink makes of the JDK's modules), {@code lib} (the
 * jars), {@code fixtures}, {@code heddle.args} (the JVM's options) and {@code revision.json}.
 * Nothing in it is compressed by itself: all together take half as much. The JVM's own library has
 * 25 MB and would by itself leave no room for the rest.
 */
final class Bundle {
  /**
   * The JDK's modules that the command needs. Left out are {@code java.desktop} (pictures) and
   * {@code java.xml} (Maven's metadata), which take 11 MB, compressed.
   */
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.logging",
          "java.management",
          "jdk.incubator.vector",
          "jdk.management",
          "jdk.unsupported");

  /**
   * Jars that a GPU's check does not need, by their names' begins: tokenizers, whose library alone
   * has 5 MB; what reads ONNX files; what projects texts; what draws charts.
   */
  private static final List<String> LEFT_OUT =
      List.of(
          "api-",
          "tokenizers-",
          "protobuf-java-",
          "tribuo-util-onnx-",
          "external-umap-java-",
          "xchart-");

  /** An encoder, a decoder, and both: of each the reference data, but not the tokenizer. */
  private static final Set<String> MODELS = Set.of("bert", "mistral", "t5");

  private static final String ARCHIVE = "heddle.tar.xz";

  /** x86 code compresses better with its jumps made absolute. */
  private static final String XZ = "--x86 --lzma2=preset=4 -T0";

  private final Path work;

  private Bundle(Path work) {
    this.work = work;
  }

  /**
   * Makes one.
   *
   * @param jars what {@code heddle} runs
   * @param target the bundle's folder, empty
   * @throws BadInputException where a tool that it takes is not there
   */
  static void make(Path sources, Path jars, Path target) throws IOException {
    Path work = Files.createTempDirectory("heddle-bundle");
    try {
      Bundle bundle = new Bundle(Files.createDirectory(work.resolve("content")));
      bundle.link();
      bundle.copyJars(jars);
      bundle.copyFixtures(sources);
      bundle.copyOptions(sources);
      Revision.of(sources).write(bundle.work);
      bundle.pack(target.resolve(ARCHIVE));
      script(target);
    } finally {
      delete(work);
    }
  }

  private void link() {
    ToolProvider jlink =
        ToolProvider.findFirst("jlink")
            .orElseThrow(() ->
                new BadInputException(
                    "this Java has no jlink: bundles are made from a clone, by a JDK"));
    StringWriter said = new StringWriter();
    PrintWriter to = new PrintWriter(said);
    int failed =
        jlink.run(
            to,
            to,
            "--add-modules",
            String.join(",", MODULES),
            "--strip-debug",
            "--no-header-files",
            "--no-man-pages",
            "--output",
            work.resolve("runtime").toString());
    if (failed != 0) {
      throw new BadInputException("jlink of the JDK that runs this fails: " + said);
    }
  }

  private void copyJars(Path jars) throws IOException {
    Path lib = Files.createDirectory(work.resolve("lib"));
    for (Path jar : entries(jars)) {
      String name = jar.getFileName().toString();
      if (LEFT_OUT.stream().noneMatch(name::startsWith)) {
        SlimJar.copy(jar, lib.resolve(name));
      }
    }
  }

  private void copyFixtures(Path sources) throws IOException {
    Path models = Files.createDirectories(work.resolve("fixtures/hf"));
    for (Path model : entries(Installed.fixtures(sources))) {
      if (MODELS.contains(model.getFileName().toString())) {
        Path own = Files.createDirectory(models.resolve(model.getFileName()));
        for (Path file : entries(model)) {
          if (!file.getFileName().toString().startsWith("tokenizer")) {
            Files.copy(file, own.resolve(file.getFileName()));
          }
        }
      }
    }
  }

  /** What {@code heddle.args} says, but for the paths, which the script says. */
  private void copyOptions(Path sources) throws IOException {
    List<String> options =
        Files.readAllLines(sources.resolve("heddle.args")).stream()
            .filter(line -> !line.startsWith("-Dheddle.dist=") && !line.startsWith("--class-path="))
            .filter(line -> !line.equals("dev.heddle.cli.Main"))
            .toList();
    Files.write(work.resolve("heddle.args"), options);
  }

  private void pack(Path archive) throws IOException {
    run("strip", work.resolve("runtime/lib/server/libjvm.so").toString());
    if (!run("tar", "-C", work.toString(), "-I", "xz " + XZ, "-cf", archive.toString(), ".")) {
      throw new BadInputException("a bundle is packed by tar and xz: apt-get install xz-utils");
    }
  }

  /** Whether it succeeded. */
  private static boolean run(String... command) throws IOException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static void script(Path target) throws IOException {
    String script = resource("heddle").replace("@id@", digest(target.resolve(ARCHIVE)));
    Path file = Files.createDirectory(target.resolve("bin")).resolve("heddle");
    Files.writeString(file, script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(target.resolve("README.md"), resource("README.md"));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Bundle.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String digest(Path file) throws IOException {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(sum, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** What lies directly in {@code folder}, by name. */
  static List<Path> entries(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  /** Deletes a folder and all in it. */
  static void delete(Path folder) throws IOException {
    List<Path> all = new ArrayList<>();
    try (Stream<Path> each = Files.walk(folder)) {
      each.forEach(all::add);
    }
    for (Path path : all.reversed()) {
      Files.delete(path);
    }
  }
}
