package dev.heddle.bench.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.bench.Revision;
import dev.heddle.cli.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * The bundle of this build, on a host without Java: nothing is on its path but what the script and
 * the simulator of CUDA need.
 */
class BundleIT {
  private static final Path SIMULATOR =
      Path.of("../backend-cuda/target/simulator").toAbsolutePath().normalize();

  /** What the script asks for, and what compiles the simulator's kernels. */
  private static final List<String> TOOLS =
      List.of("mkdir", "mv", "rm", "tar", "xz", "sh", "g++", "as", "ld");

  @TempDir static Path folder;

  private static Path bundle;

  @BeforeAll
  static void make() throws IOException {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "bundles are for Linux on x86-64");
    assumeTrue(find("xz") != null, "bundles are packed by xz: apt-get install xz-utils");
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : TOOLS) {
      if (find(tool) != null) {
        Files.createSymbolicLink(tools.resolve(tool), find(tool));
      }
    }
    bundle = folder.resolve("a bundle");
    assertEquals(
        ExitCode.OK, new CommandLine(new BundleVerb()).execute("--out", bundle.toString()));
  }

  private static Path find(String tool) {
    return Stream.of(System.getenv("PATH").split(":"))
        .map(each -> Path.of(each, tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  private record Ran(int code, String out) {}

  /** Runs the bundle's command, from elsewhere. */
  private static Ran run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(bundle.resolve("bin/heddle").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", folder.resolve("tools").toString());
    builder.environment().put("XDG_CACHE_HOME", folder.resolve("cache").toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ran(process.waitFor(), out);
  }

  private static Map<String, String> simulated(String... more) {
    assumeTrue(
        Files.exists(SIMULATOR.resolve("libcuda.so.1")),
        "The simulator of CUDA needs g++: apt-get install g++");
    Map<String, String> environment = new TreeMap<>();
    environment.put("LD_LIBRARY_PATH", SIMULATOR.toString());
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return environment;
  }

  /** The rows of a report that have a failure. */
  private static long failed(JsonNode report) {
    return StreamSupport.stream(report.at("/bench/rows").spliterator(), false)
        .filter(row -> row.get("verdict").asText().equals("failed"))
        .count();
  }

  @Test
  void itIsSmall() throws IOException {
    long bytes;
    try (Stream<Path> all = Files.walk(bundle)) {
      bytes = all.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
    assertTrue(bytes < 35_000_000, bytes + " bytes");
  }

  @Test
  void aHostWithoutAGpuIsToldSoAndNothingIsWritten() throws Exception {
    Ran devices = run(Map.of(), "devices");
    assertEquals(ExitCode.OK, devices.code(), devices.out());
    assertTrue(devices.out().contains("cpu:0"), devices.out());
    assumeTrue(devices.out().contains("cuda         not usable"), "there is a GPU");
    Ran check = run(Map.of(), "gpu-check", "--out", "none");
    assertEquals(ExitCode.BAD_INPUT, check.code(), check.out());
    assertTrue(check.out().contains("backend cuda cannot be used here: "), check.out());
    assertFalse(Files.exists(folder.resolve("none")));
  }

  @Test
  void aVerbThatNeedsTextSaysWhatABundleLeavesOut() throws Exception {
    Ran ran = run(Map.of(), "embed", "--model", "sentiment-bert", "--backend", "cpu", "a text");
    assertEquals(ExitCode.BAD_INPUT, ran.code(), ran.out());
    assertTrue(ran.out().contains("bundles for GPUs leave them out"), ran.out());
  }

  @Test
  void allOfTheCheckRunsBesideAPeer() throws Exception {
    // A peer that needs a millisecond for everything.
    Path peer = folder.resolve("tools/peer");
    Files.writeString(
        peer,
        "#!/bin/sh\necho '{\"torch\": \"9.9\"}'\n"
            + "while read -r line; do echo '{\"seconds\": 0.001}'; done\n");
    assertTrue(peer.toFile().setExecutable(true));
    Ran ran =
        run(simulated(), "gpu-check", "--small", "--out", "report", "--python", peer.toString());
    assertEquals(ExitCode.OK, ran.code(), ran.out());
    JsonNode report = new ObjectMapper().readTree(folder.resolve("report/gpu-check.json").toFile());
    assertTrue(report.get("good").asBoolean(), ran.out());
    assertEquals(Revision.of(Path.of("")).commit(), report.at("/revision/commit").asText());
    assertEquals("kit", report.at("/parts/0/name").asText());
    assertTrue(report.at("/parts/0/passed").asInt() > 50, ran.out());
    assertTrue(report.at("/parts/1/passed").asInt() > 4, ran.out());
    assertEquals(1, report.at("/bench/decode_step/recordings").asDouble(), "a graph for a token");
    assertEquals(0, report.at("/bench/decode_step/commands").asDouble(), "and nothing else");
    for (JsonNode row : report.at("/bench/rows")) {
      assertTrue(row.get("micros").asDouble() > 0, row.toString());
      assertEquals(1000, row.get("torch_micros").asDouble(), 1e-6);
      assertEquals(1000 / row.get("micros").asDouble(), row.get("of_torch").asDouble(), 1e-6);
    }
    String text = Files.readString(folder.resolve("report/gpu-check.md"));
    assertTrue(text.contains("| PyTorch | torch 9.9 |"), text);
  }

  @Test
  void whatFailsIsARowAndTheOthersAreMeasured() throws Exception {
    Ran ran =
        run(
            simulated("HEDDLE_SIM_FAIL_LAUNCH", "300"),
            "gpu-check",
            "--small",
            "--out",
            "failed",
            "--only",
            "bench",
            "--python",
            "none");
    assertEquals(ExitCode.FAILED, ran.code(), ran.out());
    JsonNode report = new ObjectMapper().readTree(folder.resolve("failed/gpu-check.json").toFile());
    assertFalse(report.get("good").asBoolean(), ran.out());
    assertEquals("[\"kit\",\"fixtures\"]", report.get("not_run").toString());
    JsonNode step = report.at("/bench/decode_step");
    assertEquals(
        1, failed(report) + (step.has("failure") ? 1 : 0), "the row of the launch that failed");
    assertTrue(
        Files.readString(folder.resolve("failed/gpu-check.md")).contains("- failed: "), ran.out());
  }
}
