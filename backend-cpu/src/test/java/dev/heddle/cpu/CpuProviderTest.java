package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Probe;
import dev.heddle.backend.Program;
import dev.heddle.eager.TensorRuntime;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CpuProviderTest {

  @Test
  void theDeviceSaysItsThreadsAndItsVectors() {
    DeviceInfo device =
        assertInstanceOf(Probe.Usable.class, new CpuProvider().probe()).devices().getFirst();
    assertEquals(DeviceInfo.CPU, device.priority());
    assertEquals(Integer.toString(CpuTopology.current().cores()), device.details().get("threads"));
    assertTrue(device.details().get("vectors").contains("jdk.incubator.vector"));
  }

  @Test
  void aDeviceThatIsNotThereIsRefused() {
    BackendOptions second = BackendOptions.DEFAULT.withDevice("1");
    String message =
        assertThrows(BackendUnavailableException.class, () -> new CpuProvider().open(second))
            .getMessage();
    assertTrue(message.contains("no device \"1\"; there is 0"), message);
  }

  @Test
  void tensorsByHandInTenLines() {
    try (TensorRuntime runtime = TensorRuntime.open("cpu", BackendOptions.DEFAULT)) {
      Tensor a = runtime.tensor(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 2, 2, 2);
      Tensor b = runtime.tensor(new float[] {1, 0, 0, 1}, 2, 2);
      Tensor weights = runtime.softmax(runtime.matmul(a, b), -1);
      Tensor mask = runtime.tensor(new boolean[] {true, false}, 1, 2);
      Tensor y = runtime.attention(weights, a, a, mask);
      assertEquals("[1.0, 2.0, 1.0, 2.0, 5.0, 6.0, 5.0, 6.0]", Arrays.toString(runtime.floats(y)));
    }
  }

  @Test
  void withoutTheVectorModuleEverythingRunsAndOneWarningTellsTheRemedy() throws Exception {
    String expected = numbers();
    String output = runWithoutTheModule();
    String remedy = "start java with --add-modules jdk.incubator.vector";
    assertEquals(1, output.lines().filter(line -> line.startsWith("WARNING")).count(), output);
    assertTrue(output.lines().anyMatch(l -> l.startsWith("WARNING") && l.endsWith(remedy)), output);
    assertTrue(output.contains("this JVM started without: scalar"), output);
    assertTrue(output.contains("numbers " + expected), output + expected);
  }

  private static String runWithoutTheModule() throws IOException, InterruptedException {
    String classes =
        Stream.of(CpuProvider.class, CpuProviderTest.class, Backend.class)
            .map(CpuProviderTest::location)
            .collect(Collectors.joining(File.pathSeparator));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String main = WithoutVectors.class.getName();
    Process process =
        new ProcessBuilder(java, "--enable-native-access=ALL-UNNAMED", "-cp", classes, main)
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertTrue(process.waitFor(1, TimeUnit.MINUTES));
    return output;
  }

  private static String location(Class<?> type) {
    URI location = URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString());
    return Path.of(location).toString();
  }

  /** Some numbers through a product, attention, a norm and a softmax, to three digits. */
  private static String numbers() {
    GraphBuilder g = new GraphBuilder("numbers");
    float[] values = new float[24];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 % 24 - 12) / 12f;
    }
    var x = g.input("x", TensorType.of(DType.F32, 1, "n", 4));
    var weight = g.constant("weight", HostTensor.of(Arrays.copyOf(values, 16), 4, 4));
    var scale = g.constant("scale", HostTensor.of(new float[] {1, 2, 3, 4}, 4));
    var up = g.add("up", MatMul.LINEAR.with(Unary.Kind.GELU), x, weight);
    var op = Attention.of(2, 2, Attention.Layout.TOKENS);
    var y = g.layerNorm("norm", g.add("a", op, up, up, x), scale, null, 1e-5);
    g.output("y", g.softmax(y, 1));
    // The one that ServiceLoader finds on this class path.
    try (Backend backend = new Backends().open("cpu", BackendOptions.DEFAULT).value();
        Program program = backend.compile(g.build(), CompileOptions.DEFAULT);
        Outputs outputs = program.run(Inputs.of("x", HostTensor.of(values, 1, 6, 4)))) {
      StringBuilder text = new StringBuilder();
      for (float value : outputs.host("y").toFloats()) {
        text.append(Math.round(value * 1000)).append(' ');
      }
      return text.toString();
    }
  }

  /** What the JVM without the module runs. */
  static final class WithoutVectors {
    public static void main(String[] args) {
      System.out.println(CpuDevice.describe(1).details());
      System.out.println("numbers " + numbers());
      System.out.println("numbers " + numbers());
    }
  }
}
