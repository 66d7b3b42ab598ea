package dev.heddle.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The folders where CUDA's libraries may lie, besides those of the system's loader: what the user
 * names, {@code CUDA_HOME}, where CUDA is usually installed, and where pip's {@code nvidia-*}
 * wheels put it.
 *
 * @param root {@code /}
 * @param environment the process's
 * @param wanted folders that the user names, parted as in a class path; null for none
 * @param home the user's own folder
 */
record Search(Path root, Map<String, String> environment, String wanted, Path home) {
  /** The system property that names folders to look in first. */
  static final String PROPERTY = "heddle.cuda.path";

  /** Of a toolkit's folder, of Python's {@code site-packages}, or the libraries' own. */
  private static final List<String> WITHIN =
      List.of(
          "",
          "lib64",
          "lib",
          "targets/x86_64-linux/lib",
          "nvidia/cu13/lib",
          "nvidia/cublas/lib",
          "nvidia/cuda_nvrtc/lib");

  /** This process's. */
  static Search standard() {
    return new Search(
        Path.of("/"),
        System.getenv(),
        System.getProperty(PROPERTY),
        Path.of(System.getProperty("user.home")));
  }

  /** The folders that the user names: they go before all others. */
  List<Path> named() {
    Set<Path> folders = new LinkedHashSet<>();
    for (String each : split(wanted)) {
      within(Path.of(each), folders);
    }
    return existing(folders);
  }

  /** All others, those to prefer first. */
  List<Path> usual() {
    Set<Path> folders = new LinkedHashSet<>();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX")) {
      for (String each : split(environment.get(variable))) {
        within(Path.of(each), folders);
      }
    }
    Path local = root.resolve("usr/local");
    within(local.resolve("cuda"), folders);
    matches(local, "cuda-*").forEach(each -> within(each, folders));
    within(root.resolve("opt/cuda"), folders);
    for (String each :
        List.of(
            "usr/local/nvidia/lib64",
            "usr/local/nvidia/lib",
            "usr/lib/x86_64-linux-gnu",
            "usr/lib64",
            "usr/lib/wsl/lib")) {
      folders.add(root.resolve(each));
    }
    packages().forEach(each -> within(each, folders));
    return existing(folders);
  }

  /** Python's folders of packages: of the environment in use, of the user, of the system. */
  private List<Path> packages() {
    List<Path> parents = new ArrayList<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      split(environment.get(variable)).forEach(each -> parents.add(Path.of(each, "lib")));
    }
    parents.add(home.resolve(".local/lib"));
    parents.add(root.resolve("usr/local/lib"));
    parents.add(root.resolve("usr/lib"));
    List<Path> packages = new ArrayList<>();
    split(environment.get("PYTHONPATH")).forEach(each -> packages.add(Path.of(each)));
    for (Path parent : parents) {
      for (Path python : matches(parent, "python3*")) {
        packages.add(python.resolve("site-packages"));
        packages.add(python.resolve("dist-packages"));
      }
    }
    return packages;
  }

  private static void within(Path folder, Set<Path> to) {
    WITHIN.forEach(each -> to.add(folder.resolve(each).normalize()));
  }

  private static List<Path> existing(Set<Path> folders) {
    return folders.stream().filter(Files::isDirectory).toList();
  }

  private static List<String> split(String paths) {
    return paths == null
        ? List.of()
        : List.of(paths.split(File.pathSeparator)).stream().filter(p -> !p.isBlank()).toList();
  }

  /** The folders of a name, the latest version first. */
  private static List<Path> matches(Path folder, String pattern) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> each = Files.newDirectoryStream(folder, pattern)) {
      each.forEach(found::add);
    } catch (IOException | DirectoryIteratorException e) {
      return List.of();
    }
    found.sort(Comparator.comparing(Search::version, Search::compareVersions).reversed());
    return found;
  }

  private static int[] version(Path folder) {
    String digits = folder.getFileName().toString().replaceAll("[^0-9]+", " ").strip();
    return digits.isEmpty()
        ? new int[0]
        : List.of(digits.split(" ")).stream()
            .mapToInt(each -> each.length() > 9 ? 0 : Integer.parseInt(each))
            .toArray();
  }

  private static int compareVersions(int[] a, int[] b) {
    for (int i = 0; i < Math.max(a.length, b.length); i++) {
      int order = Integer.compare(i < a.length ? a[i] : -1, i < b.length ? b[i] : -1);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }
}
