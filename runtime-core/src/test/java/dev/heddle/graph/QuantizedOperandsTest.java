package dev.heddle.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.op.Attention;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Cast;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where block-quantised tensors may stand in a graph, and what is said where they may not. */
class QuantizedOperandsTest {
  private final GraphBuilder graph = new GraphBuilder("g");
  private final Value weight = graph.constant("w", HostTensor.heap(DType.Q4_K, Shape.of(512, 256)));
  private final Value x = graph.input("x", TensorType.of(DType.F32, "rows", 256));

  private static void refused(String expected, Runnable building) {
    String message = assertThrows(GraphException.class, building::run).getMessage();
    assertTrue(message.contains(expected), message);
  }

  @Test
  void productsRowsAndCastsOfBlocksAreOfFloat32() {
    Value ids = graph.input("ids", TensorType.of(DType.I32, "rows"));
    assertEquals(TensorType.of(DType.F32, "rows", 512), graph.linear("y", x, weight, null).type());
    assertEquals(TensorType.of(DType.F32, "rows", 256), graph.embedding("e", weight, ids).type());
    assertEquals(TensorType.of(DType.F32, 512, 256), graph.cast(weight, DType.F32).type());
  }

  @Test
  void allOtherOperationsSayToCastFirst() {
    refused("no q4_k at position 0", () -> graph.add(weight, weight));
    refused("cast it to f32 first", () -> graph.reshape(weight, 256, 512));
    refused("cast it to f32 first", () -> graph.transpose(weight, 1, 0));
    refused("no q4_k at position 0", () -> graph.linear("y", weight, weight, null));
    refused("[n, k], transposed", () -> graph.add("y", MatMul.PLAIN, x, weight));
    refused("f32 to cast blocks to", () -> graph.cast(weight, DType.F16));
    refused("made by a quantiser", () -> graph.add("y", new Cast(DType.Q8_0), x));
    Fill fill = new Fill(DType.Q8_0, List.of(Dim.of(32)), 0);
    refused("made by a quantiser", () -> graph.add("y", fill));
    Value ids = graph.input("ids", TensorType.of(DType.I32, "rows"));
    refused("axis 0", () -> graph.add("y", new Gather(1), weight, ids));
  }

  @Test
  void blocksAreConstantsAndNothingElse() {
    TensorType type = TensorType.of(DType.Q8_0, 32, 32);
    refused("are constants", () -> graph.input("q", type));
    refused("cast it to f32 first", () -> graph.output("y", weight));
  }

  @Test
  void aCacheOfBlocksIsWrittenAndRead() {
    Value cache = graph.input("cache", TensorType.of(DType.Q8_0, "pages", 16, 128));
    Value slots = graph.input("slots", TensorType.of(DType.I32, "rows"));
    Value rows = graph.slice(graph.concat(1, x, x), 1, Dim.ZERO, Dim.of(128));
    Value written = graph.add("w", new CacheWrite(), cache, rows, slots);
    assertEquals(cache.type(), written.type());
    Value starts = graph.input("starts", TensorType.of(DType.I32, "starts"));
    Value lengths = graph.input("lengths", TensorType.of(DType.I32, "n"));
    Value pages = graph.input("table", TensorType.of(DType.I32, "n", "most"));
    Attention four = Attention.of(4, 32, Attention.Layout.RAGGED);
    Attention eight = Attention.of(8, 16, Attention.Layout.RAGGED);
    Value[] inputs = {rows, written, written, null, starts, null, lengths, null, null, pages};
    assertEquals(rows.type(), graph.add("y", four, inputs).type());
    refused("a multiple of 32 elements", () -> graph.add("y", eight, inputs));
    Value half = graph.cast(rows, DType.F16);
    refused("rows of f32", () -> graph.add("w", new CacheWrite(), cache, half, slots));
    refused("rows of 128 elements, as before", () -> graph.reshape(cache, "pages", 128, 16));
  }

  @Test
  void rowsAreWholeBlocks() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> HostTensor.heap(DType.Q6_K, Shape.of(256, 128)));
    assertTrue(e.getMessage().contains("multiples of 256"), e.getMessage());
  }
}
