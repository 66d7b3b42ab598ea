package dev.heddle.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What the tokenizer cases of the fixtures do not show. */
class TokenizerTest {
  private static final Path FIXTURES = Path.of("src/test/data/hf");
  private static final String LONG = "hear me speak ".repeat(30);

  private static Tokenizer roberta() {
    return Tokenizer.open(FIXTURES.resolve("roberta/tokenizer.json"));
  }

  @Test
  void truncationKeepsTheTokensThatTheTokenizerAdds() {
    try (Tokenizer tokenizer = roberta()) {
      Encoding whole = tokenizer.encode("to <mask> or not to be");
      Encoding cut = whole.truncate(5);
      assertArrayEquals(
          new int[] {0, whole.ids()[1], whole.ids()[2], whole.ids()[3], 2}, cut.ids());
      assertEquals(
          List.of("<s>", "</s>"), List.of(cut.tokens().getFirst(), cut.tokens().getLast()));
      assertArrayEquals(new boolean[] {true, false, false, false, true}, cut.special());
      assertEquals(whole.spans().subList(0, 4), cut.spans().subList(0, 4));
      assertThrows(TokenizerException.class, () -> whole.truncate(1));
      Encoding ids = tokenizer.encodeIds("to <mask> or not to be");
      assertArrayEquals(whole.ids(), ids.ids());
      assertArrayEquals(cut.ids(), ids.truncate(5).ids());
    }
  }

  @Test
  void truncationAndPaddingThatTheFileAsksForAreOff() throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode file =
        (ObjectNode) json.readTree(FIXTURES.resolve("roberta/tokenizer.json").toFile());
    file.set(
        "truncation",
        json.readTree(
            "{\"direction\":\"Right\",\"max_length\":8,\"strategy\":\"LongestFirst\",\"stride\":0}"));
    file.set(
        "padding",
        json.readTree(
            "{\"strategy\":{\"Fixed\":2000},\"direction\":\"Right\",\"pad_to_multiple_of\":null,"
                + "\"pad_id\":1,\"pad_type_id\":0,\"pad_token\":\"<pad>\"}"));
    try (Tokenizer plain = roberta();
        Tokenizer asked = Tokenizer.of(file.toString(), "a test")) {
      assertArrayEquals(plain.encode(LONG).ids(), asked.encode(LONG).ids());
    }
  }

  @Test
  void spansCountJavaChars() {
    try (Tokenizer tokenizer = roberta()) {
      String text = "a🙂b\u0000c";
      Encoding encoding = tokenizer.encode(text);
      assertEquals(text, tokenizer.decode(encoding.ids(), true));
      int b = encoding.tokens().indexOf("b");
      assertEquals(new Encoding.Span(3, 4), encoding.spans().get(b));
      assertEquals(new Encoding.Span(5, 6), encoding.spans().get(encoding.size() - 2));
    }
  }

  @Test
  void halvesOfSurrogatePairsBecomeReplacementCharacters() {
    try (Tokenizer tokenizer = roberta()) {
      Encoding encoding = tokenizer.encode("x\ud800y\udc00");
      assertArrayEquals(tokenizer.encode("x\ufffdy\ufffd").ids(), encoding.ids());
    }
  }

  @Test
  void manyThreadsEncodeAlikeUntilClosed() throws Exception {
    Tokenizer tokenizer = roberta();
    int[] expected = tokenizer.encode(LONG).ids();
    try (var pool = Executors.newFixedThreadPool(64)) {
      List<Callable<Boolean>> calls = new ArrayList<>();
      for (int i = 0; i < 640; i++) {
        calls.add(() -> {
          assertArrayEquals(expected, tokenizer.encode(LONG).ids());
          return true;
        });
      }
      for (Future<Boolean> call : pool.invokeAll(calls)) {
        assertTrue(call.get());
      }
      // Callers that are still at it see either their result or the typed refusal, never a crash.
      List<Future<Integer>> late = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        late.add(pool.submit(() -> encodeUntilClosed(tokenizer, expected)));
      }
      Thread.sleep(20);
      tokenizer.close();
      for (Future<Integer> call : late) {
        assertTrue(call.get() >= 0);
      }
    }
    assertThrows(IllegalStateException.class, () -> tokenizer.encode("x"));
    tokenizer.close();
  }

  private static int encodeUntilClosed(Tokenizer tokenizer, int[] expected) {
    for (int done = 0; ; done++) {
      try {
        assertArrayEquals(expected, tokenizer.encode(LONG).ids());
      } catch (IllegalStateException e) {
        assertTrue(e.getMessage().contains("was closed"), e.getMessage());
        return done;
      }
    }
  }

  @Test
  void wrongFilesAndIdsAreRefusedByName() {
    Path missing = Path.of("nowhere", "tokenizer.json");
    assertEquals(
        missing + ": there is no such file",
        assertThrows(TokenizerException.class, () -> Tokenizer.open(missing)).getMessage());
    TokenizerException broken =
        assertThrows(TokenizerException.class, () -> Tokenizer.of("{\"model\": 1}", "here"));
    assertTrue(broken.getMessage().startsWith("here: describes no tokenizer"));
    try (Tokenizer tokenizer = roberta()) {
      TokenizerException negative =
          assertThrows(TokenizerException.class, () -> tokenizer.decode(new int[] {5, -1}, true));
      assertEquals("id -1 at position 1: ids are not negative", negative.getMessage());
      assertThrows(NullPointerException.class, () -> tokenizer.encode(null));
    }
  }

  /** In a decoder the native library ends the process on each of these. */
  @Test
  void whatIsNoJsonNeverReachesTheNativeLibrary() {
    for (String value :
        List.of("{\"type\": \"Fu", "1e999", "\"\\ud800\"", "[".repeat(200), "{\"a\": 01}", "NaN")) {
      TokenizerException e =
          assertThrows(
              TokenizerException.class,
              () -> Tokenizer.of("{\"decoder\": " + value + "}", "here").close());
      assertTrue(e.getMessage().startsWith("here: "), e::getMessage);
    }
    assertThrows(TokenizerException.class, () -> Tokenizer.of("", "here"));
    assertThrows(TokenizerException.class, () -> Tokenizer.of("{} {}", "here"));
  }

  @Test
  void aPrefixIsCutOffMergesOnlyWhereThatCanBe() {
    String json =
        """
        {"model": {"type": "BPE", "merges": [%s], "continuing_subword_prefix": "é",
         "vocab": {"a": 0, "éb": 1, "ab": 2, "b": 3, "xéb": 4}}}
        """;
    Tokenizer.of(json.formatted("\"a éb\""), "good").close();
    Tokenizer.of(json.formatted("[\"a\", \"éb\"]"), "good").close();
    for (String merge : new String[] {"\"a b\"", "[\"a\", \"b\"]", "\"a xéb\""}) {
      TokenizerException refused =
          assertThrows(
              TokenizerException.class, () -> Tokenizer.of(json.formatted(merge), "bad").close());
      assertTrue(refused.getMessage().contains("cannot lose"), refused.getMessage());
    }
  }
}
