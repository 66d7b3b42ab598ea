package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.conformance.Case;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Report;
import dev.heddle.conformance.Result;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The whole kit passes, but for the pairs that {@code unsupported.txt} lists; nothing is left. */
@NeedsDevice
class CudaConformanceTest {
  private static CudaDevice device;
  private static Backend backend;
  private static List<String> listed;
  private static ExecutorService threads;

  @BeforeAll
  static void open() throws IOException {
    device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    backend = new KernelBackend(device, List.of());
    threads = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try (InputStream list = CudaConformanceTest.class.getResourceAsStream("unsupported.txt")) {
      listed = new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  @AfterAll
  static void nothingIsLeft() {
    threads.close();
    assertEquals(0, backend.liveBytes());
    backend.close();
    TestKernels.assertNothingLives(device);
  }

  @TestFactory
  Stream<DynamicTest> operations() {
    Map<String, List<Case>> byOperation =
        Conformance.cases()
            .collect(Collectors.groupingBy(Case::op, TreeMap::new, Collectors.toList()));
    Report graphs = run(byOperation.remove(Conformance.WHOLE_GRAPHS));
    // Several at a time: most of it is the compiling of kernels.
    List<Map.Entry<String, Future<Report>>> others =
        byOperation.entrySet().stream()
            .map(entry -> Map.entry(entry.getKey(), threads.submit(() -> run(entry.getValue()))))
            .toList();
    return Stream.concat(
        Stream.of(
            DynamicTest.dynamicTest(
                Conformance.WHOLE_GRAPHS, () -> check(Conformance.WHOLE_GRAPHS, graphs))),
        others.stream()
            .map(entry ->
                DynamicTest.dynamicTest(
                    entry.getKey(), () -> check(entry.getKey(), entry.getValue().get()))));
  }

  private static Report run(List<Case> cases) {
    return new Report(cases.stream().map(each -> each.run(backend)).toList());
  }

  private static void check(String operation, Report report) {
    assertEquals(
        "", report.failures().stream().map(Result::toString).collect(Collectors.joining("\n")));
    List<String> own = listed.stream().filter(pair -> pair.startsWith(operation + " ")).toList();
    assertEquals(List.of(), report.compareUnsupported(own));
  }
}
