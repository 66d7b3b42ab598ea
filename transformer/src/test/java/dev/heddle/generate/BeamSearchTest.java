package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BeamSearchTest {
  private static final int[] PROMPT = {1, 2};
  private static final int EOS = 0;

  /** A language: the log-probabilities of what follows a sequence, drawn from its tokens. */
  private static float[] language(int[] generated, int vocabulary) {
    Random random = new Random(31L * Arrays.hashCode(generated) + vocabulary);
    float[] row = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      row[i] = (float) (2 * random.nextGaussian());
    }
    Sampler.logSoftmax(row, 0, vocabulary);
    return row;
  }

  private static BeamSearch search(GenerationOptions options, int vocabulary, int longest) {
    return new BeamSearch(options, PROMPT, vocabulary, longest, sequence -> false);
  }

  private static List<Hypothesis> run(BeamSearch search, int vocabulary) {
    float[] rows;
    do {
      rows = new float[search.rows() * vocabulary];
      for (int i = 0; i < search.rows(); i++) {
        float[] row = language(search.sequence(i).generatedIds(), vocabulary);
        System.arraycopy(row, 0, rows, i * vocabulary, vocabulary);
      }
    } while (search.step(rows));
    return search.best();
  }

  /** Every sequence that ends, with its score. */
  private static void all(
      int[] ids, double sum, int vocabulary, int longest, double penalty, List<Hypothesis> out) {
    float[] row = language(ids, vocabulary);
    for (int id = 0; id < vocabulary; id++) {
      int[] next = Arrays.copyOf(ids, ids.length + 1);
      next[ids.length] = id;
      double score = sum + row[id];
      if (id == EOS || next.length == longest) {
        StopReason reason = id == EOS ? StopReason.EOS : StopReason.LENGTH;
        out.add(new Hypothesis(next, score / Math.pow(next.length, penalty), reason));
      } else {
        all(next, score, vocabulary, longest, penalty, out);
      }
    }
  }

  @Test
  void withBeamsForEverySequenceItFindsTheBestOfAll() {
    int vocabulary = 4;
    int longest = 4;
    for (double penalty : new double[] {-0.5, 0, 1, 2}) {
      GenerationOptions options =
          GenerationOptions.builder()
              .numBeams(64)
              .numReturnSequences(10)
              .lengthPenalty(penalty)
              .earlyStopping(EarlyStopping.NEVER)
              .eosTokenIds(List.of(EOS))
              .build();
      List<Hypothesis> expected = new ArrayList<>();
      all(new int[0], 0, vocabulary, longest, penalty, expected);
      expected.sort((a, b) -> Double.compare(b.score(), a.score()));
      List<Hypothesis> found = run(search(options, vocabulary, longest), vocabulary);
      assertEquals(10, found.size());
      for (int i = 0; i < 10; i++) {
        assertArrayEquals(expected.get(i).ids(), found.get(i).ids());
        assertEquals(expected.get(i).score(), found.get(i).score(), 1e-5);
        assertEquals(expected.get(i).stopped(), found.get(i).stopped());
      }
    }
  }

  /**
   * Every token has the same probabilities whatever was before: 0.5 for the end, 0.3, 0.2. The end
   * alone (-0.69) and "1 end" (-0.95 a token) are the best two; worked out by hand.
   */
  @Test
  void earlyStoppingDecidesWhenTheSameBestAreGivenBack() {
    assertEquals(2, stepsToTheBest(EarlyStopping.WHEN_ENOUGH));
    assertEquals(2, stepsToTheBest(EarlyStopping.HEURISTIC));
    // Five tokens of "1" could still have had -0.48, -0.72 a token after the next step, then less.
    assertEquals(4, stepsToTheBest(EarlyStopping.NEVER));
  }

  private static int stepsToTheBest(EarlyStopping earlyStopping) {
    GenerationOptions options =
        GenerationOptions.builder()
            .numBeams(2)
            .numReturnSequences(2)
            .earlyStopping(earlyStopping)
            .eosTokenIds(List.of(EOS))
            .build();
    BeamSearch search = search(options, 3, 5);
    float[] row = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2)};
    int steps = 0;
    boolean goesOn = true;
    while (goesOn) {
      float[] rows = new float[search.rows() * 3];
      for (int i = 0; i < search.rows(); i++) {
        System.arraycopy(row, 0, rows, 3 * i, 3);
      }
      goesOn = search.step(rows);
      steps++;
    }
    assertArrayEquals(new int[] {0}, search.best().get(0).ids());
    assertArrayEquals(new int[] {1, 0}, search.best().get(1).ids());
    assertEquals(Math.log(0.15) / 2, search.best().get(1).score(), 1e-6);
    return steps;
  }

  @Test
  void aBeamContinuesItsParentAndScoresSum() {
    int vocabulary = 50;
    GenerationOptions options = GenerationOptions.builder().numBeams(4).build();
    BeamSearch search = search(options, vocabulary, 12);
    boolean goesOn = true;
    while (goesOn) {
      float[] rows = new float[search.rows() * vocabulary];
      int[][] before = new int[4][];
      double[] scores = new double[4];
      for (int i = 0; i < 4; i++) {
        before[i] = search.sequence(i).generatedIds();
        scores[i] = search.score(i);
        if (i < search.rows()) {
          System.arraycopy(language(before[i], vocabulary), 0, rows, i * vocabulary, vocabulary);
        }
      }
      goesOn = search.step(rows);
      for (int i = 0; goesOn && i < 4; i++) {
        int parent = search.parent(i);
        int[] now = search.sequence(i).generatedIds();
        assertArrayEquals(before[parent], Arrays.copyOf(now, now.length - 1));
        float added = language(before[parent], vocabulary)[now[now.length - 1]];
        assertEquals(scores[parent] + added, search.score(i), 1e-6);
      }
    }
    Hypothesis best = search.best().getFirst();
    assertEquals(StopReason.LENGTH, best.stopped());
    assertEquals(12, best.ids().length);
  }

  @Test
  void aStopStringEndsABeamAsAnEndDoes() {
    GenerationOptions options = GenerationOptions.builder().numBeams(3).build();
    BeamSearch search =
        new BeamSearch(options, PROMPT, 20, 30, each -> each.get(each.length() - 1) % 2 == 1);
    Hypothesis best = run(search, 20).getFirst();
    assertEquals(StopReason.STOP_STRING, best.stopped());
    assertEquals(1, best.ids()[best.ids().length - 1] % 2);
  }

  @Test
  void sampledBeamsDependOnTheSeedAndDoNotRepeat() {
    GenerationOptionsBuilder options =
        GenerationOptions.builder().doSample(true).numBeams(4).numReturnSequences(4);
    Map<Long, String> first = new HashMap<>();
    for (long seed : new long[] {1, 2, 3, 4, 1}) {
      List<Hypothesis> found = run(search(options.seed(seed).build(), 30, 6), 30);
      List<String> texts = found.stream().map(each -> Arrays.toString(each.ids())).toList();
      assertEquals(4, texts.stream().distinct().count());
      String before = first.put(seed, texts.toString());
      assertTrue(before == null || before.equals(texts.toString()));
    }
    assertNotEquals(1, first.values().stream().distinct().count());
  }

  @Test
  void aVocabularyWithFewerTokensThanCandidatesIsRefused() {
    GenerationOptions options =
        GenerationOptions.builder().numBeams(2).eosTokenIds(List.of(0, 1)).build();
    assertThrows(GenerationException.class, () -> search(options, 2, 5));
  }
}
