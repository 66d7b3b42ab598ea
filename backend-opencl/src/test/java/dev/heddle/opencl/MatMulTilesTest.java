package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.backend.Tunable.Measured;
import dev.heddle.backend.Tunable.Tuning;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Result;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NeedsPlatform
class MatMulTilesTest {
  private static final String CACHE = "heddle.cache";

  /** Of the kit's products, those that tell one way through the kernels from another. */
  private static final Pattern CASES =
      Pattern.compile(
          "MatMul/f32/(m=17,k=129,n=64/linear|m=7,k=129,n=33/../inputs|batch .(2,1|1,4|33|4,1).*"
              + "|.*bias .(7,1|2,3,7,33).|m=[35],.*empty|m=17.*residual|m=70,.*large|m=9.*weight.*)"
              + "|MatMul/(f16|f64)/(m=17,k=64,n=33/.*|invariance/rows of 384)");

  @TempDir private Path folder;

  private String cacheBefore;

  @BeforeEach
  void keepTilesElsewhere() {
    cacheBefore = System.setProperty(CACHE, folder.toString());
  }

  @AfterEach
  void keepTilesWhereTheyWere() {
    if (cacheBefore == null) {
      System.clearProperty(CACHE);
    } else {
      System.setProperty(CACHE, cacheBefore);
    }
  }

  private static OpenClDevice open() {
    return TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
  }

  @Test
  void tilesInLocalMemoryGiveTheOraclesProducts() {
    try (KernelBackend backend = new KernelBackend(GroupDevice.of(open()), List.of())) {
      List<Result> results =
          Conformance.cases()
              .filter(each -> CASES.matcher(each.name()).matches())
              .map(each -> each.run(backend))
              .toList();
      assertTrue(results.size() > 20, () -> results.size() + " cases");
      results.forEach(result -> assertEquals("passed", result.status(), result::toString));
    }
  }

  @Test
  void whatIsMeasuredIsKeptAndUsedAndChangesNoBit() throws Exception {
    Graph graph = linear(300, 70);
    HostTensor x = normal(33, 300);
    try (KernelBackend backend = new KernelBackend(open(), List.of())) {
      HostTensor before = run(backend, graph, x, "(default)");
      List<Measured> told = new ArrayList<>();
      Tuning tuning = backend.tune(graph, 48, told::add);
      assertEquals(tuning.measured(), told);
      assertEquals(1, told.size());
      Measured measured = told.getFirst();
      assertEquals("f32 [48, 300] @ f32 [300, 70]", measured.operation());
      assertTrue(measured.afterSeconds() <= measured.beforeSeconds(), measured::toString);
      assertTrue(Files.exists(tuning.file()) && tuning.file().startsWith(folder));
      boolean better = !measured.before().equals(measured.after());
      String origin = better ? "(tuned, " + tuning.file().getFileName() + ")" : "(default)";
      assertEquals(-1, before.memory().mismatch(run(backend, graph, x, origin).memory()));
      // Another process finds the file.
      try (KernelBackend next = new KernelBackend(open(), List.of())) {
        assertEquals(-1, before.memory().mismatch(run(next, graph, x, origin).memory()));
      }
    }
  }

  private static Graph linear(long k, long n) {
    GraphBuilder g = new GraphBuilder("linear");
    Value x = g.input("x", TensorType.of(DType.F32, "rows", k));
    g.output("y", g.add("linear", MatMul.LINEAR, x, g.constant("w", normal(n, k))));
    return g.build();
  }

  private static HostTensor normal(long... shape) {
    Random random = new Random(shape[0]);
    HostTensor tensor = HostTensor.heap(DType.F32, Shape.of(shape));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  private static HostTensor run(KernelBackend backend, Graph graph, HostTensor x, String origin) {
    try (Program program = backend.compile(graph, CompileOptions.DEFAULT);
        Outputs outputs = program.run(new Inputs().put("x", x))) {
      String why = program.plan().steps().getFirst().why();
      assertTrue(why.contains(origin), why);
      HostTensor y = HostTensor.heap(DType.F32, outputs.host("y").shape());
      y.memory().copyFrom(outputs.host("y").memory());
      return y;
    }
  }
}
