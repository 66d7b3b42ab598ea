package dev.heddle.bench;

import dev.heddle.hub.Hub;
import dev.heddle.hub.HubReference;
import dev.heddle.model.Decoder;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.weights.MavenCoordinates;
import dev.heddle.weights.MavenModels;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A model that is to be measured: looked at once, then given to systems by its files.
 *
 * @param name for the results: nothing of where its files lie
 * @param files what every system is given
 * @param continuesTexts whether it is one that does; any other embeds
 * @param contextLength the most tokens that it takes; 0 where nothing bounds it
 * @param weightBytes bytes of its weights as they are stored
 * @param source of texts in its tokens
 */
record BenchedModel(
    String name,
    Path files,
    boolean continuesTexts,
    int contextLength,
    long weightBytes,
    Workload.Source source) {
  /** Looks at the model that {@code model} names; a jar is fetched and unpacked once, here. */
  static BenchedModel open(String model) {
    try (Model opened = Models.open(model)) {
      return new BenchedModel(
          opened.name(),
          files(model),
          opened.network() instanceof Model.Checkpoint checkpoint
              && checkpoint.architecture() instanceof Decoder decoder
              && !(decoder instanceof EncoderDecoder),
          opened.network().contextLength(),
          opened.network().bytes(),
          new Workload.Source(opened.tokenizer()));
    }
  }

  /** So many tokens, or as many as it takes. */
  int atMost(int tokens) {
    return contextLength == 0 ? tokens : Math.min(tokens, contextLength);
  }

  private static Path files(String model) {
    if (model.startsWith(MavenCoordinates.PREFIX)) {
      return MavenModels.standard()
          .folder(MavenCoordinates.parse(model), (doing, bytes, total) -> {});
    }
    Path path = Path.of(model);
    if (Files.exists(path) || Models.names().contains(model)) {
      return path;
    }
    return HubReference.find(model)
        .flatMap(pulled -> Hub.standard().find(pulled, Hub.MAIN))
        .orElse(path);
  }
}
