package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.op.Attention;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A caller who runs again and again, and gives back each run's outputs to the next. */
@NeedsPlatform
class SteadyRunTest {
  private static final String ONE = "1 recordings, 0 commands, 0 allocations";

  private final OpenClDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
  private final ReplayDevice replay = new ReplayDevice(device);

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, replay.live());
    TestKernels.assertNothingLives(device);
  }

  /** Attention over a ragged batch: the rows, and each text's mean. */
  private static Graph network() {
    GraphBuilder g = new GraphBuilder("network");
    Value ids = g.input("ids", TensorType.of(DType.I64, "tokens"));
    Value starts = g.input("starts", TensorType.of(DType.I32, "bounds"));
    Value x = g.embedding("words", weight(g, "words", 100, 64), ids);
    Value qkv = g.linear("qkv", x, weight(g, "qkv", 64, 64), null);
    Attention attention = Attention.of(4, 16, Attention.Layout.RAGGED);
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

  /** Two texts, of {@code first} and 5 tokens. */
  private static Inputs batch(int first) {
    long[] ids = new long[first + 5];
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

  /** One more run, whose rows must be these. */
  private static Outputs next(Program program, Inputs inputs, Outputs last, float[] expected) {
    Outputs outputs = program.run(inputs, last);
    assertArrayEquals(expected, rows(outputs));
    return outputs;
  }

  @Test
  void aWarmRunAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Backend backend = new KernelBackend(device, List.of());
        Program program = backend.compile(network(), CompileOptions.DEFAULT)) {
      Inputs inputs = batch(7);
      float[] expected = alone(program, inputs);
      Outputs last = null;
      long live = 0;
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 40 && least > 0; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 50; i++) {
          last = program.run(inputs, last);
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        live = round == 0 ? backend.liveBytes() : live;
      }
      assertEquals(0, least);
      assertEquals(live, backend.liveBytes());
      assertArrayEquals(expected, rows(last));
      last.close();
    }
  }

  @Test
  void aRunWhosePlacesRepeatIsOneCommand() {
    try (Backend backend = new KernelBackend(replay, List.of());
        Program program =
            backend.compile(network(), CompileOptions.DEFAULT.withConcurrentRuns(1))) {
      float[] seven = alone(program, batch(7));
      float[] nine = alone(program, batch(9));
      Outputs last = next(program, batch(9), null, nine);
      last = next(program, batch(7), last, seven);
      replay.taken();
      // Other values at the same places; what came before is kept by its extents.
      for (int i = 0; i < 3; i++) {
        last = next(program, batch(7), last, seven);
        assertEquals(ONE, replay.taken());
        last = next(program, batch(9), last, nine);
        assertEquals(ONE, replay.taken());
      }
      assertEquals(2, replay.live());
      last.close();
      // The caller has closed them, so these lie elsewhere.
      last = next(program, batch(7), null, seven);
      assertTrue(replay.taken().startsWith("0 recordings"));
      last = next(program, batch(7), last, seven);
      assertEquals(ONE, replay.taken());
      last.close();
    }
  }

  @Test
  void recordingsAreBoundedAndThoseOfAnArenaThatGrowsAreMadeAgain() {
    try (Backend backend = new KernelBackend(replay, List.of());
        Program program =
            backend.compile(network(), CompileOptions.DEFAULT.withConcurrentRuns(1))) {
      Outputs last = null;
      for (int first = 80; first > 0; first--) {
        last = program.run(batch(first), last);
        last = program.run(batch(first), last);
        assertTrue(replay.live() <= 64, "live: " + replay.live());
      }
      assertEquals(64, replay.live());
      float[] expected = alone(program, batch(400));
      last = next(program, batch(400), last, expected);
      assertEquals(0, replay.live());
      last = next(program, batch(400), last, expected);
      replay.taken();
      last = next(program, batch(400), last, expected);
      assertEquals(ONE, replay.taken());
      last.close();
    }
  }

  @Test
  void aRunThatFailsLeavesNothingBehind() {
    try (Backend backend = new KernelBackend(replay, List.of());
        Program program =
            backend.compile(network(), CompileOptions.DEFAULT.withConcurrentRuns(1))) {
      float[] expected = alone(program, batch(7));
      long live = backend.liveBytes();
      Outputs last = null;
      for (int i = 0; i < 3; i++) {
        last = next(program, batch(7), last, expected);
      }
      // A fault that a kernel of the recording finds.
      Outputs faulty = last;
      Inputs wrong = batch(7);
      wrong.put("ids", HostTensor.of(new long[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 100}, 12));
      String message =
          assertThrows(InvalidInputException.class, () -> program.run(wrong, faulty)).getMessage();
      assertTrue(message.contains("100"), message);
      assertThrows(IllegalStateException.class, () -> faulty.get("rows").toHost());
      last = twice(program, expected);
      // An interrupt before it.
      Outputs interrupted = last;
      Thread.currentThread().interrupt();
      assertThrows(RunInterruptedException.class, () -> program.run(batch(7), interrupted));
      assertTrue(Thread.interrupted());
      last = twice(program, expected);
      // Between the commands of a run that is not recorded yet.
      last.close();
      Thread.currentThread().interrupt();
      assertThrows(RunInterruptedException.class, () -> program.run(batch(7), null));
      assertTrue(Thread.interrupted());
      last = twice(program, expected);
      // A launch that fails.
      Outputs lost = last;
      int recordings = replay.live();
      replay.lose();
      assertThrows(KernelLaunchException.class, () -> program.run(batch(7), lost));
      assertEquals(recordings - 1, replay.live());
      assertThrows(IllegalStateException.class, () -> program.run(batch(7), lost));
      twice(program, expected).close();
      assertTrue(backend.liveBytes() <= live + 256, backend.liveBytes() + " after " + live);
    }
  }

  private static Outputs twice(Program program, float[] expected) {
    return next(program, batch(7), next(program, batch(7), null, expected), expected);
  }

  @Test
  void memoryOfTheLastOutputsIsWrittenAgainWhereItSuffices() {
    try (Backend backend = new KernelBackend(device, List.of());
        Program program = backend.compile(network(), CompileOptions.DEFAULT)) {
      float[] three = alone(program, batch(3));
      float[] seven = alone(program, batch(7));
      Outputs first = program.run(batch(7), null);
      Tensor tensor = first.get("rows");
      Outputs second = next(program, batch(7), first, seven);
      assertSame(tensor, second.get("rows"));
      long live = backend.liveBytes();
      Outputs third = next(program, batch(3), second, three);
      assertNotSame(tensor, third.get("rows"));
      assertThrows(IllegalStateException.class, tensor::toHost);
      Outputs fourth = next(program, batch(7), third, seven);
      assertEquals(live, backend.liveBytes());
      // Too small: closed, and there is more.
      Outputs fifth = next(program, batch(50), fourth, alone(program, batch(50)));
      assertThrows(IllegalStateException.class, () -> fourth.get("rows").toHost());
      // One output outlives the other, and the memory both.
      fifth.get("mean").close();
      assertEquals(55, rows(fifth).length / 64);
      fifth.close();
    }
  }

  @Test
  void largeInputsAndOutputsAndThoseOfTheDeviceTakeTheirOwnWays() {
    int count = 3 << 20;
    GraphBuilder g = new GraphBuilder("ways");
    Value large = g.input("large", TensorType.of(DType.F32, "n"));
    Value own = g.input("own", TensorType.of(DType.F32, "n"));
    Value small = g.input("small", TensorType.of(DType.F32, 1));
    g.output("first", g.multiply(large, small));
    g.output("small", g.unary(Unary.Kind.NEG, small));
    g.output("second", g.add(own, small));
    try (Backend backend = new KernelBackend(replay, List.of());
        Program program = backend.compile(g.build(), CompileOptions.DEFAULT);
        HostTensor host = HostTensor.allocate(DType.F32, Shape.of(count));
        Tensor uploaded = backend.upload(host)) {
      Outputs last = null;
      for (int i = 1; i < 4; i++) {
        host.setDouble(count - 1, 10 * i);
        Inputs inputs =
            Inputs.of("large", host, "own", uploaded, "small", HostTensor.of(new float[] {i}, 1));
        replay.taken();
        last = program.run(inputs, last);
        HostTensor first = last.host("first");
        HostTensor second = last.host("second");
        assertEquals(10 * i * i, first.getDouble(count - 1));
        assertEquals(-i, last.host("small").getDouble(0));
        assertEquals(i, second.getDouble(count - 1));
        first.close();
        second.close();
        if (i == 3) {
          // The large input is written, and both large outputs are read, by themselves.
          assertEquals("1 recordings, 3 commands, 0 allocations", replay.taken());
        }
      }
      last.close();
    }
  }
}
