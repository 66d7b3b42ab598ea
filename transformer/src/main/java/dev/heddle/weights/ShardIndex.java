package dev.heddle.weights;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The index of a model in several safetensors files, not yet compared with them.
 *
 * @param path the index
 * @param weightMap names of files by tensor, as the index spells them; not empty
 * @param metadata text, numbers and truth values
 */
record ShardIndex(Path path, Map<String, String> weightMap, Map<String, Object> metadata) {
  private static final long LONGEST = 100_000_000;

  static ShardIndex read(Path path) {
    return parse(path, TextFile.bytes(path, LONGEST));
  }

  /** The index that {@code text} is; {@code path} is where it comes from. */
  static ShardIndex parse(Path path, byte[] text) {
    ShardIndex index = new ShardIndex(path, new LinkedHashMap<>(), new LinkedHashMap<>());
    try (StrictJson json = StrictJson.of(path, 0, "index", text)) {
      json.root(
          "index",
          name -> {
            switch (name) {
              case "weight_map" -> index.readWeightMap(json);
              case "metadata" -> index.readMetadata(json);
              default -> json.skip();
            }
          });
    }
    if (index.weightMap.isEmpty()) {
      throw WeightFileException.of(
          path, "weight_map", "is missing or empty; expected tensor names with file names");
    }
    return index;
  }

  private void readWeightMap(StrictJson json) throws IOException {
    json.object(
        "weight_map", tensor -> weightMap.put(tensor, json.string(ShardIndex.field(tensor))));
  }

  private void readMetadata(StrictJson json) throws IOException {
    if (json.isNull()) {
      return;
    }
    json.object("metadata", name -> json.scalar().ifPresent(value -> metadata.put(name, value)));
  }

  /** What errors call the entry of {@code tensor}. */
  static String field(String tensor) {
    return "weight_map " + WeightFileException.quote(tensor);
  }

  /** The file of {@code tensor}, which must lie below the index's folder on every platform. */
  Path file(String tensor) {
    String name = weightMap.get(tensor);
    boolean plain = !name.isEmpty() && name.indexOf('\\') < 0 && name.indexOf(':') < 0;
    for (String part : name.split("/", -1)) {
      plain &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
    }
    try {
      if (plain) {
        return path.resolveSibling(name);
      }
    } catch (InvalidPathException e) {
      // Falls through: this platform cannot have such a file.
    }
    throw WeightFileException.of(
        path,
        field(tensor),
        "is %s; expected the name of a file in the same folder"
            .formatted(WeightFileException.quote(name)));
  }
}
