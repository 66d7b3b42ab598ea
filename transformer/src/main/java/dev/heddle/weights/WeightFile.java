package dev.heddle.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Whatever holds weights, opened by what it is: a safetensors file, an index of shards, a GGUF
 * file, or a folder with one of these; or a {@code .bin}, of llama2.c or CTranslate2.
 */
public final class WeightFile implements AutoCloseable {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final byte[] GGUF_MAGIC = {'G', 'G', 'U', 'F'};

  private final Path path;
  private final String format;
  private final List<Path> files;
  private final Weights weights;

  private WeightFile(Path path, String format, List<Path> files, Weights weights) {
    this.path = path;
    this.format = format;
    this.files = files;
    this.weights = weights;
  }

  /**
   * Opens {@code path}. A folder is opened by its {@code model.safetensors}, else its {@code
   * model.safetensors.index.json}, else the one GGUF model in it.
   *
   * @throws WeightFileException if it is missing, broken, or nothing that holds weights
   */
  public static WeightFile open(Path path) {
    Path file = Files.isDirectory(path) ? inFolder(path) : path;
    String name = file.getFileName().toString();
    if (name.endsWith(".json")) {
      SafetensorsShards shards = SafetensorsShards.open(file);
      return new WeightFile(file, "safetensors, sharded", shards.files(), shards);
    }
    if (name.endsWith(".gguf") || !name.endsWith(".safetensors") && beginsAsGguf(file)) {
      Gguf gguf = Gguf.open(file);
      return new WeightFile(file, "GGUF version " + gguf.version(), gguf.files(), gguf);
    }
    if (name.endsWith(".bin") && Ctranslate2.begins(file)) {
      return new WeightFile(file, "CTranslate2", List.of(file), Ctranslate2.open(file));
    }
    if (name.endsWith(".bin")) {
      return new WeightFile(file, "llama2.c", List.of(file), Llama2c.open(file));
    }
    Safetensors safetensors = Safetensors.open(file);
    return new WeightFile(file, "safetensors", List.of(file), safetensors);
  }

  private static Path inFolder(Path folder) {
    for (String name : List.of(SINGLE, INDEX)) {
      if (Files.exists(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    List<Path> found;
    try (Stream<Path> files = Files.list(folder)) {
      found =
          files
              .filter(file -> file.toString().endsWith(".gguf"))
              .filter(file -> !Gguf.isLaterPart(file))
              .sorted()
              .toList();
    } catch (IOException e) {
      throw WeightFileException.of(folder, "cannot be listed: " + e, e);
    }
    if (found.size() != 1) {
      throw WeightFileException.of(
          folder,
          found.isEmpty()
              ? "has no %s, %s or GGUF file".formatted(SINGLE, INDEX)
              : "has %d GGUF models; name one, for instance %s"
                  .formatted(found.size(), found.getFirst()));
    }
    return found.getFirst();
  }

  /** False also where nothing can be read: what opens the file then says why. */
  private static boolean beginsAsGguf(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream stream = Files.newInputStream(file)) {
      return Arrays.equals(stream.readNBytes(GGUF_MAGIC.length), GGUF_MAGIC);
    } catch (IOException e) {
      return false;
    }
  }

  /** The file that was opened; in a folder, the one chosen there. */
  public Path path() {
    return path;
  }

  /** What it is, in words: {@code safetensors}, {@code GGUF version 3}. */
  public String format() {
    return format;
  }

  /** The files with the tensors. */
  public List<Path> files() {
    return files;
  }

  /**
   * Refuses a file to write that is one of these, under whatever name: the original would be gone.
   *
   * @throws WeightFileException if it is
   */
  public void refuseOverwriting(Path out) {
    try {
      for (Path file : files) {
        if (Files.exists(out) && Files.isSameFile(file, out)) {
          throw WeightFileException.of(out, "is the file that is read; name another to write");
        }
      }
    } catch (IOException e) {
      throw WeightFileException.of(out, "cannot be told from what is read: " + e, e);
    }
  }

  /** The tensors; closed with this. */
  public Weights weights() {
    return weights;
  }

  /** What it says besides tensors: {@link Weights#metadata()}. */
  public Map<String, Object> metadata() {
    return weights.metadata();
  }

  /** The table of tensors, in order. */
  public List<TensorInfo> tensors() {
    return weights.names().stream().map(weights::info).toList();
  }

  /** Elements of all tensors together. */
  public long parameters() {
    return tensors().stream().mapToLong(tensor -> tensor.shape().elements()).sum();
  }

  /** Bytes of all tensors together, as they are stored. */
  public long bytes() {
    return tensors().stream().mapToLong(TensorInfo::bytes).sum();
  }

  @Override
  public void close() {
    weights.close();
  }
}
