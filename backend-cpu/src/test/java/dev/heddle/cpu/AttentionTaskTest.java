package dev.heddle.cpu;

import static dev.heddle.cpu.AttentionCase.op;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTaskTest {
  private static final double TOLERANCE = 8e-6;

  private static void check(String what, AttentionCase attention) {
    List<HostTensor> expected = attention.expected();
    List<float[]> actual = attention.actual();
    for (int i = 0; i < expected.size(); i++) {
      String which = what + (i == 0 ? ", y of " : ", map of ") + attention.op;
      Oracle.assertClose(which, expected.get(i).toFloats(), actual.get(i), TOLERANCE);
    }
  }

  private static Attention plain(int heads, int kvHeads, Layout layout) {
    return op(heads, kvHeads, layout, Causal.NONE, 0, 0, Map.NONE);
  }

  @Test
  void everySizeOfHeadAndLengthAgreesWithTheOracle() {
    for (int[] dims : new int[][] {{1, 1}, {32, 32}, {64, 64}, {20, 7}, {80, 96}, {256, 33}}) {
      for (int[] lengths : new int[][] {{1, 1}, {1, 300}, {7, 2}, {33, 5}, {40, 131}, {70, 257}}) {
        Attention op = plain(4, 2, Layout.TOKENS);
        check(
            Arrays.toString(dims) + Arrays.toString(lengths),
            AttentionCase.dense(op, dims[0], dims[1], 2, lengths[0], lengths[1]));
      }
    }
  }

  @Test
  void everyLayoutAgreesWithTheOracle() {
    check("tokens", AttentionCase.dense(plain(6, 3, Layout.TOKENS), 24, 16, 3, 37, 50));
    check("heads", AttentionCase.dense(plain(6, 2, Layout.HEADS), 24, 40, 3, 37, 50));
    int[] lengths = {5, 0, 140, 1, 33};
    check("ragged", AttentionCase.ragged(plain(4, 4, Layout.RAGGED), 32, 32, lengths, lengths));
    int[] others = {9, 3, 0, 260, 16};
    check("cross", AttentionCase.ragged(plain(4, 1, Layout.RAGGED), 16, 48, lengths, others));
  }

  @Test
  void causalityAndWindowsAgreeWithTheOracle() {
    for (Causal causal : Causal.values()) {
      for (int window : new int[] {0, 1, 20, 150, Integer.MAX_VALUE}) {
        Attention op = op(2, 1, Layout.HEADS, causal, window, 0, Map.NONE);
        for (int[] lengths : new int[][] {{60, 60}, {35, 300}, {300, 35}, {140, 139}}) {
          String what = causal + " " + window + " " + Arrays.toString(lengths);
          check(what, AttentionCase.dense(op, 16, 16, 1, lengths[0], lengths[1]));
        }
      }
    }
  }

  @Test
  void everyMaskAgreesWithTheOracle() {
    Attention op = plain(2, 2, Layout.TOKENS);
    long[][] shapes = {
      {3, 2, 37, 140}, {3, 1, 1, 140}, {1, 1, 37, 140}, {140}, {37, 1}, {2, 1, 140}, {1, 1, 1, 1}
    };
    for (long[] shape : shapes) {
      String what = Arrays.toString(shape);
      check(what, AttentionCase.dense(op, 16, 16, 3, 37, 140).floatMask(shape));
      check(what, AttentionCase.dense(op, 16, 16, 3, 37, 140).logicalMask(shape));
    }
  }

  @Test
  void biasesCapsAndLengthsAgreeWithTheOracle() {
    Attention capped = op(3, 3, Layout.TOKENS, Causal.NONE, 0, 1.5, Map.NONE);
    check("cap", AttentionCase.dense(capped, 16, 16, 2, 40, 150));
    for (Causal causal : Causal.values()) {
      Attention op = op(3, 3, Layout.TOKENS, causal, 0, 0, Map.NONE);
      check("alibi", AttentionCase.dense(op, 16, 16, 2, 40, 150).alibi());
      check("relative", AttentionCase.dense(op, 16, 16, 2, 40, 150).relative(9));
      check("far", AttentionCase.dense(op, 16, 16, 2, 40, 150).relative(200).alibi());
      check("lengths", AttentionCase.dense(op, 16, 16, 3, 40, 150).keyLengths(0, 33, 1000));
      check("wide", AttentionCase.dense(op, 16, 16, 3, 40, 150).keyLengths(129L, -1L, 150L));
    }
    int[] lengths = {40, 3, 170};
    Attention ragged = op(4, 2, Layout.RAGGED, Causal.BOTTOM_RIGHT, 50, 2, Map.NONE);
    AttentionCase all = AttentionCase.ragged(ragged, 24, 24, lengths, new int[] {50, 3, 200});
    check("all", all.alibi().relative(4).keyLengths(45, 3, 199));
  }

  @Test
  void everyMapAgreesWithTheOracle() {
    for (Map map : Map.values()) {
      for (Causal causal : Causal.values()) {
        Attention op = op(2, 2, Layout.TOKENS, causal, 60, 2, map);
        AttentionCase dense = AttentionCase.dense(op, 16, 16, 2, 40, 150).alibi();
        check("dense", dense.keyLengths(0, 140).logicalMask(2, 1, 1, 150));
        int[] lengths = {40, 0, 150};
        Attention ragged = op(2, 2, Layout.RAGGED, causal, 0, 0, map);
        check("ragged", AttentionCase.ragged(ragged, 16, 16, lengths, lengths));
      }
    }
  }

  @Test
  void aQueryThatSeesNothingGivesZeros() {
    Attention op = op(1, 1, Layout.TOKENS, Causal.BOTTOM_RIGHT, 0, 0, Map.WEIGHTS);
    AttentionCase attention = AttentionCase.dense(op, 16, 16, 1, 200, 150);
    List<float[]> actual = attention.actual();
    assertArrayEquals(new float[50 * 16], Arrays.copyOf(actual.get(0), 50 * 16));
    assertArrayEquals(new float[50 * 150], Arrays.copyOf(actual.get(1), 50 * 150));
  }

  @Test
  void whatIsHiddenMayBeNaNOrInfinite() {
    for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      Attention op = op(1, 1, Layout.TOKENS, Causal.TOP_LEFT, 0, 0, Map.NONE);
      AttentionCase attention = AttentionCase.dense(op, 16, 16, 1, 60, 60);
      attention.inputs[Attention.KEY].setDouble(50 * 16 + 3, poison);
      attention.inputs[Attention.VALUE].setDouble(50 * 16 + 5, poison);
      float[] expected = attention.expected().getFirst().toFloats();
      float[] actual = attention.actual().getFirst();
      int seeing = 50 * 16;
      float[] clean = Arrays.copyOf(expected, seeing);
      Oracle.assertClose("before", clean, Arrays.copyOf(actual, seeing), TOLERANCE);
      for (float value : clean) {
        assertFalse(Float.isNaN(value));
      }
      assertEquals(Float.isNaN(poison), Float.isNaN(actual[59 * 16]));
    }
  }

  @Test
  void aSequencesBitsAreTheSameAloneAndInAnyBatch() {
    Attention op = op(3, 3, Layout.RAGGED, Causal.NONE, 0, 0, Map.NONE);
    int dim = 3 * 32;
    for (int length : new int[] {1, 15, 33, 128, 150, 300}) {
      int[] lengths = {70, length, 9};
      AttentionCase batch = AttentionCase.ragged(op, 32, 32, lengths, lengths);
      int[] own = {length};
      AttentionCase alone = AttentionCase.ragged(op, 32, 32, own, own);
      for (int input = 0; input < 3; input++) {
        for (int i = 0; i < length * dim; i++) {
          float value = (float) batch.inputs[input].getDouble(70 * dim + i);
          alone.inputs[input].setDouble(i, value);
        }
      }
      float[] y = batch.actual().getFirst();
      float[] part = Arrays.copyOfRange(y, 70 * dim, (70 + length) * dim);
      assertArrayEquals(alone.actual().getFirst(), part, "length " + length);
    }
  }

  @Test
  void hiddenKeysAtTheEndChangeNoBit() {
    Attention op = op(2, 2, Layout.TOKENS, Causal.NONE, 0, 0, Map.NONE);
    for (int keys : new int[] {1, 60, 128, 130}) {
      float[] expected = AttentionCase.dense(op, 16, 16, 1, 40, keys).actual().getFirst();
      for (int more : new int[] {1, 70, 300}) {
        float[] mask = new float[keys + more];
        boolean[] logical = new boolean[keys + more];
        Arrays.fill(mask, keys, keys + more, Float.NEGATIVE_INFINITY);
        Arrays.fill(logical, 0, keys, true);
        boolean[] full = new boolean[40 * (keys + more)];
        for (int i = 0; i < full.length; i++) {
          full[i] = logical[i % (keys + more)];
        }
        AttentionCase padded = AttentionCase.dense(op, 16, 16, 1, 40, keys + more);
        String what = keys + " and " + more;
        padded.inputs[Attention.MASK] = HostTensor.of(mask, keys + more);
        assertArrayEquals(expected, padded.actual().getFirst(), what);
        padded.inputs[Attention.MASK] = HostTensor.of(logical, keys + more);
        assertArrayEquals(expected, padded.actual().getFirst(), what);
        padded.inputs[Attention.MASK] = HostTensor.of(full, 40, keys + more);
        assertArrayEquals(expected, padded.actual().getFirst(), what);
        padded.inputs[Attention.MASK] = null;
        assertArrayEquals(expected, padded.keyLengths(keys).actual().getFirst(), what);
      }
    }
  }

  /** A chunk of one query has the heads that share keys side by side. */
  @ParameterizedTest
  @CsvSource({"1, 1, 90, 0", "6, 2, 90, 0", "6, 2, 0, 20", "40, 1, 150, 0"})
  void queriesThatComeInChunksHaveTheSameBits(int heads, int kvHeads, int window, double softCap) {
    Attention op =
        op(heads, kvHeads, Layout.TOKENS, Causal.BOTTOM_RIGHT, window, softCap, Map.NONE);
    int dim = heads * 16;
    AttentionCase whole = AttentionCase.dense(op, 16, 16, 1, 300, 300);
    float[] expected = whole.actual().getFirst();
    for (int at = 0; at < 300; ) {
      int count = Math.min(at % 2 == 0 ? 37 : 1, 300 - at);
      AttentionCase chunk = AttentionCase.dense(op, 16, 16, 1, count, at + count);
      for (int i = 0; i < count * dim; i++) {
        double q = whole.inputs[Attention.QUERY].getDouble(at * dim + i);
        chunk.inputs[Attention.QUERY].setDouble(i, q);
      }
      float[] part = Arrays.copyOfRange(expected, at * dim, (at + count) * dim);
      assertArrayEquals(part, chunk.actual().getFirst(), "queries from " + at);
      at += count;
    }
  }

  @Test
  void piecesCoverEveryTileOnce() {
    Attention op = op(12, 12, Layout.RAGGED, Causal.NONE, 0, 0, Map.NONE);
    int[] lengths = {400, 1, 0, 17, 64, 250, 3};
    AttentionCase attention = AttentionCase.ragged(op, 32, 32, lengths, lengths);
    // Results begin as NaN, so a tile left out shows.
    for (float value : attention.actual().getFirst()) {
      assertFalse(Float.isNaN(value));
    }
    try (Native memory = new Native()) {
      assertTrue(attention.task(memory, 0, 0, 0).pieces(2) > 10);
      Attention small = Attention.of(12, 32, Layout.TOKENS);
      AttentionTask task = AttentionCase.dense(small, 32, 32, 1, 8, 8).task(memory, 0, 0, 0);
      assertEquals(1, task.pieces(2));
    }
  }
}
