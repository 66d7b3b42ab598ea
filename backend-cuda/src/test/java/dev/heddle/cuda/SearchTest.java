package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where CUDA's libraries are looked for, by folders as people have them. */
class SearchTest {
  @TempDir private Path root;

  private Path folder(String path) throws IOException {
    return Files.createDirectories(root.resolve(path));
  }

  private List<Path> usual(Map<String, String> environment) {
    return new Search(root, environment, null, root.resolve("home/me")).usual();
  }

  @Test
  void whatTheUserNamesGoesFirstAsToolkitOrAsTheFolderItself() throws IOException {
    Path toolkit = folder("elsewhere/cuda-12.9");
    Path libraries = folder("elsewhere/cuda-12.9/lib64");
    Path alone = folder("libraries");
    Search search =
        new Search(
            root,
            Map.of(),
            toolkit + File.pathSeparator + root.resolve("absent") + File.pathSeparator + alone,
            root);
    assertEquals(List.of(toolkit, libraries, alone), search.named());
  }

  @Test
  void theEnvironmentGoesBeforeTheUsualPlacesAndTheLatestBeforeEarlierOnes() throws IOException {
    folder("usr/local/cuda-9.2/lib64");
    folder("usr/local/cuda-12.10/lib64");
    folder("usr/local/cuda-12.6/targets/x86_64-linux/lib");
    folder("opt/mine/lib64");
    folder("usr/lib/x86_64-linux-gnu");
    List<Path> found = usual(Map.of("CUDA_HOME", root.resolve("opt/mine").toString()));
    assertEquals(
        List.of(
            root.resolve("opt/mine"),
            root.resolve("opt/mine/lib64"),
            root.resolve("usr/local/cuda-12.10"),
            root.resolve("usr/local/cuda-12.10/lib64"),
            root.resolve("usr/local/cuda-12.6"),
            root.resolve("usr/local/cuda-12.6/targets/x86_64-linux/lib"),
            root.resolve("usr/local/cuda-9.2"),
            root.resolve("usr/local/cuda-9.2/lib64"),
            root.resolve("usr/lib/x86_64-linux-gnu")),
        found);
  }

  @Test
  void pipsWheelsAreFoundInTheEnvironmentInUseOfTheUserAndOfTheSystem() throws IOException {
    Path environment = root.resolve("work/.venv");
    Path own = folder("work/.venv/lib/python3.12/site-packages/nvidia/cu13/lib");
    Path user = folder("home/me/.local/lib/python3.11/site-packages/nvidia/cublas/lib");
    Path system = folder("usr/local/lib/python3.11/dist-packages/nvidia/cuda_nvrtc/lib");
    Path named = folder("packages/nvidia/cublas/lib");
    List<Path> found =
        usual(
            Map.of(
                "VIRTUAL_ENV",
                environment.toString(),
                "PYTHONPATH",
                root.resolve("packages").toString()));
    assertEquals(
        List.of(named, own, user, system),
        found.stream().filter(each -> each.endsWith("lib")).toList());
  }
}
