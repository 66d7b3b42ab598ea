package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Products of bf16 by oneDNN: by a simulated library always, by the real one too where it is found
 * and the processor has such products (profile {@code onednn} brings it).
 */
class OneDnnTest {
  private static final int WITH_BF16 = 0xe7;
  private static final int WITH_AMX = 0xfef;
  private static final Arena ARENA = Arena.ofShared();
  private static final List<OneDnn> LIBRARIES = new ArrayList<>();

  @TempDir private static Path folder;

  @BeforeAll
  static void open() throws IOException {
    LIBRARIES.add(SimulatedOneDnn.open(ARENA, WITH_BF16));
    LIBRARIES.add(SimulatedOneDnn.open(ARENA, WITH_AMX));
    if (real() instanceof OneDnn.Search.Found(OneDnn library)) {
      LIBRARIES.add(library);
    }
  }

  /** The library of Maven's artifact, if it is on the class path, else the system's. */
  private static OneDnn.Search real() throws IOException {
    Path file = folder.resolve("libdnnl.so.3");
    for (String each : List.of("libgomp.so.1", "libdnnl.so.3")) {
      String name = "/org/bytedeco/dnnl/linux-x86_64/" + each;
      try (InputStream in = ClassLoader.getSystemResourceAsStream(name.substring(1))) {
        if (in == null) {
          return OneDnn.search();
        }
        Files.copy(in, folder.resolve(each));
      }
    }
    return OneDnn.open(file.toString());
  }

  @AfterAll
  static void nothingIsLeft() {
    for (OneDnn library : LIBRARIES) {
      assertEquals(1, library.live(), "handles of " + library.version());
      library.close();
      assertEquals(0, library.live());
    }
    ARENA.close();
  }

  private static Stream<DynamicTest> each(Consumer<OneDnn> test) {
    return LIBRARIES.stream()
        .map(library -> {
          String name = library.version() + (library.amx() ? " with AMX" : "");
          return DynamicTest.dynamicTest(name, () -> test.accept(library));
        });
  }

  private static CpuBackend backend(MatrixUnits units, int threads) {
    return new CpuBackend(
        CpuDevice.describe(threads),
        new CpuKernels(Kernels.BEST),
        () -> units,
        BackendOptions.DEFAULT.withThreads(threads),
        List.of());
  }

  private static MatrixUnits by(OneDnn library) {
    return new MatrixUnits(library, "by oneDNN");
  }

  private static HostTensor random(long seed, DType type, double scale, long... extents) {
    Random random = new Random(seed);
    HostTensor tensor = HostTensor.heap(type, Shape.of(extents));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, scale * random.nextGaussian());
    }
    return tensor;
  }

  /** {@code y = gelu(x @ b + bias) + x2}: bias of float32, as models in bf16 keep theirs. */
  private static Graph product(int k, int n, boolean transposed, boolean finished) {
    GraphBuilder g = new GraphBuilder("product");
    Value x = g.input("x", TensorType.of(DType.BF16, "rows", k));
    HostTensor weights =
        transposed ? random(1, DType.BF16, 0.1, n, k) : random(1, DType.BF16, 0.1, k, n);
    Value b = g.constant("b", weights);
    Value bias = finished ? g.constant("bias", random(2, DType.F32, 1, n)) : null;
    Value residual = finished ? g.input("x2", TensorType.of(DType.BF16, "rows", n)) : null;
    Unary.Kind activation = finished ? Unary.Kind.GELU : Unary.Kind.IDENTITY;
    MatMul op = new MatMul(false, transposed, finished ? 0.5 : 1, activation);
    g.output("y", finished ? g.add("up", op, x, b, bias, residual) : g.add("up", op, x, b));
    return g.build();
  }

  private static HostTensor run(Program program, Map<String, HostTensor> given) {
    Inputs inputs =
        given.size() == 1
            ? Inputs.of("x", given.get("x"))
            : Inputs.of("x", given.get("x"), "x2", given.get("x2"));
    try (Outputs outputs = program.run(inputs)) {
      HostTensor y = outputs.host("y");
      HostTensor kept = HostTensor.heap(y.dtype(), y.shape());
      kept.memory().copyFrom(y.memory());
      return kept;
    }
  }

  private static Map<String, HostTensor> given(int rows, int k, int n, boolean finished) {
    HostTensor x = random(3, DType.BF16, 1, rows, k);
    return finished ? Map.of("x", x, "x2", random(4, DType.BF16, 1, rows, n)) : Map.of("x", x);
  }

  @TestFactory
  Stream<DynamicTest> productsAreTheInterpretersToOneRoundingToBf16() {
    return each(library -> {
      for (int[] size : new int[][] {{1, 64, 64}, {41, 37, 40}, {16, 400, 577}, {0, 8, 64}}) {
        for (int manner = 0; manner < 4; manner++) {
          boolean finished = manner > 1;
          Graph graph = product(size[1], size[2], manner % 2 == 1, finished);
          Map<String, HostTensor> given = given(size[0], size[1], size[2], finished);
          try (CpuBackend backend = backend(by(library), 2);
              Program program = backend.compile(graph, CompileOptions.DEFAULT)) {
            assertEquals("oneDNN, b packed", kernel(program));
            HostTensor y = run(program, given);
            HostTensor expected = Interpreter.run(graph, given, Map.of()).get("y");
            for (long i = 0; i < y.shape().elements(); i++) {
              double e = expected.getDouble(i);
              assertEquals(e, y.getDouble(i), Math.abs(e) / 128 + 1e-4, graph + " at " + i);
            }
          }
        }
      }
    });
  }

  private static String kernel(Program program) {
    return program.plan().steps().stream()
        .filter(step -> step.node().op() instanceof MatMul)
        .findFirst()
        .orElseThrow()
        .kernel();
  }

  @TestFactory
  Stream<DynamicTest> aRowsBitsDependOnThatRowAlone() {
    return each(library -> {
      int k = 130;
      int n = 100;
      int rows = 67;
      Graph graph = product(k, n, true, false);
      HostTensor x = random(3, DType.BF16, 1, rows, k);
      try (CpuBackend one = backend(by(library), 1);
          CpuBackend two = backend(by(library), 2);
          Program alone = one.compile(graph, CompileOptions.DEFAULT);
          Program together = two.compile(graph, CompileOptions.DEFAULT)) {
        HostTensor all = run(together, Map.of("x", x));
        for (int count : new int[] {1, 2, 7, 8, 9, 16, 17, 40}) {
          for (int first = 0; first + count <= rows; first += 9) {
            HostTensor some = HostTensor.heap(DType.BF16, Shape.of(count, k));
            some.memory().copyFrom(x.memory().asSlice(2L * first * k, 2L * count * k));
            HostTensor y = run(alone, Map.of("x", some));
            long differs =
                all.memory().asSlice(2L * first * n, 2L * count * n).mismatch(y.memory());
            assertEquals(-1, differs, count + " rows from " + first);
          }
        }
      }
    });
  }

  @Test
  void productsOfFewColumnsStayWithUs() {
    try (CpuBackend backend = backend(by(LIBRARIES.getFirst()), 1);
        Program few = backend.compile(product(8, 5, true, false), CompileOptions.DEFAULT)) {
      assertEquals(Kernels.BEST.name() + ", b packed", kernel(few));
    }
  }

  /** The simulated ones are Java, which allocates. */
  @Tag("allocation")
  @TestFactory
  Stream<DynamicTest> executionsOfTheRealOneAllocateNothing() {
    return each(
            library -> {
              try (NativePool memory = new NativePool(0);
                  OneDnnTile tile = new OneDnnTile(library, 64, 64)) {
                OneDnnPrimitive product = tile.product();
                NativePool.Block block = memory.acquire(product.workBytes() + (1 << 17), "a test");
                Memory.zero(block.address(), block.size());
                long at = NativePool.aligned(block.address() + product.workBytes());
                KernelAllocationTest.assertAllocatesNothingOnceWarm(
                    "a product",
                    () -> {
                      product.begin(block.address());
                      product.place(block.address(), OneDnnTile.A, at);
                      product.place(block.address(), OneDnnTile.PANEL, at + (1 << 14));
                      product.place(block.address(), OneDnnTile.OUT, at + (1 << 15));
                      product.execute(block.address());
                      product.end(block.address());
                    });
                memory.release(block);
              }
            })
        .skip(2);
  }

  private static OneDnn.Search.Missing missing(
      int major, int runtime, int isa, String... functions) {
    SimulatedOneDnn symbols = new SimulatedOneDnn(ARENA, major, runtime, isa, Set.of(functions));
    return assertInstanceOf(OneDnn.Search.Missing.class, OneDnn.open("lib", symbols));
  }

  @Test
  void aLibraryThatCannotBeUsedSaysWhyAndOurOwnKernelsCompute() {
    List<OneDnn.Search.Missing> found =
        List.of(
            assertInstanceOf(OneDnn.Search.Missing.class, OneDnn.open("no-such-library.so.3")),
            assertInstanceOf(OneDnn.Search.Missing.class, OneDnn.open(OneDnn.OFF)),
            missing(2, 1, WITH_BF16),
            missing(3, 4, WITH_BF16),
            missing(3, 2, WITH_BF16),
            missing(3, 1, 0x67),
            missing(3, 1, WITH_BF16, "dnnl_memory_create"),
            missing(3, 1, WITH_BF16, "dnnl_version"));
    assertEquals(
        List.of(
            OneDnn.Cause.ABSENT,
            OneDnn.Cause.SWITCHED_OFF,
            OneDnn.Cause.VERSION,
            OneDnn.Cause.THREADS,
            OneDnn.Cause.FOREIGN,
            OneDnn.Cause.PROCESSOR,
            OneDnn.Cause.FOREIGN,
            OneDnn.Cause.FOREIGN),
        found.stream().map(OneDnn.Search.Missing::cause).toList());
    assertEquals("lib is of version 2.9.0; expected 3", found.get(2).why());
    assertEquals("lib has no function dnnl_memory_create", found.get(6).why());
    MatrixUnits none = MatrixUnits.measured(found.get(2), Kernels.BEST);
    assertNull(none.library());
    try (CpuBackend backend = backend(none, 1);
        Program program = backend.compile(product(64, 64, true, false), CompileOptions.DEFAULT)) {
      assertEquals(Kernels.BEST.name() + ", b packed", kernel(program));
      assertTrue(program.plan().notes().contains(none.why()), program.plan().notes().toString());
    }
  }

  @Test
  void aLibraryThatIsSlowerThanOurOwnKernelsIsLeft() {
    OneDnn simulated = SimulatedOneDnn.open(ARENA, WITH_BF16);
    MatrixUnits units = MatrixUnits.measured(new OneDnn.Search.Found(simulated), Kernels.BEST);
    assertNull(units.library(), units.why());
    assertEquals(0, simulated.live());
  }
}
