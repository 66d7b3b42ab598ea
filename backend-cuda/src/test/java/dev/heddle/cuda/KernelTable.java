package dev.heddle.cuda;

import dev.heddle.kernels.KernelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What kernels need on each architecture, as a table. */
final class KernelTable {
  /** Columns that tell a row from others. */
  private static final int NAMED_BY = 3;

  private KernelTable() {}

  /** A kernel of a source; what it needs, by architecture. */
  record Row(String kernel, KernelSource source, Map<String, KernelUsage> usage) {
    /** The columns that name it. */
    String name() {
      return String.join("\t", source.file(), kernel, String.join(", ", source.defines()));
    }
  }

  /** The kernels of a unit, from the assembler's log. */
  static List<Row> rows(KernelUnit unit, String log) {
    Map<String, Map<String, KernelUsage>> byName = new TreeMap<>();
    for (KernelUsage usage : KernelUsage.of(log)) {
      byName
          .computeIfAbsent(usage.kernel(), name -> new TreeMap<>())
          .put(usage.architecture(), usage);
    }
    List<Row> rows = new ArrayList<>();
    byName.forEach((name, usage) -> {
      int end = name.lastIndexOf('_');
      KernelSource source = unit.sources().get(Integer.parseInt(name.substring(end + 1)));
      rows.add(new Row(name.substring(0, end), source, usage));
    });
    return rows;
  }

  /**
   * The kernels of which a thread spills more than {@code bytes} on some architecture; not those in
   * float64, which are there to be exact.
   */
  static Set<String> spilling(List<Row> rows, int bytes) {
    return rows.stream()
        .filter(row -> !row.source.defines().contains("USES_F64"))
        .filter(row -> row.usage.values().stream().anyMatch(usage -> usage.spilled() > bytes))
        .map(row -> row.kernel + " of " + row.source)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The kernels that a table does not have. */
  static Set<String> missing(Path table, List<Row> rows) throws IOException {
    Set<String> known = new HashSet<>();
    for (String line : Files.readAllLines(table)) {
      String[] columns = line.split("\t", -1);
      if (columns.length > NAMED_BY) {
        known.add(String.join("\t", Arrays.copyOf(columns, NAMED_BY)));
      }
    }
    return rows.stream()
        .map(Row::name)
        .filter(name -> !known.contains(name))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Tab-separated: a line for each kernel, five columns for each architecture, empty where it is
   * not for it.
   */
  static void write(Path file, String version, List<Row> rows) throws IOException {
    Set<String> architectures = new TreeSet<>();
    rows.forEach(row -> architectures.addAll(row.usage.keySet()));
    StringBuilder text = new StringBuilder("# " + version + "\nfile\tkernel\tdefines");
    for (String each : architectures) {
      for (String what :
          List.of("registers", "spill stores", "spill loads", "stack bytes", "shared bytes")) {
        text.append('\t').append(each).append(' ').append(what);
      }
    }
    text.append('\n');
    Comparator<Row> order = Comparator.comparing(row -> row.source.file());
    for (Row row :
        rows.stream()
            .sorted(order.thenComparing(Row::kernel).thenComparing(row -> row.source.toString()))
            .toList()) {
      text.append(row.name());
      for (String each : architectures) {
        KernelUsage usage = row.usage.get(each);
        text.append(
            usage == null
                ? "\t\t\t\t\t"
                : "\t%d\t%d\t%d\t%d\t%d"
                    .formatted(
                        usage.registers(),
                        usage.spillStores(),
                        usage.spillLoads(),
                        usage.stack(),
                        usage.shared()));
      }
      text.append('\n');
    }
    Files.writeString(file, text);
  }
}
