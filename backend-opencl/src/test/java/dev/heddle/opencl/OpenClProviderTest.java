package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.reference.ReferenceProvider;
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
import org.jocl.CL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Finding devices, and what is said where there are none: each in a process of its own. */
class OpenClProviderTest {
  @TempDir private Path folder;

  @Test
  void theProviderIsFound() {
    assertTrue(
        new Backends()
            .probe().stream()
                .anyMatch(candidate -> candidate.provider() instanceof OpenClProvider));
  }

  @Test
  @NeedsPlatform
  void aDeviceIsChosenByPlaceOrByPartOfItsName() {
    OpenClProvider provider = new OpenClProvider();
    DeviceInfo first = ((Probe.Usable) provider.probe()).devices().getFirst();
    String part = first.name().substring(1, first.name().length() / 2).toUpperCase();
    for (String wanted : new String[] {null, "0", part}) {
      try (Backend backend = provider.open(BackendOptions.DEFAULT.withDevice(wanted))) {
        assertEquals(first, backend.device());
        assertEquals("opencl:0 (" + first.name() + ")", backend.device().toString());
      }
    }
    for (String wanted : List.of("99", "no such device")) {
      String refused =
          assertThrows(
                  BackendUnavailableException.class,
                  () -> provider.open(BackendOptions.DEFAULT.withDevice(wanted)))
              .getMessage();
      assertTrue(
          refused.startsWith(
              "backend opencl has no device \"%s\"; there is 0 (%s)"
                  .formatted(wanted, first.name())),
          refused);
    }
  }

  @Test
  @NeedsPlatform
  void autoTakesTheNextWhereAKernelDoesNotCompile() {
    Backends backends = new Backends(List.of(new ReferenceProvider(), new OpenClProvider()));
    Backends.Selected<Backend> selected =
        backends.load(
            Backends.AUTO,
            BackendOptions.DEFAULT,
            backend -> {
              if (backend.device().backend().equals(OpenClProvider.NAME)) {
                try (OpenClDevice device = OpenClDevice.open(BackendOptions.DEFAULT)) {
                  TestKernels.compile(device, "broken", "__kernel void broken( {}");
                }
              }
              return backend;
            });
    try (Backend backend = selected.value()) {
      assertEquals("reference", backend.device().backend());
      assertTrue(selected.reason().contains("test.cl broken [] does not compile for opencl:0"));
      assertEquals(1, selected.reason().lines().count());
    }
  }

  @Test
  @NeedsPlatform
  void aDeviceTellsWhatItIs() {
    DeviceInfo device = ((Probe.Usable) new OpenClProvider().probe()).devices().getFirst();
    assertEquals(
        List.of(
            "kind", "platform", "driver", "memory", "compute units", "local memory", "computes"),
        List.copyOf(device.details().keySet()));
    assertTrue(device.details().values().stream().noneMatch(String::isBlank));
    if (device.details().get("kind").equals("CPU")) {
      assertEquals(DeviceInfo.CPU_BY_DEVICE_API, device.priority());
    }
  }

  @Test
  @NeedsPlatform
  void processesThatStartTogetherDoNotSpoilEachOthersLibrary() throws Exception {
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(start(libraries(), Map.of()));
    }
    for (Process child : children) {
      assertEquals("opened", lines(child).getLast());
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.filter(file -> file.toString().contains("JOCL")).toList());
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  @NeedsPlatform
  void withoutAPlatformThereIsAReasonAndARemedy() throws Exception {
    expect(
        "OpenCL's loader is installed, but no platform",
        start(libraries(), Map.of("OCL_ICD_VENDORS", "/nonexistent")));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void withoutALoaderThereIsAReasonAndARemedy() throws Exception {
    for (String name : List.of("libOpenCL.so", "libOpenCL.so.1")) {
      Files.writeString(folder.resolve(name), "no library");
    }
    expect(
        "no OpenCL loader is installed (libOpenCL.so.1)",
        start(libraries(), Map.of("LD_LIBRARY_PATH", folder.toString())));
  }

  @Test
  @NeedsPlatform
  void withoutJoclThereIsAReasonAndARemedy() throws Exception {
    List<Path> libraries = new ArrayList<>(libraries());
    libraries.remove(root(CL.class));
    expect("the library org.jocl:jocl is not on the class path", start(libraries, Map.of()));
  }

  @Test
  @NeedsPlatform
  void withoutATemporaryFolderThereIsAReasonAndARemedy() throws Exception {
    folder = Files.writeString(folder.resolve("file"), "no folder");
    expect("JOCL's native library cannot be loaded on", start(libraries(), Map.of()));
  }

  /** The reason, the same from both probes, and in the error of opening. */
  private static void expect(String reason, Process child) throws Exception {
    List<String> lines = lines(child);
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith(reason), lines.toString());
    assertTrue(lines.getFirst().contains(" | Install the driver"), lines.toString());
    assertEquals(lines.get(0), lines.get(1));
    assertEquals(
        "backend opencl cannot be used here: " + lines.getFirst().replace(" | ", ". "),
        lines.get(2));
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
            ProbeMain.class, OpenClProvider.class, KernelDevice.class, Backend.class, CL.class)
        .map(OpenClProviderTest::root)
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
