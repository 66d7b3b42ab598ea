package dev.heddle.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class JsonFieldsTest {
  @TempDir private Path folder;
  private Path file;
  private JsonFields config;

  @BeforeEach
  void readConfig() throws IOException {
    file = folder.resolve("config.json");
    Files.writeString(
        file,
        """
        {"n_embd": 48, "eps": 1e-5, "whole": 3.0, "nothing": null, "far": Infinity,
         "big": 1000000000000000019884624838656, "architectures": ["BertModel"],
         "eos": 2, "rope": {"type": "yarn", "factor": -1}, "modules": [{"idx": 0}, {"idx": "x"}],
         "tied": false}
        """);
    config = JsonFields.read(file);
  }

  @Test
  void fieldsAreReadUnderAnySpellingAndWithDefaults() {
    assertEquals(48, config.field("hidden_size", "n_embd").positiveInt());
    assertEquals(1e-5, config.field("eps").positiveDouble());
    assertEquals(3, config.field("whole").wholeInt());
    assertEquals(7, config.field("nothing").wholeInt(7));
    assertEquals(1e30, config.field("big").finiteDouble(), 1e15);
    assertEquals(List.of("BertModel"), config.field("architectures").strings());
    assertEquals(List.of(2), config.field("eos").ints());
    assertEquals("yarn", config.field("rope").object().field("type").string());
    assertEquals(0, config.field("modules").objects().getFirst().field("idx").wholeInt());
    assertFalse(config.field("tied").bool(true));
    assertFalse(config.has("nothing"));
  }

  @Test
  void wrongFieldsAreRefusedWithNameValueAndExpectation() {
    refused(
        "has no \"hidden_size\" or \"d_model\"; expected a positive whole number",
        () -> config.field("hidden_size", "d_model").positiveInt());
    refused("\"eps\": is 1.0E-5; expected a whole number", () -> config.field("eps").wholeInt(1));
    refused(
        "\"far\": is Infinity; expected a finite number", () -> config.field("far").finiteDouble());
    refused(
        "\"big\": is 1000000000000000019884624838656; expected a whole number",
        () -> config.field("big").wholeInt());
    refused(
        "\"rope.factor\": is -1; expected a positive number",
        () -> config.field("rope").object().field("factor").positiveDouble());
    refused(
        "\"modules[1].idx\": is \"x\"; expected a whole number",
        () -> config.field("modules").objects().get(1).field("idx").wholeInt());
    refused(
        "\"architectures\": is a list of 1; expected a list of whole numbers",
        () -> config.field("architectures").ints());
    refused(
        "\"eos\": is 2; expected one of \"mean\", \"cls\"",
        () -> config.field("eos").oneOf(List.of("mean", "cls")));
  }

  @Test
  void whatIsNoObjectIsRefused() throws IOException {
    Files.writeString(file, "[1, 2]");
    refused("holds a list of 2; expected a JSON object", () -> JsonFields.read(file));
    Files.writeString(file, "");
    refused("holds nothing; expected a JSON object", () -> JsonFields.read(file));
    for (String more : new String[] {" {\"b\"", " {}", " 1", "]", " \"", "/"}) {
      Files.writeString(file, "{\"a\": 1}" + more);
      assertThrows(WeightFileException.class, () -> JsonFields.read(file), more);
    }
    Files.writeString(file, "{\"a\": [".repeat(100_000));
    assertThrows(WeightFileException.class, () -> JsonFields.read(file));
    refused("is not a regular file", () -> JsonFields.read(folder), folder);
    Files.delete(file);
    refused("there is no such file", () -> JsonFields.read(file));
  }

  private void refused(String reason, Executable read) {
    refused(reason, read, file);
  }

  private static void refused(String reason, Executable read, Path file) {
    assertEquals(file + ": " + reason, assertThrows(WeightFileException.class, read).getMessage());
  }
}
