package dev.heddle.text;

import dev.heddle.weights.Gguf;
import dev.heddle.weights.Llama2c;
import dev.heddle.weights.WeightFile;
import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Opens the tokenizer of whatever has one, without asking for its architecture: a {@code
 * tokenizer.json}, a GGUF file, a vocabulary of llama2.c, a model beside one of these, or a folder
 * that holds one.
 */
public final class Tokenizers {
  private static final String JSON = "tokenizer.json";
  private static final String GGUF = ".gguf";
  private static final String BIN = ".bin";

  private Tokenizers() {}

  /**
   * The tokenizer of {@code path}:
   *
   * <ul>
   *   <li>of a folder its {@code tokenizer.json}, else that of the one GGUF model in it, else its
   *       one {@code tok*.bin};
   *   <li>of a JSON file what it describes, of a GGUF file its vocabulary;
   *   <li>of {@code tok*.bin} the vocabulary of llama2.c that it is; of another {@code .bin}, a
   *       checkpoint, the one {@code tok*.bin} beside it that has as many tokens;
   *   <li>of another file, as {@code model.safetensors}, the {@code tokenizer.json} beside it.
   * </ul>
   *
   * @throws TokenizerException if there is none, or one that cannot be read
   * @throws WeightFileException if a GGUF file or a checkpoint is broken
   */
  public static Tokenizer open(Path path) {
    if (Files.isDirectory(path)) {
      return inFolder(path);
    }
    if (!Files.exists(path)) {
      throw new TokenizerException(path + ": there is no such file");
    }
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".json")) {
      return Tokenizer.open(path);
    }
    if (name.endsWith(GGUF)) {
      return ofGguf(path);
    }
    if (isVocabulary(path)) {
      return Llama2cVocabulary.read(path).tokenizer();
    }
    if (name.endsWith(BIN)) {
      return ofCheckpoint(path);
    }
    Path beside = path.resolveSibling(JSON);
    if (!Files.isRegularFile(beside)) {
      throw new TokenizerException(
          "%s: has no tokenizer: there is no %s beside it".formatted(path, JSON));
    }
    return Tokenizer.open(beside);
  }

  /**
   * As {@link #open}, of a path that was named as a tokenizer: every {@code .bin} is a vocabulary.
   *
   * @throws TokenizerException if it is none
   */
  public static Tokenizer openNamed(Path path) {
    return path.toString().endsWith(BIN) && Files.isRegularFile(path)
        ? Llama2cVocabulary.read(path).tokenizer()
        : open(path);
  }

  /**
   * Whether a GGUF file, a checkpoint of llama2.c, or a folder comes with something that may be a
   * tokenizer.
   *
   * @throws WeightFileException if a GGUF file is broken
   */
  public static boolean has(Path path) {
    Path folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
    if (path.toString().endsWith(BIN)) {
      return !files(folder, Tokenizers::isVocabulary).isEmpty();
    }
    if (folder.equals(path) && Files.isRegularFile(folder.resolve(JSON))) {
      return true;
    }
    try (WeightFile file = WeightFile.open(path)) {
      return file.metadata().containsKey("tokenizer.ggml.model");
    }
  }

  private static Tokenizer ofGguf(Path path) {
    try (Gguf gguf = Gguf.open(path)) {
      return GgufVocabulary.of(gguf).tokenizer();
    }
  }

  private static Tokenizer inFolder(Path folder) {
    if (Files.isRegularFile(folder.resolve(JSON))) {
      return Tokenizer.open(folder.resolve(JSON));
    }
    Optional<Gpt2Files> gpt2 = Gpt2Files.in(folder);
    if (gpt2.isPresent()) {
      return gpt2.get().read().tokenizer();
    }
    List<Path> models =
        files(folder, file -> file.toString().endsWith(GGUF) && !Gguf.isLaterPart(file));
    if (models.isEmpty()) {
      List<Path> vocabularies = files(folder, Tokenizers::isVocabulary);
      return Llama2cVocabulary.read(
              one(folder, vocabularies, "tokenizer.json, GGUF file or tok*.bin"))
          .tokenizer();
    }
    return ofGguf(one(folder, models, "GGUF file"));
  }

  private static Path one(Path place, List<Path> found, String expected) {
    if (found.isEmpty()) {
      throw new TokenizerException("%s: has no %s".formatted(place, expected));
    }
    if (found.size() > 1) {
      throw new TokenizerException(
          "%s: has %d files with a tokenizer; name one, for instance %s"
              .formatted(place, found.size(), found.getFirst()));
    }
    return found.getFirst();
  }

  private static Tokenizer ofCheckpoint(Path checkpoint) {
    int expected;
    try (Llama2c weights = Llama2c.open(checkpoint)) {
      expected = ((Long) weights.metadata().get("vocab_size")).intValue();
    }
    Path folder = checkpoint.toAbsolutePath().getParent();
    List<Vocabulary> all =
        files(folder, Tokenizers::isVocabulary).stream().map(Llama2cVocabulary::read).toList();
    List<Vocabulary> fitting =
        all.stream().filter(vocabulary -> vocabulary.tokens().size() == expected).toList();
    if (fitting.size() != 1) {
      throw new TokenizerException(
          "%s: has %d tokens; of %d files tok*.bin beside it, %d have as many. Name one"
              .formatted(checkpoint, expected, all.size(), fitting.size()));
    }
    return fitting.getFirst().tokenizer();
  }

  private static boolean isVocabulary(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith("tok") && name.endsWith(BIN);
  }

  private static List<Path> files(Path folder, Predicate<Path> wanted) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).filter(wanted).sorted().toList();
    } catch (IOException e) {
      throw new TokenizerException(folder + ": cannot be listed: " + e, e);
    }
  }
}
