package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.Plan;
import dev.heddle.bench.ops.Samples;
import dev.heddle.generate.Decoding;
import dev.heddle.generate.KvCache;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Texts that a decoder reads and writes step by step, equally long, without an engine around it.
 */
public final class DecoderSteps implements AutoCloseable {
  /** Tokens of a step of reading, as an engine takes them. */
  private static final int STEP = 256;

  private static final int PAGE = 128;

  /** Tokens of a text that the reference reads too: it takes long for each. */
  private static final int CHECKED = 8;

  private static final String REFERENCE = "reference";

  private final Decoding decoding;
  private final List<KvCache.Sequence> texts = new ArrayList<>();
  private final int vocabulary;
  private final float[] logits;

  /**
   * Compiles a model and takes the memory of its cache, in float32.
   *
   * @param model a checkpoint of a decoder; its owner's, who closes it after this
   * @param backend is its owner's, who closes it after this
   * @param texts at a time
   * @param tokens of a text, at most
   */
  public DecoderSteps(Model model, Backend backend, int texts, int tokens) {
    Model.Checkpoint checkpoint = (Model.Checkpoint) model.network();
    Decoder decoder = (Decoder) checkpoint.architecture();
    DecoderGraph.Storage storage = new DecoderGraph.Storage(DType.F32, PAGE);
    int room = texts * Math.ceilDiv(tokens, PAGE) * PAGE;
    vocabulary = decoder.vocabularySize();
    logits = new float[texts * vocabulary];
    decoding =
        new Decoding(
            model.name(),
            decoder,
            checkpoint.weights(),
            backend,
            new KvCache.Size(room, texts, Math.min(tokens, STEP), storage));
    for (int i = 0; i < texts; i++) {
      this.texts.add(decoding.begin("text " + i, null));
    }
  }

  /** What runs where. */
  public Plan plan() {
    return decoding.plan();
  }

  /** Forgets all tokens of each text from {@code tokens} on. */
  public void truncate(int tokens) {
    texts.forEach(text -> text.truncate(tokens));
  }

  /**
   * Reads on: short texts many in a step, long ones in many steps.
   *
   * @param ids of each text, those that were read before among them; equally many
   * @return logits that follow each, {@code [texts, vocabulary]}: of use until the next call
   */
  public float[] read(int[][] ids) {
    int from = texts.getFirst().length();
    int count = ids[0].length - from;
    int together = Math.clamp(decoding.longestStep() / count, 1, texts.size());
    float[] rows = new float[together * vocabulary];
    for (int first = 0; first < texts.size(); first += together) {
      int end = Math.min(first + together, texts.size());
      if (together == 1) {
        decoding.prefill(texts.get(first), ids[first], rows);
      } else {
        for (int i = first; i < end; i++) {
          decoding.add(texts.get(i), ids[i], from, count, 1);
        }
        decoding.run(rows);
      }
      System.arraycopy(rows, 0, logits, first * vocabulary, (end - first) * vocabulary);
    }
    return logits;
  }

  /** Adds a token to each text in one step; logits as {@link #read} gives them. */
  public float[] step(int[] ids) {
    for (int i = 0; i < ids.length; i++) {
      decoding.add(texts.get(i), ids, i, 1, 1);
    }
    decoding.run(logits);
    return logits;
  }

  /**
   * What is wrong with a backend's logits of a model, beside the reference's: after a text was read
   * and after each of two tokens more. Null for nothing.
   */
  public static String wrong(Model model, Backend backend, int[] ids) {
    int[] text = Arrays.copyOf(ids, Math.min(ids.length, CHECKED));
    try (Backend reference = new Backends().open(REFERENCE, BackendOptions.DEFAULT).value();
        DecoderSteps right = new DecoderSteps(model, reference, 1, text.length + 2);
        DecoderSteps checked = new DecoderSteps(model, backend, 1, text.length + 2)) {
      String wrong = difference(checked.read(new int[][] {text}), right.read(new int[][] {text}));
      for (int i = 0; i < 2 && wrong == null; i++) {
        int[] next = {text[i]};
        wrong = difference(checked.step(next), right.step(next));
      }
      return wrong;
    }
  }

  private static String difference(float[] got, float[] want) {
    return Samples.difference(HostTensor.of(got, got.length), HostTensor.of(want, want.length));
  }

  @Override
  public void close() {
    texts.forEach(KvCache.Sequence::close);
    decoding.close();
  }
}
