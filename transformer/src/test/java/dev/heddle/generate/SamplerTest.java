package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the reference data does not hold: draws, edges, cost. The processors are compared there. */
class SamplerTest {
  private static final float NEVER = Float.NEGATIVE_INFINITY;

  private static float[] normal(long seed, int vocabulary, double deviation) {
    Random random = new Random(seed);
    float[] logits = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      logits[i] = (float) (deviation * random.nextGaussian());
    }
    return logits;
  }

  private static float[] processed(GenerationOptions options, float[] logits, int... prompt) {
    float[] row = logits.clone();
    new Sampler(options, row.length, 100).process(row, 0, new TokenSequence(0, prompt, 0));
    return row;
  }

  private static GenerationOptionsBuilder sampling() {
    return GenerationOptions.builder().doSample(true);
  }

  private static int kept(float[] row) {
    return (int) IntStream.range(0, row.length).filter(i -> row[i] != NEVER).count();
  }

  @Test
  void topPKeepsWhatASortWouldKeep() {
    for (int round = 0; round < 60; round++) {
      int vocabulary = 1 + round * 37;
      float[] logits = normal(round, vocabulary, round % 3 == 0 ? 0.001 : 4);
      double topP = 0.02 + 0.97 * round / 60;
      double[] probabilities = new double[vocabulary];
      Warpers.softmax(logits, 0, vocabulary, probabilities);
      Integer[] order = IntStream.range(0, vocabulary).boxed().toArray(Integer[]::new);
      Arrays.sort(order, (a, b) -> Float.compare(logits[b], logits[a]));
      float[] expected = new float[vocabulary];
      Arrays.fill(expected, NEVER);
      double sum = 0;
      for (int i = 0; i < vocabulary && sum < topP; i++) {
        expected[order[i]] = logits[order[i]];
        sum += probabilities[order[i]];
      }
      assertArrayEquals(expected, processed(sampling().topP(topP).build(), logits), "" + round);
    }
  }

  @Test
  void ofEqualLogitsTopPKeepsTheLowerIdsAndTopKAll() {
    float[] equal = {1, 2, 2, 2, 2, 0};
    assertArrayEquals(
        new float[] {NEVER, 2, 2, NEVER, NEVER, NEVER},
        processed(sampling().topP(0.4).build(), equal));
    assertEquals(4, kept(processed(sampling().topK(2).build(), equal)));
    assertEquals(6, kept(processed(sampling().topK(600).build(), equal)));
    assertEquals(6, kept(processed(sampling().build(), equal)));
  }

  @Test
  void bothZerosAreEqualAndNegativeLogitsAreOrdered() {
    float[] logits = {-0f, 0f, -1e-30f, -5, -3e38f, NEVER};
    assertEquals(2, kept(processed(sampling().topK(1).build(), logits)));
    assertEquals(3, kept(processed(sampling().topK(3).build(), logits)));
    assertEquals(4, kept(processed(sampling().topK(4).build(), logits)));
    assertEquals(5, kept(processed(sampling().topK(5).build(), logits)));
  }

  @Test
  void beamsKeepMoreTokensThanThereAreEnds() {
    GenerationOptionsBuilder beams = sampling().numBeams(2).eosTokenIds(List.of(0, 1));
    float[] peaked = {0, 50, 1, 2, 3, 4};
    assertEquals(3, kept(processed(beams.topK(1).build(), peaked)));
    assertEquals(3, kept(processed(beams.topK(0).topP(0.5).build(), peaked)));
    assertEquals(3, kept(processed(beams.topP(1).minP(0.9).build(), peaked)));
  }

  @Test
  void forcedTokensComeAtTheirPlaces() {
    GenerationOptions options =
        GenerationOptions.builder().forcedBosTokenId(2).forcedEosTokenIds(List.of(3)).build();
    Sampler sampler = new Sampler(options, 5, 3);
    TokenSequence sequence = new TokenSequence(0, new int[] {4}, 8);
    for (int expected : new int[] {2, 0, 3}) {
      int id = sampler.next(new float[] {9, 1, 1, 1, 1}, 0, sequence);
      assertEquals(expected, id);
      sequence.add(id);
    }
  }

  @Test
  void theSourcesTokensBecomeLikelierAndItsPhrasesDoNotComeAgain() {
    int[] source = {1, 2, 1, 3, 9};
    TokenSequence begun = new TokenSequence(0, new int[] {1}, 4);
    float[] row = {4, 4, -4, 4, 4};
    GenerationOptions faithful = GenerationOptions.builder().encoderRepetitionPenalty(2).build();
    new Sampler(faithful, 5, 9, source).process(row, 0, begun);
    // Once each, however often they occur; those that the decoder does not know are passed over.
    assertArrayEquals(new float[] {4, 8, -2, 8, 4}, row);

    float[] other = {4, 4, -4, 4, 4};
    GenerationOptions own = GenerationOptions.builder().encoderNoRepeatNgramSize(2).build();
    new Sampler(own, 5, 9, source).process(other, 0, begun);
    assertArrayEquals(new float[] {4, 4, NEVER, NEVER, 4}, other);
    float[] single = {4, 4, -4, 4, 4};
    GenerationOptions longer = own.toBuilder().encoderNoRepeatNgramSize(4).build();
    new Sampler(longer, 5, 9, source).process(single, 0, begun);
    assertArrayEquals(new float[] {4, 4, -4, 4, 4}, single);
  }

  @Test
  void drawsFollowTheProbabilities() {
    float[] logits = {0, 1, 2, NEVER, 3};
    double[] probabilities = new double[5];
    Warpers.softmax(logits, 0, 5, probabilities);
    int[] counts = new int[5];
    Sampler sampler = new Sampler(sampling().seed(1).build(), 5, 100);
    int draws = 200_000;
    for (int i = 0; i < draws; i++) {
      counts[sampler.next(logits.clone(), 0, new TokenSequence(i, new int[1], 0))]++;
    }
    assertEquals(0, counts[3]);
    for (int id = 0; id < 5; id++) {
      double deviation = Math.sqrt(draws * probabilities[id] * (1 - probabilities[id]));
      assertEquals(draws * probabilities[id], counts[id], 5 * deviation + 0.1);
    }
  }

  @Test
  void aSequenceIsTheSameAloneAndAmongOthers() {
    GenerationOptions options = sampling().temperature(2).topP(0.95).seed(42).build();
    int vocabulary = 300;
    int[] alone = generate(options, vocabulary, 5, new int[] {5});
    int[] among = generate(options, vocabulary, 5, new int[] {9, 5, 2, 7});
    assertArrayEquals(alone, among);
    int[] otherSeed = generate(options.toBuilder().seed(43).build(), vocabulary, 5, new int[] {5});
    assertTrue(!Arrays.equals(alone, otherSeed));
  }

  /** The ids of sequence {@code wanted}, made step by step among {@code numbers}. */
  private static int[] generate(
      GenerationOptions options, int vocabulary, int wanted, int[] numbers) {
    Sampler sampler = new Sampler(options, vocabulary, 50);
    TokenSequence[] batch =
        Arrays.stream(numbers)
            .mapToObj(number -> new TokenSequence(number, new int[] {1, 2}, 0))
            .toArray(TokenSequence[]::new);
    for (int step = 0; step < 50; step++) {
      float[] logits = new float[batch.length * vocabulary];
      for (int i = 0; i < batch.length; i++) {
        float[] row = normal(1000L * batch[i].number() + step, vocabulary, 3);
        System.arraycopy(row, 0, logits, i * vocabulary, vocabulary);
      }
      for (int i = 0; i < batch.length; i++) {
        batch[i].add(sampler.next(logits, i * vocabulary, batch[i]));
      }
    }
    return Arrays.stream(batch)
        .filter(sequence -> sequence.number() == wanted)
        .findFirst()
        .orElseThrow()
        .generatedIds();
  }

  @Test
  void aRowWithoutAnyTokenOrWithNanIsRefused() {
    TokenSequence sequence = new TokenSequence(0, new int[1], 0);
    for (boolean draws : new boolean[] {false, true}) {
      GenerationOptions options = GenerationOptions.builder().doSample(draws).topK(1).build();
      Sampler sampler = new Sampler(options, 2, 9);
      for (float[] row : new float[][] {{NEVER, NEVER}, {1, Float.NaN}, {Float.NaN, 1}}) {
        assertThrows(GenerationException.class, () -> sampler.next(row, 0, sequence));
      }
    }
    GenerationOptions bad = GenerationOptions.builder().badWordsIds(List.of(List.of(2))).build();
    assertThrows(GenerationException.class, () -> new Sampler(bad, 2, 9));
  }

  @Test
  void nothingIsAllocatedOnceWarm() {
    GenerationOptions options =
        sampling()
            .temperature(0.8)
            .topK(50)
            .topP(0.9)
            .minP(0.01)
            .typicalP(0.9)
            .repetitionPenalty(1.2)
            .frequencyPenalty(0.1)
            .noRepeatNgramSize(3)
            .sequenceBias(List.of(new TokenBias(List.of(3, 4), 1)))
            .badWordsIds(List.of(List.of(7)))
            .eosTokenIds(List.of(0))
            .minNewTokens(4)
            .build();
    int vocabulary = 2000;
    Sampler sampler = new Sampler(options, vocabulary, 1000);
    float[] logits = normal(3, vocabulary, 4);
    float[] row = new float[vocabulary];
    TokenSequence sequence = new TokenSequence(0, new int[] {5, 6, 7}, 4096);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long id = Thread.currentThread().threadId();
    long before = 0;
    for (int step = 0; step < 600; step++) {
      if (step == 500) {
        before = threads.getThreadAllocatedBytes(id);
      }
      System.arraycopy(logits, 0, row, 0, vocabulary);
      sequence.add(sampler.next(row, 0, sequence));
    }
    assertEquals(0, threads.getThreadAllocatedBytes(id) - before, 512);
  }
}
