package dev.heddle.kernels;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.heddle.cache.CacheFolder;
import dev.heddle.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Tiles on disk: JSON with the device, and for each shape what is best there. Written in one step;
 * one that cannot be read is reported and does as if it were not there.
 */
final class TuningFile {
  private static final JsonFactory JSON = new JsonFactory();

  /**
   * One line of a file. A shipped one names no shape.
   *
   * @param key the shape; null for all
   * @param few whether for few rows
   */
  record Entry(MatMulTuning.Key key, boolean few, MatMulTiles tiles) {}

  private TuningFile() {}

  /** The file of a device in the user's cache. */
  static Path of(String device) {
    CRC32 sum = new CRC32();
    sum.update(device.getBytes(StandardCharsets.UTF_8));
    String name = device.replaceAll("[^A-Za-z0-9.]+", "-");
    String start = name.substring(0, Math.min(60, name.length()));
    return CacheFolder.path().resolve("tuning", "%s-%08x.json".formatted(start, sum.getValue()));
  }

  /** What the project ships: {@code cpu} or {@code gpu}. */
  static List<Entry> shipped(String kind) {
    String name = "tiles/" + kind + ".json";
    try (InputStream in = TuningFile.class.getResourceAsStream(name);
        JsonParser parser = JSON.createParser(in)) {
      return read(parser, null);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }

  /** What {@code file} says of {@code device}; nothing if there is no such file. */
  static Map<MatMulTuning.Key, MatMulTiles> load(Path file, String device) {
    Map<MatMulTuning.Key, MatMulTiles> tiles = new HashMap<>();
    if (Files.exists(file)) {
      try (JsonParser parser = JSON.createParser(file.toFile())) {
        for (Entry entry : read(parser, device)) {
          if (entry.key == null) {
            throw new JsonParseException(parser, "tiles for no shape");
          }
          tiles.put(entry.key, entry.tiles);
        }
      } catch (IOException e) {
        System.getLogger("dev.heddle.kernels")
            .log(
                Level.WARNING,
                "%s: %s; default tiles are used. Delete it, or run heddle tune again"
                    .formatted(file, reason(e)));
        return Map.of();
      }
    }
    return tiles;
  }

  private static String reason(IOException e) {
    return e instanceof JsonProcessingException wrong
        ? "line %d: %s".formatted(wrong.getLocation().getLineNr(), wrong.getOriginalMessage())
        : e.getMessage();
  }

  /** Writes tiles for {@code device}. */
  static void save(Path file, String device, Map<MatMulTuning.Key, MatMulTiles> tiles)
      throws IOException {
    Files.createDirectories(file.getParent());
    CacheFolder.replace(
        file,
        part -> {
          try (JsonGenerator json = JSON.createGenerator(part.toFile(), JsonEncoding.UTF8)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("device", device);
            json.writeArrayFieldStart("matmul");
            Map<String, Map.Entry<MatMulTuning.Key, MatMulTiles>> sorted = new TreeMap<>();
            tiles.entrySet().forEach(each -> sorted.put(each.getKey().toString(), each));
            for (Map.Entry<MatMulTuning.Key, MatMulTiles> each : sorted.values()) {
              write(json, each.getKey(), each.getValue());
            }
            json.writeEndArray();
            json.writeEndObject();
          }
        });
  }

  private static void write(JsonGenerator json, MatMulTuning.Key key, MatMulTiles tiles)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("a", key.a().toString());
    json.writeStringField("b", key.b().toString());
    json.writeNumberField("k", key.k());
    json.writeNumberField("n", key.n());
    json.writeBooleanField("few", key.few());
    json.writeObjectFieldStart("tiles");
    switch (tiles) {
      case MatMulTiles.Panels t -> {
        json.writeStringField("in", "registers");
        json.writeNumberField("rows", t.rows());
        json.writeNumberField("vectors", t.vectors());
        json.writeNumberField("lanes", t.lanes());
        json.writeNumberField("chunk", t.chunk());
      }
      case MatMulTiles.Local t -> {
        json.writeStringField("in", "local memory");
        json.writeNumberField("rows", t.rows());
        json.writeNumberField("columns", t.columns());
        json.writeNumberField("depth", t.depth());
        json.writeNumberField("itemRows", t.itemRows());
        json.writeNumberField("itemColumns", t.itemColumns());
      }
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  // Reading.

  private static List<Entry> read(JsonParser parser, String device) throws IOException {
    List<Entry> entries = new ArrayList<>();
    expect(parser, parser.nextToken(), JsonToken.START_OBJECT);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      if (field.equals("device") && device != null && !device.equals(parser.getText())) {
        throw new JsonParseException(
            parser, "it is of the device \"" + parser.getText() + "\", not \"" + device + "\"");
      }
      if (field.equals("matmul")) {
        expect(parser, value, JsonToken.START_ARRAY);
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          entries.add(entry(parser));
        }
      } else {
        parser.skipChildren();
      }
    }
    expect(parser, parser.currentToken(), JsonToken.END_OBJECT);
    return entries;
  }

  private static Entry entry(JsonParser parser) throws IOException {
    Map<String, Object> fields = object(parser);
    if (!(fields.get("tiles") instanceof Map<?, ?> tiles)) {
      throw new JsonParseException(parser, "an entry without tiles");
    }
    boolean few = Boolean.TRUE.equals(fields.get("few"));
    try {
      MatMulTuning.Key key =
          fields.containsKey("k")
              ? new MatMulTuning.Key(
                  dtype(fields.get("a")),
                  dtype(fields.get("b")),
                  (long) fields.get("k"),
                  (long) fields.get("n"),
                  few)
              : null;
      return new Entry(key, few, tiles(tiles));
    } catch (IllegalArgumentException
        | ArithmeticException
        | ClassCastException
        | NullPointerException e) {
      throw new JsonParseException(parser, "an entry that makes no sense: " + fields, e);
    }
  }

  private static DType dtype(Object name) {
    return DType.valueOf(((String) name).toUpperCase(Locale.ROOT));
  }

  private static MatMulTiles tiles(Map<?, ?> fields) {
    return switch ((String) fields.get("in")) {
      case "registers" ->
          new MatMulTiles.Panels(
              number(fields, "rows"),
              number(fields, "vectors"),
              number(fields, "lanes"),
              number(fields, "chunk"));
      case "local memory" ->
          new MatMulTiles.Local(
              number(fields, "rows"),
              number(fields, "columns"),
              number(fields, "depth"),
              number(fields, "itemRows"),
              number(fields, "itemColumns"));
      case String other -> throw new IllegalArgumentException("tiles in " + other);
    };
  }

  private static int number(Map<?, ?> fields, String name) {
    return Math.toIntExact((long) fields.get(name));
  }

  /** An object of texts, whole numbers, truth values and such objects. */
  private static Map<String, Object> object(JsonParser parser) throws IOException {
    expect(parser, parser.currentToken(), JsonToken.START_OBJECT);
    Map<String, Object> fields = new HashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      fields.put(
          name,
          switch (parser.nextToken()) {
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            case START_OBJECT -> object(parser);
            case null, default ->
                throw new JsonParseException(parser, "the field " + name + " is unexpected");
          });
    }
    expect(parser, parser.currentToken(), JsonToken.END_OBJECT);
    return fields;
  }

  private static void expect(JsonParser parser, JsonToken found, JsonToken wanted)
      throws IOException {
    if (found != wanted) {
      throw new JsonParseException(parser, "expected " + wanted + ", found " + found);
    }
  }
}
