package dev.heddle.cuda;

import dev.heddle.kernels.ModelKernels;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Compiles {@link ModelKernels} ahead of time, for the jar: {@link Images} finds them again. Says
 * so and makes nothing where there is no {@code nvcc}.
 */
final class ImageBuilder {
  private ImageBuilder() {}

  /**
   * Builds.
   *
   * @param arguments the folder of classes that goes into the jar; a folder for what {@code nvcc}
   *     makes, which a later build finds there
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path folder = Path.of(arguments[0]).resolve("dev/heddle/cuda").resolve(Images.FOLDER);
    Optional<Nvcc> nvcc = Nvcc.find(Path.of(arguments[1]));
    if (nvcc.isEmpty()) {
      System.getLogger(ImageBuilder.class.getName())
          .log(Level.INFO, "nvcc is not on the path: no kernels are compiled ahead of time");
      return;
    }
    build(nvcc.get(), folder);
  }

  /** Replaces what is in the folder. */
  private static void build(Nvcc nvcc, Path folder) throws IOException, InterruptedException {
    List<KernelUnit> units = KernelUnit.of(ModelKernels.all());
    List<Nvcc.Made> made = compile(nvcc, units);
    Files.createDirectories(folder);
    try (Stream<Path> old = Files.list(folder)) {
      for (Path each : old.toList()) {
        Files.delete(each);
      }
    }
    List<String> index = new ArrayList<>();
    for (int u = 0; u < units.size(); u++) {
      KernelUnit unit = units.get(u);
      Files.write(folder.resolve(unit.name() + Images.ENDING), made.get(u).image());
      for (int i = 0; i < unit.sources().size(); i++) {
        index.add(Images.line(unit, i));
      }
    }
    Files.write(folder.resolve(Images.INDEX), index);
  }

  private static List<Nvcc.Made> compile(Nvcc nvcc, List<KernelUnit> units)
      throws IOException, InterruptedException {
    try (ExecutorService workers =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      List<Future<Nvcc.Made>> making =
          units.stream().map(unit -> workers.submit(() -> nvcc.compile(unit))).toList();
      List<Nvcc.Made> made = new ArrayList<>();
      for (Future<Nvcc.Made> each : making) {
        made.add(each.get());
      }
      return made;
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e);
    }
  }
}
