package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.HeddleException;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationOptionsTest {
  private static GenerationOptions over(GenerationOptions base, String json) {
    return base.with(
        JsonFields.of(json.getBytes(StandardCharsets.UTF_8), Path.of("--generation-config")));
  }

  private static GenerationOptions of(String json) {
    return over(GenerationOptions.DEFAULT, json);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"top_k": -1}                          | top_k is -1; expected 0 (off) or more
          {"top_p": 0}                           | top_p is 0.0; expected a number in (0, 1]; 1 is off
          {"top_p": 1.5}                         | top_p is 1.5; expected a number in (0, 1]; 1 is off
          {"typical_p": -0.1}                    | typical_p is -0.1; expected a number in (0, 1]; 1 is off
          {"min_p": 1.01}                        | min_p is 1.01; expected a number in [0, 1]; 0 is off
          {"temperature": -1}                    | temperature is -1.0; expected a number that is 0 (greedy) or more
          {"repetition_penalty": 0}              | repetition_penalty is 0.0; expected a number above 0; 1 is off
          {"max_new_tokens": 0}                  | max_new_tokens is 0; expected 1 or more
          {"min_new_tokens": 9, "max_new_tokens": 8} | min_new_tokens is 9; expected at most max_new_tokens=8
          {"no_repeat_ngram_size": -2}           | no_repeat_ngram_size is -2; expected 0 (off) or more
          {"num_beams": 0}                       | num_beams is 0; expected 1 (no beam search) or more
          {"num_beams": 2, "num_return_sequences": 3} | num_return_sequences is 3; expected at most num_beams=2
          {"num_return_sequences": 2}            | num_return_sequences is 2; expected 1 where the most likely
          {"eos_token_id": [3, -1]}              | a token id of eos_token_id is -1; expected 0 or more
          {"bad_words_ids": [[]]}                | a sequence of bad_words_ids is []; expected one id or more
          {"sequence_bias": [[[], 1.0]]}         | sequence_bias is for no token; expected one token or more
          {"stop_strings": ["a", ""]}            | one of stop_strings is empty; expected at least one character
          {"guidance_scale": 2}                  | "guidance_scale" is not supported; remove it
          {"topk": 4}                            | there is no option "topk"; known are bad_words_ids, begin
          """)
  void whatIsOutOfRangeIsNamedWithItsValueAndRange(String json, String message) {
    String found = assertThrows(GenerationException.class, () -> of(json)).getMessage();
    assertTrue(found.startsWith("--generation-config: " + message), found);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"top_k": "x"}                   | "top_k": is "x"; expected a whole number
          {"temperature": NaN}             | "temperature": is NaN; expected a finite number
          {"do_sample": 1}                 | "do_sample": is 1; expected true or false
          {"early_stopping": "soon"}       | "early_stopping": is "soon"; expected "never"
          {"sequence_bias": [[[1], 2, 3]]} | "sequence_bias[0]": is a list of 3; expected a pair
          """)
  void whatIsOfAnotherTypeIsRefused(String json, String message) {
    HeddleException found = assertThrows(WeightFileException.class, () -> of(json));
    assertTrue(found.getMessage().contains(message), found.getMessage());
  }

  @Test
  void aModelsFileGivesDefaultsAndACallerOverridesThem(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("generation_config.json");
    Files.writeString(
        file,
        """
        {"_from_model_config": true, "bos_token_id": 1, "eos_token_id": [2, 7, 2], "top_p": 0.9,
         "temperature": 0.6, "do_sample": true, "pad_token_id": 0, "max_length": 64, "top_k": null,
         "guidance_scale": 1.0, "transformers_version": "5.23.0", "chat_format": "a publisher's own"}
        """);
    GenerationOptions read = GenerationOptions.read(file);
    assertEquals(List.of(2, 7), read.eosTokenIds());
    assertEquals(OptionalInt.of(64), read.maxLength());
    assertEquals(54, read.newTokens(10, 2048));
    assertEquals(6, read.newTokens(10, 16));
    assertFalse(read.greedy());
    assertTrue(read.isPlain());

    GenerationOptions changed =
        over(
            read,
            """
            {"eos_token_id": null, "max_new_tokens": 5, "temperature": 0, "early_stopping": "never",
             "sequence_bias": [[[3, 4], -2.5]], "seed": 81985529216486895}
            """);
    assertEquals(List.of(), changed.eosTokenIds());
    assertEquals(5, changed.newTokens(10, 2048));
    assertTrue(changed.greedy());
    assertEquals(0.9, changed.topP());
    assertEquals(EarlyStopping.NEVER, changed.earlyStopping());
    assertEquals(List.of(new TokenBias(List.of(3, 4), -2.5)), changed.sequenceBias());
    assertEquals(0x123456789abcdefL, changed.seed());
    assertEquals(List.of(4), over(changed, "{\"eos_token_id\": 4}").eosTokenIds());
  }

  @Test
  void aPromptThatLeavesNoPlaceIsRefused() {
    GenerationOptions options = GenerationOptions.builder().maxLength(8).build();
    assertThrows(GenerationException.class, () -> options.newTokens(8, 64));
    assertThrows(GenerationException.class, () -> options.newTokens(64, 64));
    assertEquals(1, options.newTokens(7, 64));
    assertEquals(256, GenerationOptions.DEFAULT.newTokens(7, 4096));
  }
}
