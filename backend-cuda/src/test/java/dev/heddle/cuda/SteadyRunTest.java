package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.op.Attention;
import dev.heddle.op.SegmentPool;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Callers who run again and again: each run is one graph, whoever else runs beside. */
@NeedsDevice
class SteadyRunTest {
  private final CudaDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());

  @AfterEach
  void nothingIsLeft() {
    device.close();
    TestKernels.assertNothingLives(device);
  }

  /** Attention over a ragged batch: the rows, and each text's mean. */
  private static Graph network() {
    GraphBuilder g = new GraphBuilder("network");
    Value ids = g.input("ids", TensorType.of(DType.I64, "tokens"));
    Value starts = g.input("starts", TensorType.of(DType.I32, "bounds"));
    Value x = g.embedding("words", weight(g, "words", 100, 32), ids);
    Value qkv = g.linear("qkv", x, weight(g, "qkv", 32, 32), null);
    Attention attention = Attention.of(2, 16, Attention.Layout.RAGGED);
    Value y = g.add(x, g.attention("attention", attention, qkv, qkv, x, starts));
    g.output("rows", g.softmax(y, -1));
    g.output("mean", g.pool(SegmentPool.Kind.MEAN, y, starts));
    return g.build();
  }

  private static Value weight(GraphBuilder g, String name, int rows, int columns) {
    float[] values = new float[rows * columns];
    Random random = new Random(name.hashCode());
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() / 4;
    }
    return g.constant(name, HostTensor.of(values, rows, columns));
  }

  /** Two texts, of {@code first} and 2 tokens. */
  private static Inputs batch(int first) {
    long[] ids = new long[first + 2];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (i * 37L + first) % 100;
    }
    HostTensor starts = HostTensor.of(new int[] {0, first, ids.length}, 3);
    return Inputs.of("ids", HostTensor.of(ids, ids.length), "starts", starts);
  }

  private static float[] rows(Outputs outputs) {
    try (HostTensor host = outputs.host("rows")) {
      return host.toFloats();
    }
  }

  private static float[] alone(Program program, Inputs inputs) {
    try (Outputs outputs = program.run(inputs)) {
      return rows(outputs);
    }
  }

  @Test
  void aWarmRunIsOneGraphAndAllocatesNothingOnAnyThread() {
    Simulator.need();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Backend backend = new KernelBackend(device, List.of());
        Program program = backend.compile(network(), CompileOptions.DEFAULT)) {
      Inputs inputs = batch(3);
      float[] expected = alone(program, inputs);
      Outputs last = null;
      for (int i = 0; i < 3; i++) {
        last = program.run(inputs, last);
      }
      long graphs = Simulator.count("graph_launches");
      long launches = Simulator.count("launches");
      long copies = Simulator.count("copies");
      last = program.run(inputs, last);
      assertEquals(1, Simulator.count("graph_launches") - graphs);
      assertEquals(0, Simulator.count("launches") - launches);
      assertArrayEquals(expected, rows(last));
      assertTrue(Simulator.count("copies") - copies <= 2, "inputs there, outputs back");
      long owner = device.contextThread();
      long[] all = {Thread.currentThread().threadId(), owner};
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 60 && least > 0; round++) {
        long before = sum(threads.getThreadAllocatedBytes(all));
        for (int i = 0; i < 20; i++) {
          last = program.run(inputs, last);
        }
        // What the question itself allocates comes after the first answer.
        least = Math.min(least, sum(threads.getThreadAllocatedBytes(all)) - before - QUESTION);
      }
      assertTrue(least <= 0, least + " bytes for 20 runs");
      last.close();
    }
  }

  /** The arrays that {@code getThreadAllocatedBytes} makes. */
  private static final long QUESTION = 256;

  private static long sum(long[] bytes) {
    return bytes[0] + bytes[1];
  }

  @Test
  void manyThreadsShareOneDeviceWithinBoundedMemory() throws Exception {
    int callers = 64;
    try (Backend backend = new KernelBackend(device, List.of());
        Program program = backend.compile(network(), CompileOptions.DEFAULT);
        ExecutorService pool = Executors.newFixedThreadPool(callers)) {
      float[][] expected = {alone(program, batch(1)), alone(program, batch(4))};
      long most = 2 * backend.liveBytes() + (8 << 20);
      List<Future<Void>> done = new ArrayList<>();
      for (int t = 0; t < callers; t++) {
        int which = t % 2;
        done.add(
            pool.submit(() -> {
              Inputs inputs = batch(which == 0 ? 1 : 4);
              Outputs last = null;
              for (int i = 0; i < 4; i++) {
                last = program.run(inputs, last);
                assertArrayEquals(expected[which], rows(last));
                assertTrue(backend.liveBytes() < most, "live: " + backend.liveBytes());
              }
              last.close();
              return null;
            }));
      }
      for (Future<Void> each : done) {
        each.get();
      }
    }
  }

  @Test
  void aRecordingThatIsRefusedFailsItsRunAlone() {
    Simulator.need();
    try (Backend backend = new KernelBackend(device, List.of());
        Program program = backend.compile(network(), CompileOptions.DEFAULT)) {
      Inputs inputs = batch(3);
      float[] expected = alone(program, inputs);
      Outputs first = program.run(inputs, null);
      Simulator.set("refuse_launch", 2);
      assertThrows(KernelLaunchException.class, () -> program.run(inputs, first));
      Outputs last = null;
      for (int i = 0; i < 3; i++) {
        last = program.run(inputs, last);
        assertArrayEquals(expected, rows(last));
      }
      last.close();
    }
    Simulator.reset();
  }
}
