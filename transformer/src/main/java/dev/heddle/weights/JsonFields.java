package dev.heddle.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The object in a JSON file that configures a model, read by fields that say what they expect.
 *
 * {@snippet :
 * JsonFields config = JsonFields.read(folder.resolve("config.json"));
 * int hidden = config.field("hidden_size", "n_embd", "d_model").positiveInt();
 * double eps = config.field("layer_norm_eps").positiveDouble(1e-12);
 * }
 *
 * <p>What is absent or {@code null} takes the default where the getter has one; what is there must
 * be right. Errors name the file, the field, its value and what was expected.
 */
public final class JsonFields {
  /** Longest file that is read; a {@code tokenizer.json} of 256 thousand tokens has 34 MB. */
  private static final long LONGEST = 64 << 20;

  /** To make one takes longer than to read a configuration. */
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final Path file;
  private final String prefix;
  private final ObjectNode object;

  /** {@code prefix} is what errors put before a field's name: where the object stands. */
  JsonFields(Path file, String prefix, ObjectNode object) {
    this.file = file;
    this.prefix = prefix;
    this.object = object;
  }

  /**
   * Reads the object that {@code file} holds.
   *
   * @throws WeightFileException if the file is missing, too long, or not a JSON object
   */
  public static JsonFields read(Path file) {
    return of(TextFile.bytes(file, LONGEST), file);
  }

  /**
   * Reads the object that {@code json}, text in UTF-8, is: for configurations that do not lie in a
   * file of their own.
   *
   * @param source where it comes from, for errors
   * @throws WeightFileException if it is not a JSON object
   */
  public static JsonFields of(byte[] json, Path source) {
    JsonNode root = parse(source, json);
    if (root instanceof ObjectNode object) {
      return new JsonFields(source, "", object);
    }
    throw WeightFileException.of(
        source, "holds " + JsonField.shown(root) + "; expected a JSON object");
  }

  /**
   * The object that {@code fields} describes: strings, numbers, truth values, nulls, and lists and
   * maps of these.
   *
   * @param source where it comes from, for errors
   */
  public static JsonFields of(Map<String, ?> fields, Path source) {
    return new JsonFields(source, "", MAPPER.valueToTree(fields));
  }

  /**
   * Reads the objects of the list that {@code file} holds.
   *
   * @throws WeightFileException if the file is missing, too long, or not a JSON list of objects
   */
  public static List<JsonFields> readList(Path file) {
    JsonNode root = parse(file, TextFile.bytes(file, LONGEST));
    if (root.isArray() && root.valueStream().allMatch(JsonNode::isObject)) {
      List<JsonFields> objects = new ArrayList<>();
      root.forEach(node ->
          objects.add(new JsonFields(file, "[" + objects.size() + "].", (ObjectNode) node)));
      return objects;
    }
    throw WeightFileException.of(
        file, "holds " + JsonField.shown(root) + "; expected a JSON list of objects");
  }

  private static JsonNode parse(Path file, byte[] text) {
    // A factory of its own: it keeps every name it has met, and these may be hostile.
    JsonFactory factory =
        JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            // Python writes and reads Infinity and NaN.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();
    try (JsonParser parser = factory.createParser(text)) {
      JsonNode root = MAPPER.readTree(parser);
      return root == null ? MissingNode.getInstance() : root;
    } catch (JsonProcessingException e) {
      long offset = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
      String reason = e.getOriginalMessage().lines().findFirst().orElse("");
      throw WeightFileException.at(file, offset, "text", "is not valid JSON: " + reason, e);
    } catch (IOException e) {
      throw WeightFileException.of(file, "cannot be read: " + e, e);
    }
  }

  /** The file. */
  public Path file() {
    return file;
  }

  /** Names of all fields, in their order. */
  public List<String> names() {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** True if the field is there and not {@code null}. */
  public boolean has(String name) {
    return object.hasNonNull(name);
  }

  /** The field of the first of these names that is there: spellings of one thing. */
  public JsonField field(String name, String... otherNames) {
    List<String> names = new ArrayList<>(List.of(name));
    names.addAll(Arrays.asList(otherNames));
    for (String candidate : names) {
      if (has(candidate)) {
        return new JsonField(file, List.of(prefix + candidate), object.get(candidate));
      }
    }
    return new JsonField(file, names.stream().map(each -> prefix + each).toList(), null);
  }
}
