package dev.heddle.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.conformance.Conformance;
import dev.heddle.tensor.DType;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The portable kernels as CUDA: every file in every variant that a define tells from others, for
 * two generations and as PTX, without a warning. Not where there is no {@code nvcc}.
 */
class NvccTest {
  private static final List<String> OPTIONS =
      List.of(
          "-Werror",
          "all-warnings",
          "-fmad=false",
          "-gencode=arch=compute_80,code=sm_80",
          "-gencode=arch=compute_90a,code=sm_90a",
          "-gencode=arch=compute_80,code=compute_80",
          "-fatbin");

  @TempDir private Path folder;

  @Test
  void everyKernelCompilesAsCudaWithoutAWarning() {
    assumeTrue(hasNvcc(), "nvcc is not on the path");
    Set<KernelSource> sources = new HashSet<>();
    for (boolean cpu : new boolean[] {false, true}) {
      RecordingDevice device = new RecordingDevice(cpu);
      try (KernelBackend backend = new KernelBackend(device, List.of())) {
        Conformance.cases().forEach(each -> each.run(backend));
      }
      sources.addAll(device.sources());
    }
    assertFalse(sources.isEmpty());
    List<KernelSource> chosen = representatives(sources);
    String complaints =
        chosen.parallelStream()
            .map(source -> complaint(source, chosen.indexOf(source)))
            .filter(complaint -> !complaint.isEmpty())
            .collect(Collectors.joining("\n"));
    assertEquals("", complaints);
  }

  private static boolean hasNvcc() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(each -> Files.isExecutable(Path.of(each, "nvcc")));
  }

  /** Of each entry, variants that together have every define, and every combination of types. */
  private static List<KernelSource> representatives(Collection<KernelSource> sources) {
    List<KernelSource> sorted = new ArrayList<>(sources);
    sorted.sort((a, b) -> a.toString().compareTo(b.toString()));
    Set<String> seen = new HashSet<>();
    List<KernelSource> chosen = new ArrayList<>();
    for (KernelSource source : sorted) {
      boolean isNew = false;
      String entry = source.file() + " " + source.entry() + " ";
      for (String define : source.defines()) {
        isNew |= seen.add(entry + define);
      }
      isNew |= seen.add(entry + source.defines().stream().filter(NvccTest::isType).toList());
      if (isNew) {
        chosen.add(source);
      }
    }
    return chosen;
  }

  private static boolean isType(String define) {
    return DType.scalars().stream().anyMatch(type -> define.endsWith(" " + type));
  }

  private String complaint(KernelSource source, int number) {
    try {
      Path file = folder.resolve(number + ".cu");
      Files.writeString(file, source.text(KernelSource.Language.CUDA));
      List<String> command = new ArrayList<>(List.of("nvcc"));
      command.addAll(OPTIONS);
      command.addAll(List.of("-o", folder.resolve(number + ".fatbin").toString()));
      command.add(file.toString());
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes());
      boolean silent = process.waitFor() == 0 && said.isBlank();
      return silent ? "" : source + ":\n" + said;
    } catch (IOException e) {
      return source + ": " + e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return source + ": interrupted";
    }
  }
}
