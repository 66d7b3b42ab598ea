package dev.heddle.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PieceMergesTest {
  private static final String LETTERS = "ab▁🙂";

  /** SentencePiece's own algorithm: of all neighbours that make a piece, those of the best one. */
  private static List<String> encode(String text, Map<String, Float> scores) {
    List<String> symbols =
        new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
    while (true) {
      int best = -1;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        Float score = scores.get(symbols.get(i) + symbols.get(i + 1));
        if (score != null
            && (best < 0 || score > scores.get(symbols.get(best) + symbols.get(best + 1)))) {
          best = i;
        }
      }
      if (best < 0) {
        return symbols;
      }
      symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
    }
  }

  private static String random(Random random, int longest) {
    int[] letters = LETTERS.codePoints().toArray();
    int length = 1 + random.nextInt(longest);
    return random
        .ints(length, 0, letters.length)
        .mapToObj(i -> Character.toString(letters[i]))
        .reduce("", String::concat);
  }

  @Test
  void mergesInOrderDoWhatScoresDo() {
    Random random = new Random(7);
    for (int round = 0; round < 60; round++) {
      Set<String> pieces = new LinkedHashSet<>(List.of("<unk>", "<s>", "</s>"));
      LETTERS.codePoints().forEach(letter -> pieces.add(Character.toString(letter)));
      for (int i = 0; i < 40; i++) {
        pieces.add(random(random, 6));
      }
      List<String> tokens = List.copyOf(pieces);
      List<Float> order = new ArrayList<>();
      tokens.forEach(token -> order.add(-(float) order.size()));
      Collections.shuffle(order, random);
      Map<String, Float> scores = new HashMap<>();
      float[] array = new float[tokens.size()];
      for (int id = 0; id < array.length; id++) {
        array[id] = order.get(id);
        scores.put(tokens.get(id), array[id]);
      }
      Vocabulary vocabulary =
          new Vocabulary(
              "a test",
              tokens,
              new Scheme.SentencePiece(array, 0, false),
              List.of(),
              List.of(),
              List.of());
      try (Tokenizer tokenizer = vocabulary.tokenizer()) {
        for (int i = 0; i < 50; i++) {
          String text = random(random, 40);
          assertEquals(encode(text, scores), tokenizer.encode(text).tokens(), tokens::toString);
        }
      }
    }
  }

  @Test
  void piecesThatAreMadeInEveryWayAreRefused() {
    List<String> tokens = new ArrayList<>();
    for (int length = 1; length <= 60; length++) {
      tokens.add("a".repeat(length));
    }
    assertEquals(
        60 * 59 / 2, PieceMerges.of(tokens, new float[tokens.size()], "here").lefts().length);
    for (int length = 61; length <= 2000; length++) {
      tokens.add("a".repeat(length));
    }
    TokenizerException refused =
        assertThrows(
            TokenizerException.class,
            () -> PieceMerges.of(tokens, new float[tokens.size()], "here"));
    assertTrue(refused.getMessage().startsWith("here: has pieces"), refused.getMessage());
  }
}
