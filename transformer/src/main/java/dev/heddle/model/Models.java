package dev.heddle.model;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.graph.Value;
import dev.heddle.hub.Hub;
import dev.heddle.hub.HubReference;
import dev.heddle.onnx.OnnxImporter;
import dev.heddle.onnx.OnnxModel;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.text.ChatTemplate;
import dev.heddle.text.Tokenizer;
import dev.heddle.text.Tokenizers;
import dev.heddle.weights.Ctranslate2;
import dev.heddle.weights.Gguf;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Llama2c;
import dev.heddle.weights.MavenCoordinates;
import dev.heddle.weights.MavenModels;
import dev.heddle.weights.WeightFile;
import dev.heddle.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Opens models from wherever they are. */
public final class Models {
  private static final String CONFIG = "config.json";
  private static final String TOKENIZER = "tokenizer.json";
  private static final String ONNX = ".onnx";
  private static final String BIN = "model.bin";

  private Models() {}

  /** Names of the models that come with this library. */
  public static List<String> names() {
    return ShippedModels.NAMES;
  }

  /** Opens the model that {@code reference} names, without telling how far it is. */
  public static Model open(String reference) {
    return open(reference, (doing, bytes, total) -> {});
  }

  /**
   * Opens the model that {@code reference} names: a path; {@code maven:group:artifact:version}, a
   * jar with an ONNX file and its tokenizer, fetched by the user's Maven if it is not there; one of
   * {@link #names}; or {@code OWNER/NAME[:FILE]}, which {@link Hub#pull} has fetched.
   *
   * @param progress told what is fetched and unpacked
   * @throws ModelException if there is none, or of a kind that is not supported
   * @throws dev.heddle.weights.WeightFileException if one of its files is broken
   * @throws dev.heddle.weights.ModelUnavailableException if Maven cannot fetch it
   */
  public static Model open(String reference, MavenModels.Progress progress) {
    if (reference.startsWith(MavenCoordinates.PREFIX)) {
      MavenCoordinates coordinates = MavenCoordinates.parse(reference);
      Path folder = MavenModels.standard().folder(coordinates, progress);
      return open(folder, coordinates.artifact());
    }
    Path path = path(reference);
    if (path != null && Files.exists(path)) {
      return open(path);
    }
    if (ShippedModels.NAMES.contains(reference)) {
      return open(ShippedModels.folder(reference), reference);
    }
    return open(pulled(reference), reference);
  }

  /**
   * The same with the tokenizer of {@code tokenizer}, a file or folder as {@link
   * Tokenizers#open(Path)} takes it, in place of the model's own.
   */
  public static Model open(String reference, Path tokenizer, MavenModels.Progress progress) {
    return open(reference, progress).withTokenizer(tokenizer);
  }

  /**
   * Opens the tokenizer of what {@code reference} names, as {@link #open(String,
   * MavenModels.Progress)} takes it, whether or not the model could be run: {@link
   * Tokenizers#open(Path)} says where it is looked for.
   *
   * @throws ModelException if there is no such model
   * @throws dev.heddle.text.TokenizerException if it has no tokenizer that can be read
   * @throws dev.heddle.weights.WeightFileException if one of its files is broken
   * @throws dev.heddle.weights.ModelUnavailableException if Maven cannot fetch it
   */
  public static Tokenizer openTokenizer(String reference, MavenModels.Progress progress) {
    if (reference.startsWith(MavenCoordinates.PREFIX)) {
      MavenCoordinates coordinates = MavenCoordinates.parse(reference);
      return Tokenizers.open(MavenModels.standard().folder(coordinates, progress));
    }
    Path path = path(reference);
    if (path != null && Files.exists(path)) {
      return tokenizerIn(path);
    }
    if (ShippedModels.NAMES.contains(reference)) {
      return Tokenizers.open(ShippedModels.folder(reference));
    }
    return tokenizerIn(pulled(reference));
  }

  private static Tokenizer tokenizerIn(Path path) {
    boolean inside = Files.isDirectory(path) && !Files.exists(path.resolve(TOKENIZER));
    return Tokenizers.open(
        inside && SentenceSettings.describes(path)
            ? SentenceSettings.read(path).transformer()
            : path);
  }

  /** What was fetched from the hub under this name. */
  private static Path pulled(String reference) {
    Optional<HubReference> name = HubReference.find(reference);
    return name.flatMap(model -> Hub.standard().find(model, Hub.MAIN))
        .orElseThrow(() ->
            new ModelException(
                ("%s: there is no such path, and no such model comes with this library; expected a"
                        + " path, maven:group:artifact:version, one of %s, or what \"heddle pull"
                        + " %s\" has fetched")
                    .formatted(
                        reference,
                        String.join(", ", ShippedModels.NAMES),
                        name.isPresent() ? reference : "OWNER/NAME")));
  }

  /**
   * Opens the model in {@code path}: a folder as Hugging Face's or sentence-transformers' libraries
   * write it, with safetensors or {@code model.onnx}; an ONNX file, its tokenizer beside it; a GGUF
   * file, a part of a split one, or a folder with one; or a checkpoint of llama2.c, {@code .bin},
   * its {@code tok*.bin} beside it; or CTranslate2's {@code model.bin}, or its folder, which has
   * vocabularies and no tokenizer.
   *
   * @throws ModelException if there is none, or of a kind that is not supported
   * @throws dev.heddle.weights.WeightFileException if one of its files is broken
   */
  public static Model open(Path path) {
    return open(path, path.toAbsolutePath().normalize().getFileName().toString());
  }

  private static Path path(String reference) {
    try {
      return Path.of(reference);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static Model open(Path path, String name) {
    if (path.toString().endsWith(ONNX)) {
      return new Model(
          name,
          onnx(path, 0),
          tokenizer(path),
          null,
          GenerationOptions.DEFAULT,
          Optional::empty,
          HeadSettings.NONE,
          Map::of);
    }
    if (Ctranslate2.begins(path.resolve(BIN))) {
      return file(path.resolve(BIN), name);
    }
    if (!Files.isDirectory(path) || holdsGguf(path)) {
      return file(path, name);
    }
    Path folder = path;
    SentenceSettings sentence = null;
    if (SentenceSettings.describes(path)) {
      SentenceSettings.Located located = SentenceSettings.read(path);
      sentence = located.settings();
      folder = located.transformer();
    }
    Path transformer = folder;
    GenerationOptions generation = generation(folder);
    return new Model(
        name,
        network(folder),
        tokenizer(folder, path),
        sentence,
        generation,
        () -> ChatTemplate.find(transformer),
        head(folder),
        () -> tasks(transformer, generation));
  }

  private static Model file(Path path, String name) {
    WeightFile file = WeightFile.open(path);
    try {
      JsonFields config;
      Model.Network network;
      Supplier<Optional<ChatTemplate>> chat = Optional::empty;
      switch (file.weights()) {
        case Gguf gguf -> {
          chat = () -> ChatTemplate.find(gguf, path.toString());
          String architecture = GgufConfig.architecture(gguf);
          Weights weights = new GgufWeights(gguf, architecture);
          config = GgufConfig.read(gguf);
          network =
              new Model.Checkpoint(
                  Architectures.read(config, Layout.of(gguf, architecture)), weights);
        }
        case Llama2c checkpoint -> {
          config = JsonFields.of(checkpoint.metadata(), path);
          network = new Model.Checkpoint(Architectures.read(config, Layout.LLAMA2C), checkpoint);
        }
        case Ctranslate2 transformer -> {
          Ctranslate2Weights weights = new Ctranslate2Weights(transformer, path);
          config = weights.config();
          network = new Model.Checkpoint(Architectures.read(config), weights);
        }
        default ->
            throw new ModelException(
                path
                    + ": expected the folder of a model, an ONNX file, a GGUF file, or a checkpoint"
                    + " of llama2.c or CTranslate2: "
                    + file.format()
                    + " does not tell how to compute");
      }
      Path tokenizer = Tokenizers.has(path) ? path : null;
      return new Model(
          name,
          network,
          tokenizer,
          null,
          GenerationOptions.ofModel(config),
          chat,
          HeadSettings.NONE,
          Map::of);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  /** Whether a folder has a GGUF file and nothing that goes before it. */
  private static boolean holdsGguf(Path folder) {
    boolean tells =
        SentenceSettings.describes(folder)
            || Stream.of(CONFIG, "model.onnx", "onnx/model.onnx")
                .anyMatch(name -> Files.exists(folder.resolve(name)));
    if (tells) {
      return false;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.anyMatch(file -> file.toString().endsWith(".gguf"));
    } catch (IOException e) {
      throw new ModelException(folder + ": cannot be listed: " + e, e);
    }
  }

  private static HeadSettings head(Path folder) {
    Path config = folder.resolve(CONFIG);
    return Files.isRegularFile(config)
        ? HeadSettings.read(JsonFields.read(config))
        : HeadSettings.NONE;
  }

  private static Map<String, TaskSettings> tasks(Path folder, GenerationOptions base) {
    Path config = folder.resolve(CONFIG);
    return Files.isRegularFile(config)
        ? TaskSettings.read(JsonFields.read(config), base)
        : Map.of();
  }

  /** From {@code generation_config.json}, or the end tokens that {@code config.json} names. */
  private static GenerationOptions generation(Path folder) {
    Path file = folder.resolve("generation_config.json");
    if (Files.isRegularFile(file)) {
      return GenerationOptions.read(file);
    }
    Path config = folder.resolve(CONFIG);
    return Files.isRegularFile(config)
        ? GenerationOptions.ofModel(JsonFields.read(config))
        : GenerationOptions.DEFAULT;
  }

  /** The first {@code tokenizer.json} in these folders, or beside these files. */
  private static Path tokenizer(Path... places) {
    return Stream.of(places)
        .map(place ->
            Files.isDirectory(place) ? place.resolve(TOKENIZER) : place.resolveSibling(TOKENIZER))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(null);
  }

  /** Weights with a configuration if there are any, else a graph. */
  private static Model.Network network(Path folder) {
    Path config = folder.resolve(CONFIG);
    for (String name : List.of("model.onnx", "onnx/model.onnx")) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file) && !hasWeights(folder)) {
        int length =
            Files.exists(config) ? Architectures.read(JsonFields.read(config)).contextLength() : 0;
        return onnx(file, length);
      }
    }
    Architecture architecture = Architectures.read(JsonFields.read(config));
    return new Model.Checkpoint(architecture, WeightFile.open(folder).weights());
  }

  private static boolean hasWeights(Path folder) {
    return Stream.of("model.safetensors", "model.safetensors.index.json")
        .anyMatch(name -> Files.exists(folder.resolve(name)));
  }

  /** {@code contextLength} 0 is looked for in the file: its position table has a row a position. */
  private static Model.Onnx onnx(Path file, int contextLength) {
    OnnxModel onnx = OnnxImporter.read(file);
    int length = contextLength;
    for (Map.Entry<Value, HostTensor> constant : onnx.graph().constants().entrySet()) {
      Shape shape = constant.getValue().shape();
      boolean table = constant.getKey().name().endsWith("position_embeddings.weight");
      if (length == 0 && table && shape.rank() == 2) {
        length = Math.toIntExact(shape.dim(0));
      }
    }
    return new Model.Onnx(onnx, length);
  }
}
