package dev.heddle.generate;

import dev.heddle.backend.Inputs;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Rope;
import dev.heddle.model.RopeAngles;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The inputs of one step of {@link Decoding}: what is new of each sequence, and where its keys and
 * values lie. Steps of equal extents use the same tensors.
 */
final class StepInputs implements AutoCloseable {
  /** The slot of a row that is not written. */
  private static final int NOWHERE = -1;

  private final KvCache cache;
  private final RopeAngles angles;
  private final Inputs inputs = new Inputs();
  private final ArrayList<KvCache.Sequence> sequences = new ArrayList<>();
  private final ArrayList<KvCache.Sequence> sourcesRead = new ArrayList<>();

  /** Sequences that are not there to fill a step. */
  private int added;

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

  // How tokens are chosen, by rows of logits; null where the graph chooses none.
  private final Ints temperatures;
  private final Ints topKs;
  private final Ints topPs;
  private final Ints draws;

  /** Numbers that become an I32 input, or an F32 one whose bits they are. */
  private static final class Ints {
    private final String name;
    private final DType dtype;
    private int[] values = new int[16];
    private int count;
    private HostTensor tensor;

    Ints(String name) {
      this(name, DType.I32);
    }

    Ints(String name, DType dtype) {
      this.name = name;
      this.dtype = dtype;
    }

    void add(float value) {
      add(Float.floatToRawIntBits(value));
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
        tensor = HostTensor.allocate(dtype, shape);
      }
      for (int i = 0; i < count; i++) {
        tensor.memory().set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, values[i]);
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
   * @param chooses whether the graph chooses tokens
   */
  StepInputs(Decoder decoder, KvCache cache, KvCache sources, boolean chooses) {
    this.temperatures = chooses ? new Ints(DecoderGraph.TEMPERATURE, DType.F32) : null;
    this.topKs = chooses ? new Ints(DecoderGraph.TOP_K) : null;
    this.topPs = chooses ? new Ints(DecoderGraph.TOP_P, DType.F32) : null;
    this.draws = chooses ? new Ints(DecoderGraph.UNIFORM, DType.F32) : null;
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
   * @param reach how long the sequence will be when all of its prompt is there; tokens behind that
   *     are rotated as each was when it was the last
   */
  void add(KvCache.Sequence sequence, int[] from, int first, int count, int logits, int reach) {
    int length = sequence.length();
    for (int i = 0; i < count; i++) {
      ids.add(from[first + i]);
      positions.add(length + i);
      reaches.add(Math.max(reach, length + i + 1));
      for (int g = 0; g < slots.length; g++) {
        slots[g].add(sequence.slot(g, length + i));
      }
      if (i >= count - logits) {
        addRow(0, 0, 1, 0);
      }
    }
    end(sequence, length + count);
    added++;
  }

  /** What is said once for the tokens of a sequence. */
  private void end(KvCache.Sequence sequence, int length) {
    sequences.add(sequence);
    starts.add(ids.count);
    lengths.add(length);
    if (sources != null) {
      sourcesRead.add(sequence.source());
      sourceLengths.add(sequence.source().length());
    }
  }

  /** Wants a row of the last token's logits, and a token by that; 0 for the most likely. */
  void addRow(float temperature, int topK, float topP, float drawn) {
    logitRows.add(ids.count - 1);
    if (draws != null) {
      temperatures.add(temperature);
      topKs.add(topK);
      topPs.add(topP);
      draws.add(drawn);
    }
  }

  int logitRows() {
    return logitRows.count;
  }

  /** The rows of a step that goes on with each sequence by one token; 0 for another step. */
  int rows() {
    int rows = sequences.size();
    return ids.count == rows && logitRows.count == rows ? rows : 0;
  }

  /**
   * Fills such a step up to so many rows: those that come do what the shortest sequence's does, but
   * write nowhere, and nobody reads what they give.
   */
  void pad(int to) {
    int shortest = 0;
    for (int s = 1; s < added; s++) {
      shortest = lengths.values[s] < lengths.values[shortest] ? s : shortest;
    }
    while (ids.count < to) {
      ids.add(ids.values[shortest]);
      positions.add(positions.values[shortest]);
      reaches.add(reaches.values[shortest]);
      for (Ints each : slots) {
        each.add(NOWHERE);
      }
      addRow(0, 0, 1, 0);
      end(sequences.get(shortest), lengths.values[shortest]);
    }
  }

  /** All that was added, as a run takes it. */
  Inputs fill() {
    ids.put(inputs, 0);
    positions.put(inputs, 0);
    starts.put(inputs, 0);
    lengths.put(inputs, 0);
    logitRows.put(inputs, 0);
    if (draws != null) {
      temperatures.put(inputs, 0);
      topKs.put(inputs, 0);
      topPs.put(inputs, 0);
      draws.put(inputs, 0);
    }
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
    for (int s = 0; s < of.size(); s++) {
      most = Math.max(most, of.get(s).pages(g));
    }
    // Few different widths, so that few steps have extents of their own.
    most = most == 1 ? 1 : Integer.highestOneBit(most - 1) << 1;
    to.count = 0;
    for (int s = 0; s < of.size(); s++) {
      KvCache.Sequence sequence = of.get(s);
      for (int i = 0; i < most; i++) {
        to.add(i < sequence.pages(g) ? sequence.page(g, i) : -1);
      }
    }
    to.put(inputs, most);
  }

  /** Counts the tokens of the step that has run. */
  void commit() {
    for (int s = 0; s < added; s++) {
      sequences.get(s).commit(starts.values[s + 1] - starts.values[s]);
    }
  }

  /** Nothing is added. */
  void clear() {
    sequences.clear();
    added = 0;
    sourcesRead.clear();
    ids.count = 0;
    positions.count = 0;
    reaches.count = 0;
    starts.count = 0;
    starts.add(0);
    lengths.count = 0;
    logitRows.count = 0;
    sourceLengths.count = 0;
    if (draws != null) {
      temperatures.count = 0;
      topKs.count = 0;
      topPs.count = 0;
      draws.count = 0;
    }
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
    if (draws != null) {
      for (Ints each : List.of(temperatures, topKs, topPs, draws)) {
        each.close();
      }
    }
    for (int g = 0; g < slots.length; g++) {
      slots[g].close();
      pages[g].close();
    }
  }
}
