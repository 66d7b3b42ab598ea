package dev.heddle.cpu;

import dev.heddle.backend.DeviceInfo;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What the machine says about its processor. Cheap, and loads no class of the Vector API. */
final class CpuDevice {
  /** The module that the vector kernels need. */
  static final String VECTOR_MODULE = "jdk.incubator.vector";

  private CpuDevice() {}

  /** Whether the vector kernels can be linked in this JVM. */
  static boolean hasVectors() {
    return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
  }

  static DeviceInfo describe(int threads) {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("threads", Integer.toString(threads));
    details.put("vectors", vectors());
    int nodes = CpuTopology.current().nodes().size();
    if (nodes > 1) {
      details.put("memory nodes", nodes + ", weights are spread over all");
    }
    String memory = field(Path.of("/proc/meminfo"), "MemTotal");
    if (memory != null) {
      details.put("memory", gibibytes(memory));
    }
    String model = field(Path.of("/proc/cpuinfo"), "model name");
    String name = model == null ? System.getProperty("os.arch") : model;
    return new DeviceInfo(CpuProvider.NAME, 0, name, DeviceInfo.CPU, details);
  }

  /** {@code 24684084 kB} as people read it. */
  private static String gibibytes(String kilobytes) {
    String number = kilobytes.replaceAll("\\D", "");
    return number.isEmpty()
        ? kilobytes
        : "%.1f GiB".formatted(Long.parseLong(number) / (1024.0 * 1024));
  }

  private static String vectors() {
    if (hasVectors()) {
      return "jdk.incubator.vector" + width();
    }
    // The verbs that compute nothing start without the module, so as to start fast.
    boolean installed = ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent();
    return installed
        ? "--add-modules " + VECTOR_MODULE + width() + " (this JVM started without: scalar)"
        : "scalar: this Java runtime has no module " + VECTOR_MODULE + "; use a JDK";
  }

  private static String width() {
    String flags = field(Path.of("/proc/cpuinfo"), "flags");
    if (flags == null) {
      return "";
    }
    String all = " " + flags + " ";
    return all.contains(" avx512f ")
        ? ", 512 bits"
        : all.contains(" avx2 ") ? ", 256 bits" : ", 128 bits";
  }

  /** The first value of a field in a file of {@code name : value} lines, or null. */
  private static String field(Path file, String name) {
    if (!Files.isReadable(file)) {
      return null;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(null);
    } catch (IOException | RuntimeException e) {
      // A description, not a decision: the device is as usable without it.
      return null;
    }
  }
}
