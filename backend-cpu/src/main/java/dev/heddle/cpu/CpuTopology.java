package dev.heddle.cpu;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * The processors that this process may use, as Linux describes them; elsewhere, and where Linux
 * does not say, what the JVM knows.
 *
 * @param cores cores worth a thread each, no more than a container's quota. Hardware threads of one
 *     core share the units that multiply: two on them are no faster than one.
 * @param nodes numbers of the memory nodes (NUMA) that these processors belong to, at least one
 */
record CpuTopology(int cores, Set<Integer> nodes) {
  /** Of this process, read anew: masks and quotas may change while it runs. */
  static CpuTopology current() {
    return read(Path.of("/"), Runtime.getRuntime().availableProcessors());
  }

  /**
   * Reads {@code /proc} and {@code /sys} below {@code root}.
   *
   * @param available what the JVM makes of masks and quotas
   */
  static CpuTopology read(Path root, int available) {
    BitSet allowed = allowed(root);
    Set<String> cores = new HashSet<>();
    allowed.stream()
        .forEach(cpu -> {
          String siblings =
              line(
                  root.resolve(
                      "sys/devices/system/cpu/cpu" + cpu + "/topology/thread_siblings_list"));
          cores.add(siblings == null ? "cpu" + cpu : siblings);
        });
    int threads = cores.isEmpty() ? available : Math.min(cores.size(), available);
    return new CpuTopology(threads, nodes(root, allowed));
  }

  private static BitSet allowed(Path root) {
    String field = "Cpus_allowed_list:";
    try {
      return Files.readAllLines(root.resolve("proc/self/status")).stream()
          .filter(line -> line.startsWith(field))
          .findFirst()
          .map(line -> list(line.substring(field.length())))
          .orElseGet(BitSet::new);
    } catch (IOException e) {
      return new BitSet();
    }
  }

  private static Set<Integer> nodes(Path root, BitSet allowed) {
    Set<Integer> nodes = new TreeSet<>();
    Path folder = root.resolve("sys/devices/system/node");
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "node[0-9]*")) {
      for (Path node : found) {
        String cpus = line(node.resolve("cpulist"));
        if (cpus != null && list(cpus).intersects(allowed)) {
          nodes.add(Integer.parseInt(node.getFileName().toString().substring("node".length())));
        }
      }
    } catch (IOException | NumberFormatException e) {
      nodes.clear();
    }
    return nodes.isEmpty() ? Set.of(0) : nodes;
  }

  private static String line(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return null;
    }
  }

  /** The numbers of {@code 0-3,8}; none if it is no such list. */
  private static BitSet list(String text) {
    BitSet numbers = new BitSet();
    try {
      for (String part : text.strip().split(",")) {
        String[] ends = part.split("-");
        int first = Integer.parseInt(ends[0]);
        int last = ends.length == 1 ? first : Integer.parseInt(ends[1]);
        numbers.set(first, last + 1);
      }
    } catch (RuntimeException e) {
      return new BitSet();
    }
    return numbers;
  }
}
