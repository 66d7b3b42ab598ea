package dev.heddle.model;

import dev.heddle.cache.CacheFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** The small models that come in this module's jar: for demonstrations and tests anywhere. */
final class ShippedModels {
  /** Their names. Each is a folder among the resources. */
  static final List<String> NAMES = List.of("dates-marian", "sentiment-bert", "shakespeare-llama");

  private static final List<String> FILES =
      List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

  /** What only models that continue texts have. */
  private static final String GENERATION = "generation_config.json";

  private ShippedModels() {}

  /**
   * A folder with the model's files, unpacked once: weights are mapped, which takes a file.
   *
   * @throws ModelException if they cannot be unpacked
   */
  static Path folder(String name) {
    try {
      // Its checksum in the folder's name: another version of the model gets another folder.
      Path folder = CacheFolder.folder("models/%s-%08x".formatted(name, checksum(name)));
      for (String file : files(name)) {
        CacheFolder.unpack(resource(name, file), folder, file);
      }
      return folder;
    } catch (IOException e) {
      throw new ModelException(
          "the model %s cannot be unpacked: %s. -D%s names another folder"
              .formatted(name, e, CacheFolder.PROPERTY),
          e);
    }
  }

  private static List<String> files(String name) {
    return url(name, GENERATION) == null
        ? FILES
        : Stream.concat(FILES.stream(), Stream.of(GENERATION)).toList();
  }

  private static long checksum(String name) throws IOException {
    CRC32 checksum = new CRC32();
    for (String file : files(name)) {
      try (InputStream in = resource(name, file).openStream()) {
        checksum.update(in.readAllBytes());
      }
    }
    return checksum.getValue();
  }

  private static URL resource(String name, String file) throws IOException {
    URL resource = url(name, file);
    if (resource == null) {
      throw new IOException("the jar lacks " + name + "/" + file);
    }
    return resource;
  }

  private static URL url(String name, String file) {
    return ShippedModels.class.getResource("shipped/" + name + "/" + file);
  }
}
