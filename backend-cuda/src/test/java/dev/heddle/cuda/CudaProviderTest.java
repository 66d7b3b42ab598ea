package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.heddle.backend.Backend;
import dev.heddle.backend.Backends;
import dev.heddle.kernels.KernelDevice;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is said where there is no driver: each in a process of its own. */
class CudaProviderTest {
  @TempDir private Path folder;

  @Test
  void theProviderIsFound() {
    assertTrue(
        new Backends()
            .probe().stream().anyMatch(candidate -> candidate.provider() instanceof CudaProvider));
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void withoutADriverThereIsAReasonAndARemedy() throws Exception {
    expect(
        "no NVIDIA driver is installed (libcuda.so.1)",
        "Install NVIDIA's driver",
        start(libraries(), Map.of("LD_LIBRARY_PATH", "")));
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void whatIsNoLibraryIsNoDriver() throws Exception {
    Files.writeString(folder.resolve("libcuda.so.1"), "no library");
    expect(
        "no NVIDIA driver is installed (libcuda.so.1)",
        "Install NVIDIA's driver",
        start(libraries(), Map.of("LD_LIBRARY_PATH", folder.toString())));
  }

  /** The reason, the same from both probes, and in the error of opening. */
  private static void expect(String reason, String remedy, Process child) throws Exception {
    List<String> lines = lines(child);
    assumeFalse(lines.contains("opened"), "there is a driver");
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith(reason + " | " + remedy), lines.toString());
    assertEquals(lines.get(0), lines.get(1));
    assertEquals(
        "backend cuda cannot be used here: " + lines.getFirst().replace(" | ", ". "), lines.get(2));
  }

  private Process start(List<Path> libraries, Map<String, String> environment) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Djava.io.tmpdir=" + folder);
    command.add("-cp");
    command.add(String.join(File.pathSeparator, libraries.stream().map(Path::toString).toList()));
    command.add(ProbeMain.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    return builder.redirectErrorStream(true).start();
  }

  private static List<String> lines(Process child) throws Exception {
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), output);
    return output.lines().filter(line -> !line.startsWith("WARNING")).toList();
  }

  private static List<Path> libraries() {
    return Stream.of(
            ProbeMain.class,
            CudaProvider.class,
            KernelDevice.class,
            Backend.class,
            JCudaDriver.class,
            JCublas2.class)
        .map(CudaProviderTest::root)
        .distinct()
        .toList();
  }

  /** The folder or jar that a class comes from. */
  private static Path root(Class<?> type) {
    String file = type.getName().replace('.', '/') + ".class";
    String url = type.getResource("/" + file).toString();
    String root = url.substring(0, url.length() - file.length());
    return Path.of(URI.create(root.replaceFirst("^jar:", "").replaceFirst("!?/$", "")));
  }
}
