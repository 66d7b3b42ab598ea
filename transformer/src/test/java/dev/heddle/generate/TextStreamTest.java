package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Ids are bytes here, so that a character is several tokens. */
class TextStreamTest {
  private static String decode(int[] ids) {
    byte[] bytes = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      bytes[i] = (byte) ids[i];
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** As SentencePiece's decoder does, which drops the space before the first word. */
  private static String decodeWords(int[] ids) {
    String text = decode(ids);
    return text.startsWith(" ") ? text.substring(1) : text;
  }

  private static List<String> pieces(String text, String... stops) {
    TextStream stream = new TextStream(TextStreamTest::decode, new StopStrings(List.of(stops)));
    List<String> pieces = new ArrayList<>();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      pieces.add(stream.add(b & 0xff));
    }
    pieces.add(stream.finish());
    return pieces;
  }

  @Test
  void aCharacterComesWhenItsLastByteDoes() {
    assertEquals(List.of("a", "", "é", "", "", "水", "", "", "", "🧵", ""), pieces("aé水🧵"));
  }

  @Test
  void whatMayBecomeAStopStringIsHeldBackAndGivenOutIfItDoesNot() {
    assertEquals(
        List.of("a", "", "", "<|x", "", "", "", "", "", "<|end"), pieces("a<|x<|end", "<|end|>"));
    assertEquals("ab", String.join("", pieces("abSTOPcd", "STOP")));
    assertEquals("ab\n", String.join("", pieces("ab\n\nUser:", "\nUser:", "zz")));
  }

  @Test
  void piecesTogetherAreTheTextBeforeTheFirstStop() {
    Random random = new Random(5);
    String letters = "ab水";
    for (int round = 0; round < 2000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(20); i >= 0; i--) {
        text.append(letters.charAt(random.nextInt(3)));
      }
      String[] stops = new String[1 + random.nextInt(2)];
      for (int i = 0; i < stops.length; i++) {
        int from = random.nextInt(text.length());
        int to = from + 1 + random.nextInt(Math.min(4, text.length() - from));
        stops[i] = random.nextBoolean() ? text.substring(from, to) : "a".repeat(2 + i) + "水";
      }
      // The first that is complete ends the text, before its beginning.
      int complete = text.length() + 1;
      int end = text.length();
      for (String stop : stops) {
        int at = text.indexOf(stop);
        if (at >= 0 && at + stop.length() <= complete) {
          end = at + stop.length() == complete ? Math.min(end, at) : at;
          complete = at + stop.length();
        }
      }
      List<String> pieces = pieces(text.toString(), stops);
      assertEquals(text.substring(0, end), String.join("", pieces), text + " " + List.of(stops));
    }
  }

  @Test
  void aSpaceBeforeAWordIsOnlyDroppedAtTheBeginning() {
    TextStream stream = new TextStream(TextStreamTest::decodeWords, new StopStrings(List.of()));
    StringBuilder text = new StringBuilder();
    for (byte b : " Hi there you".getBytes(StandardCharsets.UTF_8)) {
      text.append(stream.add(b));
    }
    assertEquals("Hi there you", text + stream.finish());
  }

  @Test
  void bytesThatNeverBecomeACharacterAreShownAtTheEnd() {
    TextStream stream = new TextStream(TextStreamTest::decode, new StopStrings(List.of("x")));
    assertEquals("", stream.add(0xe6));
    assertEquals("", stream.add(0xb0));
    assertFalse(stream.stopped());
    assertEquals("\ufffd", stream.finish());
    assertTrue(stream.stopped());
  }

  @Test
  void fewShotPromptsHaveNoneOneOrManyExamples() {
    FewShot none = new FewShot("Name the colour.", List.of());
    assertEquals("Name the colour.\n\nInput: sky\nOutput:", none.prompt("sky"));
    FewShot two =
        new FewShot(
            "", "Q: ", "A:", List.of(new FewShot.Example("a", "1"), new FewShot.Example("b", "2")));
    assertEquals("Q: a\nA: 1\n\nQ: b\nA: 2\n\nQ: c\nA:", two.prompt("c"));
  }
}
