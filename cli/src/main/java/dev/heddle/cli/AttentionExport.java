package dev.heddle.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.heddle.model.AttentionWeights;
import dev.heddle.task.AttentionMaps;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.StringJoiner;

/**
 * Attention maps for other programs, and for the page.
 *
 * @param model what people call it
 * @param backend the backend that computed
 * @param text what was read
 */
record AttentionExport(String model, String backend, String text, AttentionMaps maps) {
  /** As docs/json.md says: a row of weights a line. */
  String json() throws IOException {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("model", model);
      json.writeStringField("backend", backend);
      json.writeStringField("text", text);
      tokens(json, "tokens", maps.tokens());
      tokens(json, "target", maps.target());
      json.writeArrayFieldStart("maps");
      for (AttentionWeights map : maps.maps()) {
        json.writeStartObject();
        json.writeStringField("kind", map.kind().spelling());
        json.writeNumberField("layer", map.layer());
        json.writeNumberField("head", map.head());
        json.writeArrayFieldStart("weights");
        for (int i = 0; i < map.queries(); i++) {
          json.writeRawValue("\n" + row(map, i));
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.append('\n').toString();
  }

  private static void tokens(JsonGenerator json, String field, List<AttentionMaps.Token> tokens)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (AttentionMaps.Token token : tokens) {
      json.writeStartObject();
      json.writeNumberField("id", token.id());
      json.writeStringField("spelling", token.spelling());
      json.writeStringField("text", token.text());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** The shortest decimals that are read as the same floats; JSON has no word for NaN but null. */
  private static String row(AttentionWeights map, int query) {
    StringJoiner row = new StringJoiner(", ", "[", "]");
    for (int key = 0; key < map.keys(); key++) {
      float weight = map.weight(query, key);
      row.add(Float.isFinite(weight) ? Float.toString(weight) : "null");
    }
    return row.toString();
  }

  /** A page to look at them: weights as float32, little-endian, in Base64. */
  String page() {
    return Page.of(
        "attention",
        "Attention of " + model,
        Json.object(
            "model",
            model,
            "backend",
            backend,
            "text",
            text,
            "tokens",
            labels(maps.tokens()),
            "target",
            labels(maps.target()),
            "maps",
            maps.maps().stream().map(AttentionExport::forPage).toList()));
  }

  private static List<String> labels(List<AttentionMaps.Token> tokens) {
    return tokens.stream().map(AttentionExport::label).toList();
  }

  /** A token that is a space can be seen too. */
  static String label(AttentionMaps.Token token) {
    return token.label().isBlank() ? "␣" : token.label();
  }

  private static Object forPage(AttentionWeights map) {
    ByteBuffer bytes =
        ByteBuffer.allocate(map.values().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(map.values());
    return Json.object(
        "kind", map.kind().spelling(),
        "layer", map.layer(),
        "head", map.head(),
        "weights", Base64.getEncoder().encodeToString(bytes.array()));
  }
}
