package dev.heddle.bench;

import dev.heddle.bench.result.Work;
import dev.heddle.text.Encoding;
import dev.heddle.text.Tokenizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * What is embedded in one call: texts of random tokens, the same in every run.
 *
 * @param name {@code fixed} or {@code mixed}
 * @param ids token ids of each text
 * @param length tokens of each text, or of the longest
 */
public record Workload(String name, int[][] ids, int length) {
  private static final String FIXED = "fixed";

  int batch() {
    return ids.length;
  }

  /**
   * As results name it.
   *
   * @param busy whether another process keeps a core busy meanwhile
   */
  Work work(String model, boolean busy) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("model", model);
    parameters.put("batch", batch());
    parameters.put("tokens", length);
    parameters.put("lengths", name);
    parameters.put("busy", busy);
    String shape =
        "%s %d × %s%d tokens%s"
            .formatted(
                model,
                batch(),
                name.equals(FIXED) ? "" : "up to ",
                length,
                busy ? ", beside a busy process" : "");
    return new Work("embedding", shape, parameters, 0, 0);
  }

  /** Makes workloads of a tokenizer's own tokens. */
  public static final class Source {
    private static final int SAMPLED_WORDS = 3_000;

    /** Every tokenizer brings these to the same words, and random ones may not. */
    private static final List<String> SENTENCES =
        List.of(
            "The sun had gone down behind the hills, and the",
            "Once upon a time there was a king who had three",
            "Speak the truth, my lord, and do not",
            "She opened the door of the old house and saw");

    /** The tokens that stand around each text, the text's own cut out. */
    private final Encoding empty;

    private final int[] pool;
    private final List<int[]> sentences;

    /** Of a model that reads text by it. */
    public Source(Tokenizer tokenizer) {
      this.sentences = SENTENCES.stream().map(text -> tokenizer.encode(text).ids()).toList();
      this.empty = tokenizer.encode("");
      Random random = new Random(1);
      this.pool =
          IntStream.range(0, SAMPLED_WORDS)
              .mapToObj(i -> tokenizer.encode(word(random), false).ids())
              .flatMapToInt(Arrays::stream)
              .distinct()
              .toArray();
    }

    /** Two to five letters: words, and pieces of words, of most vocabularies. */
    private static String word(Random random) {
      return random
          .ints(2 + random.nextInt(4), 'a', 'z' + 1)
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
          .toString();
    }

    /** {@code batch} texts of {@code length} tokens each. */
    public Workload fixed(int batch, int length) {
      Random random = new Random(31L * batch + length);
      int[][] ids = new int[batch][];
      for (int i = 0; i < batch; i++) {
        ids[i] = text(length, random);
      }
      return new Workload(FIXED, ids, length);
    }

    /**
     * {@code batch} texts whose lengths are spread evenly over {@code shortest} to {@code longest},
     * in random order.
     */
    public Workload mixed(int batch, int shortest, int longest) {
      Random random = new Random(batch);
      int[][] ids = new int[batch][];
      for (int i = 0; i < batch; i++) {
        int[] text = text(shortest + (longest - shortest) * i / Math.max(1, batch - 1), random);
        int at = random.nextInt(i + 1);
        ids[i] = ids[at];
        ids[at] = text;
      }
      return new Workload("mixed", ids, longest);
    }

    /** Beginnings of sentences, with the special tokens that the model wants around them. */
    List<int[]> sentences() {
      return sentences;
    }

    /** A text of {@code length} tokens to be continued: another for each {@code seed}. */
    public int[] prompt(int length, long seed) {
      return new Random(seed).ints(length, 0, pool.length).map(i -> pool[i]).toArray();
    }

    private int[] text(int length, Random random) {
      int[] ids = random.ints(length, 0, pool.length).map(i -> pool[i]).toArray();
      if (empty.size() >= 2 && length >= empty.size()) {
        ids[0] = empty.ids()[0];
        ids[length - 1] = empty.ids()[empty.size() - 1];
      }
      return ids;
    }
  }
}
