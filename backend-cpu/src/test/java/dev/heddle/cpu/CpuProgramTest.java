package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs of one program: from many threads, without garbage, interrupted, and at its end. */
class CpuProgramTest {
  private final Backend backend = new CpuProvider().open(BackendOptions.DEFAULT.withThreads(2));

  @AfterEach
  void nothingIsLeft() {
    backend.close();
    assertEquals(0, backend.liveBytes());
  }

  /** A layer of an encoder over a ragged batch: embedding, attention, feed-forward, pooling. */
  private static Graph encoder(int hidden) {
    GraphBuilder g = new GraphBuilder("encoder");
    Value ids = g.input("ids", TensorType.of(DType.I64, "tokens"));
    Value starts = g.input("starts", TensorType.of(DType.I32, "bounds"));
    Value x = g.embedding("words", weight(g, "words", 100, hidden), ids);
    Value ones = weight(g, "scale", hidden);
    Value qkv = g.linear("qkv", x, weight(g, "qkv", hidden, hidden), null);
    Attention attention = Attention.of(4, hidden / 4, Attention.Layout.RAGGED);
    Value y =
        g.layerNorm(
            "norm", g.add(x, g.attention("a", attention, qkv, qkv, x, starts)), ones, null, 1e-5);
    Value up =
        g.add("up", MatMul.LINEAR.with(Unary.Kind.GELU), y, weight(g, "up", 4 * hidden, hidden));
    Value down = g.linear("down", up, weight(g, "down", hidden, 4 * hidden), null);
    g.output("y", g.pool(SegmentPool.Kind.MEAN, g.softmax(g.add(down, y), -1), starts));
    return g.build();
  }

  private static Value weight(GraphBuilder g, String name, int... shape) {
    int count = 1;
    long[] extents = new long[shape.length];
    for (int i = 0; i < shape.length; i++) {
      count *= shape[i];
      extents[i] = shape[i];
    }
    float[] values = new float[count];
    Random random = new Random(name.hashCode());
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() / 4;
    }
    return g.constant(name, HostTensor.of(values, extents));
  }

  /** Two sequences, of {@code first} and 5 tokens. */
  private static Inputs batch(int first) {
    long[] ids = new long[first + 5];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (i * 37L + first) % 100;
    }
    HostTensor starts = HostTensor.of(new int[] {0, first, ids.length}, 3);
    return Inputs.of("ids", HostTensor.of(ids, ids.length), "starts", starts);
  }

  private static float[] run(Program program, Inputs inputs) {
    try (Outputs outputs = program.run(inputs)) {
      return outputs.host("y").toFloats();
    }
  }

  @Test
  void sixtyFourThreadsGetTheNumbersOfALoneRunAndMemoryStaysFlat() throws Exception {
    try (Program program = backend.compile(encoder(32), CompileOptions.DEFAULT);
        ExecutorService callers = Executors.newFixedThreadPool(64)) {
      List<float[]> alone = new ArrayList<>();
      for (int first = 0; first < 40; first++) {
        alone.add(run(program, batch(first)));
      }
      long live = 0;
      for (int round = 0; round < 3; round++) {
        List<Future<?>> runs = new ArrayList<>();
        for (int caller = 0; caller < 64; caller++) {
          int offset = caller;
          runs.add(
              callers.submit(() -> {
                for (int i = 0; i < 60; i++) {
                  int first = (offset * 7 + i) % 40;
                  assertArrayEquals(alone.get(first), run(program, batch(first)));
                }
                return null;
              }));
        }
        for (Future<?> each : runs) {
          each.get(60, TimeUnit.SECONDS);
        }
        // Scratch memory of the threads grows in the first round, and a little later by chance.
        live = round == 0 ? backend.liveBytes() : live;
      }
      assertTrue(backend.liveBytes() <= live + (1 << 20), backend.liveBytes() + " after " + live);
    }
  }

  @Tag("allocation")
  @Test
  void aWarmRunAllocatesNothingButItsOutputs() {
    try (Program program = backend.compile(encoder(384), CompileOptions.DEFAULT)) {
      Inputs three = batch(3);
      // Outputs, its array, one tensor with its segments, state and what gives the memory back.
      long same = allocatedWhenWarm(program, three, three, 400);
      assertTrue(same <= 400, same + " bytes a run");
      // And a Shape.
      long other = allocatedWhenWarm(program, three, batch(20), 500);
      assertTrue(other <= 500, other + " bytes a run of other extents than the last");
    }
  }

  /** Bytes a run, once it is compiled code that runs: the least of rounds, until few enough. */
  private static long allocatedWhenWarm(Program program, Inputs a, Inputs b, long enough) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    while (least > enough && System.nanoTime() < deadline) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 25; i++) {
        program.run(a).close();
        program.run(b).close();
      }
      least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / 50);
    }
    return least;
  }

  @Test
  void outputsOfTheLastRunAreWrittenAgainWhereTheyFit() {
    // Alone: a worker that joins late takes scratch memory for the first time at any moment.
    try (Backend alone = new CpuProvider().open(BackendOptions.DEFAULT.withThreads(1));
        Program program = alone.compile(encoder(32), CompileOptions.DEFAULT);
        Program wide = alone.compile(encoder(64), CompileOptions.DEFAULT)) {
      float[] expected = run(program, batch(9));
      float[] expectedWide = run(wide, batch(9));
      long live = alone.liveBytes();
      Outputs first = program.run(batch(7), null);
      Tensor tensor = first.get("y");
      Outputs second = program.run(batch(9), first);
      assertSame(tensor, second.get("y"));
      assertArrayEquals(expected, second.host("y").toFloats());
      // Of other extents: closed, and new ones are given.
      try (Outputs third = wide.run(batch(9), second)) {
        assertArrayEquals(expectedWide, third.host("y").toFloats());
        assertThrows(IllegalStateException.class, () -> second.host("y").toFloats());
      }
      // What a failed run was given is closed too.
      Outputs lost = program.run(batch(7), null);
      Inputs wrong = Inputs.of("ids", HostTensor.of(new long[] {1000}, 1));
      wrong.put("starts", HostTensor.of(new int[] {0, 1}, 2));
      assertThrows(InvalidInputException.class, () -> program.run(wrong, lost));
      assertThrows(IllegalStateException.class, () -> lost.host("y").toFloats());
      assertThrows(IllegalStateException.class, () -> program.run(batch(7), lost));
      assertEquals(live, alone.liveBytes());
    }
  }

  @Test
  void aCallerThatWaitsForItsTurnCanBeInterrupted() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch read = new CountDownLatch(1);
    try (Program program =
        backend.compile(encoder(32), CompileOptions.DEFAULT.withConcurrentRuns(1))) {
      Inputs slow = batch(3);
      slow.put("ids", new Slow((HostTensor) slow.get("ids"), reading, read));
      Thread holder = Thread.ofPlatform().start(() -> program.run(slow).close());
      reading.await();
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  program.run(batch(3)).close();
                } catch (RunInterruptedException e) {
                  thrown.set(Thread.currentThread().isInterrupted() ? e : null);
                }
              });
      while (waiter.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      waiter.interrupt();
      waiter.join();
      assertEquals(RunInterruptedException.class, thrown.get().getClass());
      read.countDown();
      holder.join();
    }
  }

  @Test
  void closingWaitsForTheRunInFlightAndRefusesThoseThatWait() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch read = new CountDownLatch(1);
    Program program = backend.compile(encoder(32), CompileOptions.DEFAULT.withConcurrentRuns(1));
    float[] alone = run(program, batch(3));
    Inputs slow = batch(3);
    slow.put("ids", new Slow((HostTensor) slow.get("ids"), reading, read));
    AtomicReference<float[]> result = new AtomicReference<>();
    Thread holder = Thread.ofPlatform().start(() -> result.set(run(program, slow)));
    reading.await();
    AtomicReference<Throwable> refused = new AtomicReference<>();
    Thread waiter =
        Thread.ofPlatform()
            .start(() ->
                refused.set(
                    assertThrows(IllegalStateException.class, () -> program.run(batch(3)))));
    Thread closer = Thread.ofPlatform().start(program::close);
    while (waiter.getState() != Thread.State.WAITING || closer.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertTrue(closer.isAlive());
    read.countDown();
    holder.join();
    waiter.join();
    closer.join();
    assertArrayEquals(alone, result.get());
    assertTrue(refused.get().getMessage().contains("closed"), refused.get().getMessage());
    assertThrows(IllegalStateException.class, () -> program.run(batch(3)));
  }

  @Test
  void aTensorClosedDuringARunIsFreedAfterIt() throws Exception {
    GraphBuilder g = new GraphBuilder("square");
    Value a = g.input("a", TensorType.of(DType.F32, "n"));
    Value b = g.input("b", TensorType.of(DType.F32, "n"));
    g.output("y", g.multiply(a, b));
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch read = new CountDownLatch(1);
    int count = 1 << 16;
    try (Program program = backend.compile(g.build(), CompileOptions.DEFAULT)) {
      Tensor large = backend.upload(HostTensor.of(ones(count), count));
      long live = backend.liveBytes();
      Slow second = new Slow(HostTensor.of(ones(count), count), reading, read);
      AtomicReference<float[]> result = new AtomicReference<>();
      Thread runner =
          Thread.ofPlatform()
              .start(() -> result.set(run(program, Inputs.of("a", large, "b", second))));
      reading.await();
      large.close();
      assertEquals(live, backend.liveBytes());
      read.countDown();
      runner.join();
      assertArrayEquals(ones(count), result.get());
      assertTrue(backend.liveBytes() < live);
    }
  }

  private static float[] ones(int count) {
    float[] values = new float[count];
    Arrays.fill(values, 1);
    return values;
  }

  /** A tensor on a slow device: copying it to the host takes until {@code read}. */
  private record Slow(HostTensor tensor, CountDownLatch reading, CountDownLatch read)
      implements Tensor {
    @Override
    public DType dtype() {
      return tensor.dtype();
    }

    @Override
    public Shape shape() {
      return tensor.shape();
    }

    @Override
    public HostTensor toHost() {
      reading.countDown();
      boolean interrupted = false;
      while (true) {
        try {
          read.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return HostTensor.wrap(tensor.dtype(), tensor.shape(), tensor.memory());
    }

    @Override
    public void close() {}
  }
}
