package dev.heddle.cuda;

import dev.heddle.kernels.ProgramCache;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code nvcc}, CUDA's compiler ahead of time. What it made stays in a folder, and is made once for
 * each text and version.
 */
final class Nvcc {
  /**
   * One list everywhere: Ampere, Ada, Hopper, Blackwell for data centres and for desks, and PTX for
   * all else from Ampere on. Hopper's own instructions need a pass of their own.
   */
  private static final String OTHERS =
      "-gencode=arch=compute_80,code=[sm_80,sm_89,sm_100,sm_120,compute_80]";

  private static final String HOPPER = "-gencode=arch=compute_90a,code=sm_90a";

  private final Path program;
  private final String version;
  private final Path folder;

  /** Made from a unit. {@code log} is the assembler's, on what each kernel needs. */
  record Made(byte[] image, String log) {}

  private Nvcc(Path program, String version, Path folder) {
    this.program = program;
    this.version = version;
    this.folder = folder;
  }

  /** That on the path; what it makes is kept in {@code folder}. */
  static Optional<Nvcc> find(Path folder) throws IOException, InterruptedException {
    Optional<Path> found =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .map(each -> Path.of(each, "nvcc"))
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Files.createDirectories(folder);
    String about = run(List.of(found.get().toString(), "--version")).said();
    String version =
        about.lines().filter(line -> line.contains("release")).findFirst().orElse(about).strip();
    return Optional.of(new Nvcc(found.get(), version, folder));
  }

  /** {@code Cuda compilation tools, release 13.0, V13.0.88}. */
  String version() {
    return version;
  }

  /**
   * Compiles a unit for all targets that it is for.
   *
   * @throws IOException with all that was said, if it was not silent
   */
  Made compile(KernelUnit unit) throws IOException, InterruptedException {
    String text = unit.text();
    List<String> options = new ArrayList<>(Nvrtc.OPTIONS);
    options.addAll(List.of("-Werror", "all-warnings", "-Xptxas", "-v"));
    // All sources of a unit are of one file.
    if (unit.sources().getFirst().isForOthers()) {
      options.add(OTHERS);
    }
    if (unit.sources().getFirst().isForHopper()) {
      options.add(HOPPER);
    }
    options.addAll(List.of("-compress-mode=size", "-fatbin"));
    String key = ProgramCache.key(text, String.join(" ", options), List.of(version));
    Path image = folder.resolve(key + ".fatbin");
    Path log = folder.resolve(key + ".log");
    if (!Files.exists(log)) {
      Path source = folder.resolve(key + ".cu");
      Path fresh = folder.resolve(key + ".new");
      Files.writeString(source, text);
      List<String> command = new ArrayList<>(List.of(program.toString()));
      command.addAll(options);
      command.addAll(List.of("-o", fresh.toString(), source.toString()));
      Run run = run(command);
      String complaints = KernelUsage.complaints(run.said());
      if (run.status() != 0 || !complaints.isEmpty()) {
        throw new IOException(
            "nvcc ends with %d for %s: %s\n%s"
                .formatted(run.status(), unit.name(), unit.sources(), complaints));
      }
      Files.delete(source);
      Files.move(fresh, image, StandardCopyOption.REPLACE_EXISTING);
      Files.writeString(log, run.said());
    }
    return new Made(Files.readAllBytes(image), Files.readString(log));
  }

  private record Run(int status, String said) {}

  private static Run run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes());
      return new Run(process.waitFor(), said);
    } finally {
      process.destroy();
    }
  }
}
