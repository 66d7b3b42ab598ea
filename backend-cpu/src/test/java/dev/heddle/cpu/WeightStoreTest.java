package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WeightStoreTest {
  private static final int SIZE = 256;
  private static final long BYTES = 4L * SIZE * SIZE;

  private final WeightStore store = new WeightStore();

  private WeightStore.Piece piece(int value) {
    return store.take(
        BYTES,
        to -> {
          for (long at = 0; at < BYTES; at += 4) {
            Memory.putFloat(to + at, value);
          }
        });
  }

  @Test
  void equalBytesAreHeldOnceUntilTheLastHolderGivesThemBack() {
    WeightStore.Piece first = piece(1);
    WeightStore.Piece second = piece(1);
    assertSame(first, second);
    assertEquals(BYTES, store.bytes());
    store.release(first);
    assertEquals(1, Memory.getFloat(second.address()));
    store.release(second);
    assertEquals(0, store.bytes());
  }

  @Test
  void bytesThatDifferInOnePlaceAreNotShared() {
    WeightStore.Piece first = piece(1);
    WeightStore.Piece second =
        store.take(
            BYTES,
            to -> {
              Memory.copy(first.address(), to, BYTES);
              // Between the places that the fingerprint looks at.
              Memory.putFloat(to + BYTES - 4, 2);
            });
    assertNotEquals(first.address(), second.address());
    assertEquals(2 * BYTES, store.bytes());
    store.release(first);
    store.release(second);
  }

  @Test
  void whatCannotBeFilledIsFreed() {
    assertThrows(
        IllegalStateException.class,
        () ->
            store.take(
                BYTES,
                to -> {
                  throw new IllegalStateException("closed");
                }));
    assertEquals(0, store.bytes());
  }

  @Test
  void spreadMemoryIsMemory() {
    long size = 4 << 20;
    SystemMemory.Piece piece = SystemMemory.take(size);
    SystemMemory.spread(piece, size, CpuTopology.current().nodes());
    for (long at = 0; at < size; at += 4096) {
      assertEquals(0, Memory.getLong(piece.address() + at));
      Memory.putLong(piece.address() + at, at);
    }
    piece.free().run();
  }

  /** A new graph with weights of its own, equal to those of every other. */
  private static Graph graph() {
    Random random = new Random(1);
    float[] values = new float[SIZE * SIZE];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    GraphBuilder g = new GraphBuilder("product");
    Value x = g.input("x", TensorType.of(DType.F32, 1, SIZE));
    Value w = g.constant("w", HostTensor.of(values, SIZE, SIZE));
    g.output("y", g.linear("y", x, w, null));
    return g.build();
  }

  private static float[] run(Program program) {
    float[] x = new float[SIZE];
    x[3] = 1;
    try (Outputs outputs = program.run(Inputs.of("x", HostTensor.of(x, 1, SIZE)))) {
      return outputs.host("y").toFloats();
    }
  }

  @Test
  void theSecondInstanceOfAModelTakesNoMemoryOfItsOwn() {
    long before = WeightStore.PROCESS.bytes();
    Backend a = new CpuProvider().open(BackendOptions.DEFAULT.withThreads(1));
    try (Backend b = new CpuProvider().open(BackendOptions.DEFAULT.withThreads(1));
        Program second = b.compile(graph(), CompileOptions.DEFAULT)) {
      Program first = a.compile(graph(), CompileOptions.DEFAULT);
      assertEquals(before + BYTES, WeightStore.PROCESS.bytes());
      float[] expected = run(first);
      a.close();
      assertEquals(0, a.liveBytes());
      assertArrayEquals(expected, run(second));
    }
    assertEquals(before, WeightStore.PROCESS.bytes());
  }

  @Test
  void sharedWeightsCountAgainstEachBackendsLimit() {
    BackendOptions little = BackendOptions.DEFAULT.withThreads(1).withMemoryLimit(BYTES / 2);
    try (Backend plenty = new CpuProvider().open(BackendOptions.DEFAULT.withThreads(1));
        Backend tight = new CpuProvider().open(little);
        Program program = plenty.compile(graph(), CompileOptions.DEFAULT)) {
      assertThrows(
          OutOfDeviceMemoryException.class, () -> tight.compile(graph(), CompileOptions.DEFAULT));
      assertEquals(0, tight.liveBytes());
      run(program);
    }
  }
}
