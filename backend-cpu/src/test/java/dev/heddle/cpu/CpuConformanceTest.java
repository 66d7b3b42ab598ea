package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.conformance.Case;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Outcome;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The whole kit passes: no operation or type is left out, with the Vector API or without. */
class CpuConformanceTest {
  private static final Backend VECTORS = open(Kernels.withVectors());
  private static final Backend SCALARS = open(Kernels.scalar());

  private static Backend open(Kernels kernels) {
    return new CpuBackend(
        CpuDevice.describe(2),
        new CpuKernels(kernels),
        () -> MatrixUnits.NONE,
        BackendOptions.DEFAULT.withThreads(2),
        List.of(kernels.why()));
  }

  @AfterAll
  static void nothingIsLeft() {
    for (Backend backend : List.of(VECTORS, SCALARS)) {
      backend.close();
      assertEquals(0, backend.liveBytes());
    }
  }

  @Tag("width")
  @TestFactory
  Stream<DynamicTest> vectors() {
    return tests(VECTORS);
  }

  @TestFactory
  Stream<DynamicTest> scalars() {
    return tests(SCALARS);
  }

  private static Stream<DynamicTest> tests(Backend backend) {
    Map<String, List<Case>> byOperation =
        Conformance.cases()
            .collect(Collectors.groupingBy(Case::op, TreeMap::new, Collectors.toList()));
    return byOperation.entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () -> {
                  String others =
                      entry.getValue().stream()
                          .map(each -> each.run(backend))
                          .filter(result -> !(result.outcome() instanceof Outcome.Passed))
                          .map(Object::toString)
                          .collect(Collectors.joining("\n"));
                  assertEquals("", others);
                }));
  }
}
