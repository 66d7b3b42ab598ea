package dev.heddle.model;

import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.lang.System.Logger.Level;
import java.util.List;

/**
 * Which architecture a configuration describes: its {@code model_type} decides. One that is not
 * known, but has GPT-2's fields, is taken for a GPT-2, and the log says so.
 */
public final class Architectures {
  /** The {@code model_type}s that are supported. */
  public static final List<String> FAMILIES =
      List.of(
          "bert",
          "roberta",
          "xlm-roberta",
          "camembert",
          "distilbert",
          "electra",
          "gpt2",
          "llama",
          "mistral",
          "mixtral",
          "qwen2",
          "qwen3",
          "gemma2",
          "gemma3_text",
          "phi3",
          "bloom",
          "gpt_neox",
          "opt",
          "t5",
          "mt5",
          "bart",
          "mbart",
          "marian",
          "m2m_100",
          "transformer");

  private Architectures() {}

  /**
   * Reads a {@code config.json} as transformers writes it.
   *
   * @throws UnsupportedModelException if the model is of a kind not supported
   * @throws dev.heddle.weights.WeightFileException if a field is missing or makes no sense
   */
  public static Architecture read(JsonFields config) {
    return read(config, Layout.TRANSFORMERS);
  }

  /** The same of a file whose tensors are of this layout. */
  static Architecture read(JsonFields config, Layout layout) {
    JsonField type = config.field("model_type");
    return switch (type.string()) {
      case "bert" -> Bert.bert(config);
      case "roberta", "xlm-roberta", "camembert" -> Bert.roberta(config);
      case "distilbert" -> Bert.distilBert(config);
      case "electra" -> Bert.electra(config);
      case "gpt2" -> Gpt2.read(config);
      case "llama", "mistral", "mixtral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi3" ->
          Llama.read(config, layout);
      case "bloom" -> Bloom.read(config, layout);
      case "gpt_neox" -> GptNeoX.read(config, layout);
      case "opt" -> Opt.read(config);
      case "t5" -> T5.t5(config);
      case "mt5" -> T5.mt5(config);
      case "bart" -> Bart.bart(config);
      case "mbart" -> Bart.mbart(config);
      case "marian" -> Bart.marian(config);
      case "m2m_100", "transformer" -> Bart.m2m100(config);
      default -> {
        String unknown = type.wrong("one of " + String.join(", ", FAMILIES)).getMessage();
        if (!Gpt2.describes(config)) {
          throw new UnsupportedModelException(unknown + "; other models are not supported yet");
        }
        System.getLogger(Architectures.class.getPackageName())
            .log(Level.INFO, unknown + "; its fields are GPT-2's, so it is taken for one");
        yield Gpt2.read(config);
      }
    };
  }
}
