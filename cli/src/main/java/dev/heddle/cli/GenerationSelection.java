package dev.heddle.cli;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.GenerationOptionsBuilder;
import dev.heddle.weights.JsonFields;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Option;

/** The options of every verb that continues texts. */
final class GenerationSelection {
  private static final String CONFIG = "--generation-config";

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Tokens to generate at most (default: the model's, else 256).")
  private Integer maxNewTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Logits are divided by it; 0 always takes the most likely token.")
  private Double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Draw among the K most likely tokens; 0 is all.")
  private Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw among the most likely tokens that together reach P; 1 is all.")
  private Double topP;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of the draws: the same seed, the same text (default: another each time).")
  private Long seed;

  @Option(names = "--beams", paramLabel = "B", description = "Search with B beams.")
  private Integer beams;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "A text to stop before; may be given several times.")
  private List<String> stop;

  @Option(
      names = CONFIG,
      paramLabel = "JSON|FILE",
      description = {
        "Options by the names of Hugging Face's GenerationConfig, and seed, frequency_penalty,"
            + " presence_penalty: '{\"eos_token_id\": null}' never ends by itself."
      })
  private String config;

  /**
   * {@code base} with what was given. A temperature, top-k or top-p asks for draws, unless the
   * configuration given says {@code do_sample} itself.
   *
   * @throws dev.heddle.generate.GenerationException if a value is out of its range
   * @throws dev.heddle.weights.WeightFileException if the configuration cannot be read
   */
  GenerationOptions over(GenerationOptions base) {
    GenerationOptions options = base;
    boolean saysHow = false;
    boolean seeded = seed != null;
    if (config != null) {
      JsonFields fields = fields();
      options = options.with(fields);
      saysHow = fields.has("do_sample");
      seeded |= fields.has("seed");
    }
    GenerationOptionsBuilder to = options.toBuilder();
    if (maxNewTokens != null) {
      to.maxNewTokens(maxNewTokens);
    }
    if (temperature != null) {
      to.temperature(temperature);
    }
    if (topK != null) {
      to.topK(topK);
    }
    if (topP != null) {
      to.topP(topP);
    }
    if (beams != null) {
      to.numBeams(beams);
    }
    if (stop != null) {
      to.stopStrings(stop);
    }
    if (!saysHow && (temperature != null || topK != null || topP != null)) {
      to.doSample(true);
    }
    if (seed != null) {
      to.seed(seed);
    } else if (!seeded) {
      to.seed(ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE));
    }
    return to.build();
  }

  private JsonFields fields() {
    return config.stripLeading().startsWith("{")
        ? JsonFields.of(config.getBytes(StandardCharsets.UTF_8), Path.of(CONFIG))
        : JsonFields.read(Path.of(config));
  }

  /** How tokens are chosen, for people: {@code drawn at temperature 0.8, top-k 50, seed 7}. */
  static String describe(GenerationOptions options) {
    String beams = options.numBeams() > 1 ? options.numBeams() + " beams, " : "";
    if (options.greedy()) {
      return beams + "the most likely token each";
    }
    StringBuilder drawn = new StringBuilder(beams);
    drawn.append("drawn at temperature ").append(options.temperature());
    if (options.topK() > 0) {
      drawn.append(", top-k ").append(options.topK());
    }
    if (options.topP() < 1) {
      drawn.append(", top-p ").append(options.topP());
    }
    return drawn.append(", seed ").append(options.seed()).toString();
  }
}
