package dev.heddle.model;

import dev.heddle.tensor.Shape;
import dev.heddle.weights.Gguf;
import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration in a GGUF file's metadata, {@code general.architecture} and the keys that begin
 * with it (ggml's {@code docs/gguf.md}), under the names of {@code config.json}.
 *
 * <p>What no key tells is told by which tensors there are, or is what llama.cpp takes for the
 * architecture.
 */
final class GgufConfig {
  /** Values of {@code general.architecture} that are supported. */
  static final List<String> ARCHITECTURES =
      List.of("llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "gpt2", "gptneox", "bloom");

  private static final String ARCHITECTURE = "general.architecture";

  private final Gguf gguf;
  private final Path file;
  private final String architecture;
  private final JsonFields metadata;
  private final Map<String, Object> config = new LinkedHashMap<>();

  private GgufConfig(Gguf gguf) {
    this.gguf = gguf;
    this.file = gguf.files().getFirst();
    this.architecture = architecture(gguf);
    Map<String, Object> own = new LinkedHashMap<>();
    gguf.metadata()
        .forEach((key, value) -> {
          if (key.startsWith(architecture + ".")) {
            own.put(key, value);
          }
        });
    this.metadata = JsonFields.of(own, file);
  }

  /**
   * The architecture that a file states.
   *
   * @throws UnsupportedModelException if it is not supported
   */
  static String architecture(Gguf gguf) {
    Map<String, Object> key = new LinkedHashMap<>();
    key.put(ARCHITECTURE, gguf.metadata().get(ARCHITECTURE));
    JsonField field = JsonFields.of(key, gguf.files().getFirst()).field(ARCHITECTURE);
    String name = field.string();
    if (!ARCHITECTURES.contains(name)) {
      throw new UnsupportedModelException(
          field.wrong("one of " + String.join(", ", ARCHITECTURES)).getMessage()
              + "; models of other architectures are not supported yet");
    }
    return name;
  }

  /**
   * Reads the metadata.
   *
   * @throws UnsupportedModelException if the architecture, or something it asks for, is not
   *     supported
   * @throws dev.heddle.weights.WeightFileException if a value is missing or makes no sense
   */
  static JsonFields read(Gguf gguf) {
    return new GgufConfig(gguf).read();
  }

  private JsonFields read() {
    config.put("model_type", family());
    config.put("vocab_size", vocabulary());
    config.put("max_position_embeddings", number("context_length"));
    config.put("hidden_size", number("embedding_length"));
    config.put("num_hidden_layers", layers());
    config.put("num_attention_heads", heads("attention.head_count"));
    config.put("tie_word_embeddings", !gguf.has("output.weight"));
    config.put("eos_token_id", ends());
    switch (architecture) {
      case "gpt2" -> {
        config.put("n_inner", number("feed_forward_length"));
        config.put("layer_norm_epsilon", positive("attention.layer_norm_epsilon"));
      }
      case "bloom" -> config.put("layer_norm_epsilon", positive("attention.layer_norm_epsilon"));
      case "gptneox" -> gptNeoX();
      default -> llama();
    }
    return JsonFields.of(config, file);
  }

  private String family() {
    return switch (architecture) {
      case "llama" -> experts() > 0 ? "mixtral" : "llama";
      case "gemma3" -> "gemma3_text";
      case "gptneox" -> "gpt_neox";
      default -> architecture;
    };
  }

  private void gptNeoX() {
    config.put("intermediate_size", number("feed_forward_length"));
    config.put("layer_norm_eps", positive("attention.layer_norm_epsilon"));
    config.put("use_parallel_residual", field("use_parallel_residual").bool(true));
    config.put("rotary_pct", rotated((int) config.get("hidden_size") / heads()));
    config.put("rope_theta", ropeBase(10_000));
    config.put("rope_scaling", ropeScaling());
  }

  private void llama() {
    int hidden = (int) config.get("hidden_size");
    config.put("intermediate_size", number("feed_forward_length"));
    config.put("rms_norm_eps", positive("attention.layer_norm_rms_epsilon"));
    if (field("attention.head_count_kv").present()) {
      config.put("num_key_value_heads", heads("attention.head_count_kv"));
    }
    int headDim = field("attention.key_length").positiveInt(hidden / heads());
    int valueDim = field("attention.value_length").positiveInt(headDim);
    if (valueDim != headDim) {
      throw unsupported("attention.value_length", "%d, the length of keys".formatted(headDim));
    }
    if (field("attention.key_length").present()) {
      config.put("head_dim", headDim);
    }
    config.put("partial_rotary_factor", rotated(headDim));
    config.put("attention_bias", gguf.has("blk.0.attn_q.bias"));
    config.put("mlp_bias", gguf.has("blk.0.ffn_gate.bias"));
    if (experts() > 0) {
      config.put("num_local_experts", experts());
      config.put("num_experts_per_tok", number("expert_used_count"));
    }
    layerTypes();
    rope();
    if (architecture.startsWith("gemma")) {
      gemma(hidden, headDim);
    }
  }

  /**
   * The scale of scores stands in no key: llama.cpp knows the largest models by their layers, whose
   * heads are narrower than queries are scaled for.
   */
  private void gemma(int hidden, int headDim) {
    int largest = architecture.equals("gemma2") ? 46 : 62;
    boolean byHidden = (int) config.get("num_hidden_layers") == largest;
    config.put("query_pre_attn_scalar", byHidden ? hidden / heads() : headDim);
    for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      if (field(cap).present()) {
        config.put(cap, field(cap).finiteDouble());
      }
    }
  }

  private void layerTypes() {
    int layers = (int) config.get("num_hidden_layers");
    boolean windows = !architecture.startsWith("qwen");
    int window =
        windows
            ? field("attention.sliding_window").wholeInt(architecture.equals("gemma2") ? 4096 : 0)
            : 0;
    List<Boolean> sliding = sliding(layers, window > 0);
    config.put("sliding_window", window);
    config.put(
        "layer_types",
        sliding.stream().map(each -> each ? "sliding_attention" : "full_attention").toList());
  }

  /** Of every so many layers the last sees everything; or each layer is listed. */
  private List<Boolean> sliding(int layers, boolean any) {
    if (!any || !architecture.startsWith("gemma")) {
      return Collections.nCopies(layers, any);
    }
    JsonField pattern = field("attention.sliding_window_pattern");
    if (pattern.isList()) {
      List<Boolean> listed = pattern.elements().stream().map(JsonField::bool).toList();
      if (listed.size() != layers) {
        throw pattern.wrong("a truth value for each of %d layers".formatted(layers));
      }
      return listed;
    }
    int every = pattern.positiveInt(architecture.equals("gemma2") ? 2 : 6);
    List<Boolean> sliding = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      sliding.add(i % every < every - 1);
    }
    return sliding;
  }

  private void rope() {
    if (!architecture.equals("gemma3")) {
      config.put("rope_theta", ropeBase(10_000));
      config.put("rope_scaling", ropeScaling());
      return;
    }
    Map<String, Object> full = new LinkedHashMap<>();
    full.put("rope_theta", ropeBase(1_000_000));
    if (ropeScaling() != null) {
      full.putAll(ropeScaling());
    }
    double local = field("rope.freq_base_swa").positiveDouble(10_000);
    config.put(
        "rope_parameters",
        Map.of("full_attention", full, "sliding_attention", Map.of("rope_theta", local)));
  }

  private double ropeBase(double otherwise) {
    return field("rope.freq_base").positiveDouble(otherwise);
  }

  /** In the words of {@code rope_scaling}; null for none. */
  private Map<String, Object> ropeScaling() {
    String type = field("rope.scaling.type").string("none");
    if (gguf.has("rope_factors_long.weight")) {
      type = "longrope";
    }
    if (type.equals("none") && field("rope.scale_linear").present()) {
      double factor = field("rope.scale_linear").positiveDouble();
      return Map.of("rope_type", "linear", "factor", factor);
    }
    if (type.equals("none")) {
      return null;
    }
    Map<String, Object> scaling = new LinkedHashMap<>();
    scaling.put("rope_type", type);
    if (type.equals("linear") || type.equals("yarn")) {
      scaling.put("factor", positive("rope.scaling.factor"));
    }
    if (type.equals("yarn")) {
      yarn(scaling, positive("rope.scaling.factor"));
    }
    if (type.equals("longrope")) {
      longRope(scaling);
    }
    return scaling;
  }

  private void longRope(Map<String, Object> scaling) {
    for (String each : List.of("short", "long")) {
      String tensor = "rope_factors_" + each + ".weight";
      if (gguf.has(tensor)) {
        scaling.put(each + "_factor", gguf.tensor(tensor).toFloats());
      }
    }
    JsonField original = field("rope.scaling.original_context_length");
    if (original.present()) {
      scaling.put("original_max_position_embeddings", original.positiveInt());
    }
    JsonField magnitude = field("rope.scaling.attn_factor");
    if (magnitude.present()) {
      scaling.put("attention_factor", magnitude.positiveDouble());
    }
  }

  private void yarn(Map<String, Object> scaling, double factor) {
    JsonField original = field("rope.scaling.original_context_length");
    if (original.present()) {
      scaling.put("original_max_position_embeddings", original.positiveInt());
    }
    JsonField magnitude = field("rope.scaling.attn_factor");
    if (magnitude.present() && factor > 1) {
      double usual = 0.1 * Math.log(factor) + 1;
      scaling.put("attention_factor", usual * magnitude.positiveDouble());
    }
    for (String beta : List.of("beta_fast", "beta_slow")) {
      JsonField given = field("rope.scaling.yarn_" + beta);
      if (given.present()) {
        scaling.put(beta, given.positiveDouble());
      }
    }
  }

  /** The share of a head that is rotated, so that its product with {@code headDim} is whole. */
  private double rotated(int headDim) {
    int count = field("rope.dimension_count").positiveInt(headDim);
    if (count > headDim || count % 2 != 0) {
      throw field("rope.dimension_count").wrong("an even number, at most %d".formatted(headDim));
    }
    double share = (double) count / headDim;
    return (int) (headDim * share) == count ? share : Math.nextUp(share);
  }

  /** Rows of the embeddings: the vocabulary, padded as the model has it. */
  private long vocabulary() {
    TensorInfo info = gguf.info("token_embd.weight");
    Shape shape = info.shape();
    if (shape.rank() != 2) {
      throw new ModelException(
          "%s: tensor \"%s\" is %s; expected [vocabulary, hidden]"
              .formatted(info.file(), info.name(), shape));
    }
    return shape.dim(0);
  }

  /** Each has tensors: what follows may count on a number that fits the file. */
  private int layers() {
    int layers = number("block_count");
    if (layers > gguf.names().size()) {
      throw field("block_count")
          .wrong("at most one for each of %d tensors".formatted(gguf.names().size()));
    }
    return layers;
  }

  /** Tokens that end a text. */
  private List<Object> ends() {
    List<Object> ends = new ArrayList<>();
    for (String name : List.of("eos", "eot", "eom")) {
      Object id = gguf.metadata().get("tokenizer.ggml." + name + "_token_id");
      if (id instanceof Long number && number >= 0 && number < vocabulary()) {
        ends.add(number);
      }
    }
    return ends;
  }

  private int experts() {
    return field("expert_count").wholeInt(0);
  }

  private int heads() {
    return (int) config.get("num_attention_heads");
  }

  /** One number, or the same for each layer. */
  private int heads(String key) {
    if (!field(key).isList()) {
      return number(key);
    }
    List<Integer> all = field(key).ints().stream().distinct().toList();
    if (all.size() != 1 || all.getFirst() < 1) {
      throw unsupported(key, "one number for all layers");
    }
    return all.getFirst();
  }

  private UnsupportedModelException unsupported(String key, String expected) {
    return new UnsupportedModelException(field(key).wrong(expected).getMessage());
  }

  private int number(String key) {
    return field(key).positiveInt();
  }

  private double positive(String key) {
    return field(key).positiveDouble();
  }

  private JsonField field(String key) {
    return metadata.field(architecture + "." + key);
  }
}
