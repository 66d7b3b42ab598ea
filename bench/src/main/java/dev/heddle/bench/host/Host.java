package dev.heddle.bench.host;

import com.sun.management.OperatingSystemMXBean;
import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.bench.result.Java;
import dev.heddle.bench.result.Machine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** This machine and this JVM, as results tell them. */
public final class Host {
  private static final Pattern BITS = Pattern.compile("(\\d+) bits");
  private static final Path FIRST = Path.of("/sys/devices/system/cpu/cpu0");

  private Host() {}

  /** This machine. */
  public static Machine machine() {
    DeviceInfo cpu = cpu();
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    Matcher bits = BITS.matcher(cpu.details().getOrDefault("vectors", ""));
    return new Machine(
        cpu.name(),
        Runtime.getRuntime().availableProcessors(),
        bits.find() ? Integer.parseInt(bits.group(1)) : 0,
        system.getTotalMemorySize(),
        caches(FIRST.resolve("cache")),
        line(FIRST.resolve("cpufreq/scaling_governor")),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        System.getProperty("os.version"));
  }

  /** The processor as the {@code cpu} backend sees it. */
  private static DeviceInfo cpu() {
    return new Backends()
        .probe().stream()
            .filter(candidate -> candidate.provider().name().equals("cpu"))
            .map(candidate -> candidate.probe())
            .filter(Probe.Usable.class::isInstance)
            .map(probe -> ((Probe.Usable) probe).devices().getFirst())
            .findFirst()
            .orElse(new DeviceInfo("cpu", 0, System.getProperty("os.arch"), 0, Map.of()));
  }

  /** Linux's: {@code level}, {@code type} and {@code size} of each {@code index}. */
  private static Map<String, Long> caches(Path folder) {
    Map<String, Long> caches = new TreeMap<>();
    for (int i = 0; Files.isDirectory(folder.resolve("index" + i)); i++) {
      Path cache = folder.resolve("index" + i);
      String size = line(cache.resolve("size"));
      String type = line(cache.resolve("type"));
      if (size != null && type != null && size.matches("\\d+K")) {
        String kind = type.equals("Unified") ? "" : type.substring(0, 1).toLowerCase();
        caches.put(
            "L" + line(cache.resolve("level")) + kind,
            Long.parseLong(size.substring(0, size.length() - 1)) << 10);
      }
    }
    return caches;
  }

  /** The first line of a file that may not be there. */
  private static String line(Path file) {
    try {
      return Files.readAllLines(file).stream().findFirst().orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  /** This JVM. */
  public static Java java() {
    List<String> flags =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(flag -> flag.startsWith("-X") || flag.startsWith("--"))
            .filter(flag -> !flag.contains("/") && !flag.contains("\\"))
            .toList();
    return new Java(
        "%s %s".formatted(System.getProperty("java.vm.name"), Runtime.version()), flags);
  }
}
