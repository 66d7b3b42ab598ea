package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.conformance.Conformance;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ModelKernels;
import dev.heddle.kernels.RecordingDevice;
import dev.heddle.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * All kernels as CUDA: those that are compiled ahead of time, and every file in every variant that
 * a define tells from others, for every generation, without a warning. What each needs is written
 * into {@code target/kernels.tsv}; the copy of it that is kept must have them all. Not where there
 * is no {@code nvcc}.
 */
class NvccTest {
  private static final Path TARGET = Path.of("target");

  /** The table as it was when somebody last looked at it. */
  private static final Path KEPT = Path.of("../bench/results/kernels-nvcc-13.0.tsv");

  /** Bytes that a thread may write to and read from memory for want of registers. */
  private static final int MOST_SPILLED = 256;

  @Test
  void everyKernelCompilesAsCudaWithoutAWarning() throws Exception {
    Optional<Nvcc> nvcc = Nvcc.find(TARGET.resolve("nvcc"));
    assumeTrue(nvcc.isPresent(), "nvcc is not on the path");
    RecordingDevice device = new RecordingDevice(ModelKernels.LIMITS);
    try (KernelBackend backend = new KernelBackend(device, List.of())) {
      Conformance.cases().forEach(each -> each.run(backend));
    }
    Set<KernelSource> shipped = ModelKernels.all();
    List<KernelUnit> units = new ArrayList<>(KernelUnit.of(shipped));
    units.addAll(KernelUnit.of(representatives(shipped, device.sources())));
    List<KernelTable.Row> rows = new ArrayList<>();
    String complaints =
        units.parallelStream()
            .map(unit -> complaint(nvcc.get(), unit, rows))
            .filter(complaint -> !complaint.isEmpty())
            .collect(Collectors.joining("\n"));
    assertEquals("", complaints);
    int count = units.stream().mapToInt(unit -> unit.sources().size()).sum();
    assertTrue(rows.size() >= count, rows.size() + " kernels of " + count + " sources");
    Path table = TARGET.resolve("kernels.tsv").toAbsolutePath();
    KernelTable.write(table, nvcc.get().version(), rows);
    assertEquals(Set.of(), KernelTable.spilling(rows, MOST_SPILLED));
    assertEquals(
        Set.of(),
        KernelTable.missing(KEPT, rows),
        "kernels that %s lacks: cp %s %s".formatted(KEPT, table, KEPT));
    List<KernelTable.Row> hot =
        rows.stream().filter(row -> row.source().file().endsWith(".cu")).toList();
    assertTrue(hot.size() > 20, hot.size() + " kernels for tensor cores");
    assertEquals(Set.of(), KernelTable.spilling(hot, 0));
  }

  /** What of {@code sources} has, in its file, a define or a combination of types of its own. */
  private static Set<KernelSource> representatives(
      Set<KernelSource> known, Collection<KernelSource> sources) {
    Set<String> seen = new HashSet<>();
    known.forEach(source -> see(source, seen));
    Set<KernelSource> chosen = new LinkedHashSet<>();
    sources.stream()
        .sorted(Comparator.comparing(KernelSource::toString))
        .filter(source -> see(source, seen))
        .forEach(chosen::add);
    return chosen;
  }

  private static boolean see(KernelSource source, Set<String> seen) {
    boolean isNew = seen.add(source.file() + " " + types(source));
    for (String define : source.defines()) {
      isNew |= seen.add(source.file() + " " + define);
    }
    return isNew;
  }

  private static List<String> types(KernelSource source) {
    return source.defines().stream().filter(NvccTest::isType).toList();
  }

  private static boolean isType(String define) {
    return DType.scalars().stream().anyMatch(type -> define.endsWith(" " + type));
  }

  private static String complaint(Nvcc nvcc, KernelUnit unit, List<KernelTable.Row> rows) {
    try {
      List<KernelTable.Row> made = KernelTable.rows(unit, nvcc.compile(unit).log());
      synchronized (rows) {
        rows.addAll(made);
      }
      return "";
    } catch (IOException e) {
      return e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unit.name() + ": interrupted";
    }
  }
}
