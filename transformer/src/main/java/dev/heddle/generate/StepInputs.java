package dev.heddle.generate;

import dev.heddle.backend.Inputs;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Rope;
import dev.heddle.model.RopeAngles;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The inputs of one step of {@link Decoding}: what is new of each sequence, and where its keys and
 * values lie. Steps of equal extents use the same tensors.
 */
final class StepInputs implements AutoCloseable {
  private final KvCache cache;
  private final RopeAngles angles;
  private final Inputs inputs = new Inputs();
  private final ArrayList<KvCache.Sequence> sequences = new ArrayList<>();
  private final ArrayList<KvCache.Sequence> sourcesRead = new ArrayList<>();
  private final Ints ids = new Ints(DecoderGraph.INPUT_IDS);
  private final Ints positions = new Ints(DecoderGraph.POSITIONS);
  private final Ints starts = new Ints(DecoderGraph.CU_SEQ_LENS);
  private final Ints lengths = new Ints(DecoderGraph.KEY_LENGTHS);
  private final Ints logitRows = new Ints(DecoderGraph.LOGIT_ROWS);

  /** For each token, the length of its sequence that angles depend on. */
  private final Ints reaches = new Ints("reaches");

  private final Ints[] slots;
  private final Ints[] pages;
  private final KvCache sources;
  private final Ints sourceLengths = new Ints(DecoderGraph.SOURCE + DecoderGraph.KEY_LENGTHS);
  private final Ints sourcePages = new Ints(DecoderGraph.SOURCE + "pages.0");

  /** Numbers that become an I32 input. */
  private static final class Ints {
    private final String name;
    private int[] values = new int[16];
    private int count;
    private HostTensor tensor;

    Ints(String name) {
      this.name = name;
    }

    void add(int value) {
      if (count == values.length) {
        values = Arrays.copyOf(values, 2 * count);
      }
      values[count++] = value;
    }

    /** Gives it to {@code inputs}; {@code columns} 0 for a vector. */
    void put(Inputs inputs, int columns) {
      boolean fits =
          tensor != null
              && tensor.shape().elements() == count
              && (columns == 0 || tensor.shape().dim(1) == columns);
      if (!fits) {
        close();
        Shape shape = columns == 0 ? Shape.of(count) : Shape.of(count / columns, columns);
        tensor = HostTensor.allocate(DType.I32, shape);
      }
      for (int i = 0; i < count; i++) {
        tensor.setLong(i, values[i]);
      }
      inputs.put(name, tensor);
    }

    void close() {
      if (tensor != null) {
        tensor.close();
        tensor = null;
      }
    }
  }

  /**
   * Inputs of steps.
   *
   * @param sources what the decoder looks at besides, or null
   */
  StepInputs(Decoder decoder, KvCache cache, KvCache sources) {
    this.cache = cache;
    this.sources = sources;
    Rope rope = decoder.lengthDependentRope();
    this.angles = rope == null ? null : new RopeAngles(rope);
    this.slots = new Ints[cache.groups()];
    this.pages = new Ints[cache.groups()];
    for (int g = 0; g < slots.length; g++) {
      slots[g] = new Ints("slots." + g);
      pages[g] = new Ints("pages." + g);
    }
    cache.put(inputs);
    if (sources != null) {
      sources.put(inputs);
    }
    clear();
  }

  /**
   * Adds tokens of a sequence that has room for them.
   *
   * @param reach how long the sequence will be when all of its prompt is there
   */
  void add(KvCache.Sequence sequence, int[] from, int first, int count, int logits, int reach) {
    int length = sequence.length();
    for (int i = 0; i < count; i++) {
      ids.add(from[first + i]);
      positions.add(length + i);
      reaches.add(reach);
      for (int g = 0; g < slots.length; g++) {
        slots[g].add(sequence.slot(g, length + i));
      }
      if (i >= count - logits) {
        logitRows.add(ids.count - 1);
      }
    }
    sequences.add(sequence);
    starts.add(ids.count);
    lengths.add(length + count);
    if (sources != null) {
      sourcesRead.add(sequence.source());
      sourceLengths.add(sequence.source().length());
    }
  }

  int logitRows() {
    return logitRows.count;
  }

  /** All that was added, as a run takes it. */
  Inputs fill() {
    ids.put(inputs, 0);
    positions.put(inputs, 0);
    starts.put(inputs, 0);
    lengths.put(inputs, 0);
    logitRows.put(inputs, 0);
    for (int g = 0; g < slots.length; g++) {
      slots[g].put(inputs, 0);
      putPages(pages[g], g, sequences);
    }
    if (sources != null) {
      sourceLengths.put(inputs, 0);
      putPages(sourcePages, 0, sourcesRead);
    }
    if (angles != null) {
      angles.put(inputs, positions.values, reaches.values, positions.count);
    }
    return inputs;
  }

  private void putPages(Ints to, int g, ArrayList<KvCache.Sequence> of) {
    int most = 1;
    for (KvCache.Sequence sequence : of) {
      most = Math.max(most, sequence.pages(g));
    }
    // Few different widths, so that few steps have extents of their own.
    most = most == 1 ? 1 : Integer.highestOneBit(most - 1) << 1;
    to.count = 0;
    for (KvCache.Sequence sequence : of) {
      for (int i = 0; i < most; i++) {
        to.add(i < sequence.pages(g) ? sequence.page(g, i) : -1);
      }
    }
    to.put(inputs, most);
  }

  /** Counts the tokens of the step that has run. */
  void commit() {
    for (int s = 0; s < sequences.size(); s++) {
      sequences.get(s).commit(starts.values[s + 1] - starts.values[s]);
    }
  }

  /** Nothing is added. */
  void clear() {
    sequences.clear();
    sourcesRead.clear();
    ids.count = 0;
    positions.count = 0;
    reaches.count = 0;
    starts.count = 0;
    starts.add(0);
    lengths.count = 0;
    logitRows.count = 0;
    sourceLengths.count = 0;
    for (Ints each : slots) {
      each.count = 0;
    }
  }

  @Override
  public void close() {
    for (Ints each :
        List.of(ids, positions, starts, lengths, logitRows, sourceLengths, sourcePages)) {
      each.close();
    }
    for (int g = 0; g < slots.length; g++) {
      slots[g].close();
      pages[g].close();
    }
  }
}
