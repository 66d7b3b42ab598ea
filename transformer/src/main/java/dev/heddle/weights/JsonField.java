package dev.heddle.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * One field of a {@link JsonFields}, there or not, and what it is read as.
 *
 * <p>Getters with a default give it where the field is absent or {@code null}; the others refuse
 * that. A value that is not what the getter says is always refused, with a {@link
 * WeightFileException}.
 */
public final class JsonField {
  private final Path file;
  private final List<String> names;
  private final JsonNode value;

  /** {@code names} is the name found, or all those looked for if {@code value} is null. */
  JsonField(Path file, List<String> names, JsonNode value) {
    this.file = file;
    this.names = names;
    this.value = value;
  }

  /** True if it is there and not {@code null}. */
  public boolean present() {
    return value != null;
  }

  /** A whole number. */
  public int wholeInt() {
    return read("a whole number", JsonField::isInt, JsonNode::intValue);
  }

  /** A whole number. */
  public int wholeInt(int otherwise) {
    return present() ? wholeInt() : otherwise;
  }

  /** A whole number of 64 bits. */
  public long wholeLong(long otherwise) {
    return present()
        ? read(
            "a whole number",
            node -> node.canConvertToLong() && node.canConvertToExactIntegral(),
            JsonNode::longValue)
        : otherwise;
  }

  /** A whole number, 1 or more. */
  public int positiveInt() {
    return read(
        "a positive whole number", node -> isInt(node) && node.intValue() > 0, JsonNode::intValue);
  }

  /** A whole number, 1 or more. */
  public int positiveInt(int otherwise) {
    return present() ? positiveInt() : otherwise;
  }

  /** A number, not infinite nor NaN. */
  public double finiteDouble() {
    return read("a finite number", JsonField::isFinite, JsonNode::doubleValue);
  }

  /** A number, not infinite nor NaN. */
  public double finiteDouble(double otherwise) {
    return present() ? finiteDouble() : otherwise;
  }

  /** A number above 0, not infinite. */
  public double positiveDouble() {
    return read(
        "a positive number",
        node -> isFinite(node) && node.doubleValue() > 0,
        JsonNode::doubleValue);
  }

  /** A number above 0, not infinite. */
  public double positiveDouble(double otherwise) {
    return present() ? positiveDouble() : otherwise;
  }

  /** True if it is {@code true} or {@code false}. */
  public boolean isBool() {
    return present() && value.isBoolean();
  }

  /** True if it is a list. */
  public boolean isList() {
    return present() && value.isArray();
  }

  /** {@code true} or {@code false}. */
  public boolean bool() {
    return read("true or false", JsonNode::isBoolean, JsonNode::booleanValue);
  }

  /** {@code true} or {@code false}. */
  public boolean bool(boolean otherwise) {
    return present() ? bool() : otherwise;
  }

  /** True if it is a string. */
  public boolean isString() {
    return present() && value.isTextual();
  }

  /** A string. */
  public String string() {
    return read("a string", JsonNode::isTextual, JsonNode::textValue);
  }

  /** A string. */
  public String string(String otherwise) {
    return present() ? string() : otherwise;
  }

  /** A string, one of {@code allowed}. */
  public String oneOf(List<String> allowed) {
    String expected =
        allowed.stream().map(WeightFileException::quote).collect(Collectors.joining(", "));
    return read(
        allowed.size() == 1 ? expected : "one of " + expected,
        node -> node.isTextual() && allowed.contains(node.textValue()),
        JsonNode::textValue);
  }

  /** A list of whole numbers; a single one counts as a list of one. */
  public List<Integer> ints() {
    return list("a list of whole numbers", JsonField::isInt, JsonNode::intValue);
  }

  /** A list of numbers, none infinite nor NaN. */
  public List<Double> doubles() {
    return list("a list of numbers", JsonField::isFinite, JsonNode::doubleValue);
  }

  /** A list of strings; a single one counts as a list of one. */
  public List<String> strings() {
    return list("a list of strings", JsonNode::isTextual, JsonNode::textValue);
  }

  /** An object, whose own fields are read in turn. */
  public JsonFields object() {
    return read(
        "an object",
        JsonNode::isObject,
        node -> new JsonFields(file, names.getFirst() + ".", (ObjectNode) node));
  }

  /** What stands in a list, each to be read in turn. */
  public List<JsonField> elements() {
    String name = names.getFirst();
    List<JsonField> elements = new ArrayList<>();
    for (JsonNode node : read("a list", JsonNode::isArray, JsonField::elements)) {
      JsonNode present = node.isNull() ? null : node;
      elements.add(new JsonField(file, List.of(name + "[" + elements.size() + "]"), present));
    }
    return elements;
  }

  /** A list of objects. */
  public List<JsonFields> objects() {
    String name = names.getFirst();
    List<JsonFields> objects = new ArrayList<>();
    List<JsonNode> nodes = read("a list of objects", JsonField::areObjects, JsonField::elements);
    for (JsonNode node : nodes) {
      objects.add(new JsonFields(file, name + "[" + objects.size() + "].", (ObjectNode) node));
    }
    return objects;
  }

  /** An error that says the field is not {@code expected}: for what only the caller knows. */
  public WeightFileException wrong(String expected) {
    if (!present()) {
      String all =
          names.stream().map(WeightFileException::quote).collect(Collectors.joining(" or "));
      return WeightFileException.of(file, "has no %s; expected %s".formatted(all, expected));
    }
    return WeightFileException.of(
        file, "\"" + names.getFirst() + "\"", "is " + shown(value) + "; expected " + expected);
  }

  private <T> T read(String expected, Predicate<JsonNode> valid, Function<JsonNode, T> get) {
    if (!present() || !valid.test(value)) {
      throw wrong(expected);
    }
    return get.apply(value);
  }

  private <T> List<T> list(String expected, Predicate<JsonNode> valid, Function<JsonNode, T> get) {
    return read(
        expected,
        node -> elements(node).stream().allMatch(valid),
        node -> elements(node).stream().map(get).toList());
  }

  private static List<JsonNode> elements(JsonNode node) {
    return node.isArray() ? node.valueStream().toList() : List.of(node);
  }

  private static boolean areObjects(JsonNode node) {
    return node.isArray() && node.valueStream().allMatch(JsonNode::isObject);
  }

  private static boolean isInt(JsonNode node) {
    return node.isNumber() && node.canConvertToInt() && node.canConvertToExactIntegral();
  }

  private static boolean isFinite(JsonNode node) {
    return node.isNumber() && Double.isFinite(node.doubleValue());
  }

  /** What stands there, fit for one line of an error. */
  static String shown(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> "an object";
      case ARRAY -> "a list of %d".formatted(node.size());
      case STRING -> WeightFileException.quote(node.textValue());
      case MISSING -> "nothing";
      default -> node.asText();
    };
  }
}
