package dev.heddle.bench.bundle;

import dev.heddle.bench.Installed;
import dev.heddle.cli.BadInputException;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code heddle bundle}: the command in a folder, for a host without a JDK. */
@Command(
    name = "bundle",
    description = "Make a folder that runs on a GPU's host without a JDK.",
    footerHeading = "%n",
    footer = {
      "DIR can be copied to any Linux on x86-64, and run by any user, from anywhere:",
      "DIR/bin/heddle is the command. When it first runs it unpacks itself into the",
      "user's cache folder; the host needs xz and tar, or python3. Kernels that were",
      "compiled ahead of time are in it where this build has them.",
      "",
      "To save room it lacks what a GPU's check does not need, and says so where it is",
      "asked for: tokenizers (models are fed with ids), ONNX files, pictures, Maven.",
      "",
      "Examples:",
      "  heddle bundle --out bundle",
      "  bundle/bin/heddle gpu-check --out report"
    })
public final class BundleVerb implements Verb {
  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The bundle's folder: new, empty, or a bundle, which is replaced.")
  private Path out;

  /** For the service loader. */
  public BundleVerb() {}

  @Override
  public Integer call() throws IOException {
    Path sources = Installed.sources();
    if (Installed.bundle() != null || sources == null) {
      throw new BadInputException("bundles are made from a clone of the sources: ./heddle bundle");
    }
    if (!System.getProperty("os.name").equals("Linux")
        || !System.getProperty("os.arch").equals("amd64")) {
      throw new BadInputException(
          "a bundle holds this machine's Java, which is for %s on %s; the cuda backend runs on"
                  .formatted(System.getProperty("os.name"), System.getProperty("os.arch"))
              + " Linux on x86-64 (amd64): make it there");
    }
    Path target = out.toAbsolutePath().normalize();
    checkReplaceable(target);
    Path made = fresh(target);
    try {
      Bundle.make(sources, Installed.jars(), made);
      if (Files.exists(target)) {
        Bundle.delete(target);
      }
      Files.move(made, target);
    } finally {
      if (Files.exists(made)) {
        Bundle.delete(made);
      }
    }
    spec.commandLine().getOut().printf("%s: %.1f MB%n", out, bytes(target) / 1e6);
    return ExitCode.OK;
  }

  private void checkReplaceable(Path target) throws IOException {
    if (Files.exists(target)
        && !Files.exists(target.resolve("bin/heddle"))
        && !(Files.isDirectory(target) && Bundle.entries(target).isEmpty())) {
      throw new BadInputException(
          "--out %s: is there, and no bundle; name a new folder".formatted(out));
    }
  }

  /** A folder beside {@code target}, so that it can be moved there. */
  private Path fresh(Path target) {
    try {
      Files.createDirectories(target.getParent());
      Path made = Files.createTempDirectory(target.getParent(), "bundle");
      // Any user may run it.
      return Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new BadInputException("--out " + out + ": cannot be made: " + e, e);
    }
  }

  private static long bytes(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }
}
