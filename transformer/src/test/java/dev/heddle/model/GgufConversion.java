package dev.heddle.model;

import dev.heddle.weights.GgmlType;
import dev.heddle.weights.GgufFile;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.WeightFile;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a GGUF model of a folder in Hugging Face's layout, with the names, keys and orders of
 * elements that llama.cpp's {@code convert_hf_to_gguf.py} writes: written down a second time, apart
 * from what reads them.
 */
final class GgufConversion {
  private final JsonFields config;
  private final String type;
  private final String architecture;
  private final boolean stacked;
  private final GgufFile file = new GgufFile();
  private final Map<String, List<float[]>> experts = new LinkedHashMap<>();

  private GgufConversion(Path folder, boolean stacked) {
    this.config = JsonFields.read(folder.resolve("config.json"));
    this.type = config.field("model_type").string();
    this.stacked = stacked;
    this.architecture =
        switch (type) {
          case "mistral", "mixtral" -> "llama";
          case "gemma3_text" -> "gemma3";
          case "gpt_neox" -> "gptneox";
          default -> type;
        };
  }

  /**
   * The model in {@code folder}.
   *
   * @param stacked whether a layer's experts are one tensor, as in files of 2024 and later
   */
  static GgufFile of(Path folder, boolean stacked) {
    GgufConversion conversion = new GgufConversion(folder, stacked);
    try (WeightFile weights = WeightFile.open(folder)) {
      conversion.metadata(weights.weights());
      weights.weights().names().forEach(name -> conversion.tensor(weights.weights(), name));
    }
    conversion.experts();
    return conversion.file;
  }

  private void key(String key, Object value) {
    file.put(architecture + "." + key, value);
  }

  private int number(String... names) {
    return config.field(names[0], names).positiveInt();
  }

  private int heads() {
    return number("num_attention_heads", "n_head");
  }

  private int hidden() {
    return number("hidden_size", "n_embd", "n_embed");
  }

  private int headDim() {
    return config.field("head_dim").positiveInt(hidden() / heads());
  }

  private int kvHeads() {
    return config.field("num_key_value_heads").positiveInt(heads());
  }

  private void metadata(Weights weights) {
    file.put("general.architecture", architecture);
    file.put("general.name", "converted");
    key("context_length", config.field("max_position_embeddings", "n_positions").positiveInt(2048));
    key("embedding_length", hidden());
    key("block_count", number("num_hidden_layers", "n_layer"));
    key("attention.head_count", heads());
    key(
        "feed_forward_length",
        config.field("intermediate_size", "n_inner").positiveInt(4 * hidden()));
    file.put("tokenizer.ggml.eos_token_id", config.field("eos_token_id").ints().getFirst());
    switch (architecture) {
      case "gpt2", "bloom", "gptneox" ->
          key(
              "attention.layer_norm_epsilon",
              (float) config.field("layer_norm_epsilon", "layer_norm_eps").positiveDouble());
      default -> llama(weights);
    }
    if (architecture.equals("gptneox")) {
      key("use_parallel_residual", config.field("use_parallel_residual").bool());
      double part =
          config.field("rope_parameters").object().field("partial_rotary_factor").positiveDouble();
      key("rope.dimension_count", (int) (part * headDim()));
    }
  }

  private void llama(Weights weights) {
    key("attention.layer_norm_rms_epsilon", (float) config.field("rms_norm_eps").positiveDouble());
    key("attention.head_count_kv", kvHeads());
    if (config.has("head_dim")) {
      key("attention.key_length", headDim());
      key("attention.value_length", headDim());
    }
    if (!architecture.startsWith("qwen")) {
      key("rope.dimension_count", headDim());
    }
    JsonFields rope =
        config.has("rope_parameters") ? config.field("rope_parameters").object() : config;
    if (rope.has("full_attention")) {
      rope = rope.field("full_attention").object();
    }
    key("rope.freq_base", (float) rope.field("rope_theta").positiveDouble());
    if (config.has("num_local_experts")) {
      key("expert_count", number("num_local_experts"));
      key("expert_used_count", number("num_experts_per_tok"));
    }
    if (config.has("sliding_window")) {
      key("attention.sliding_window", number("sliding_window"));
    }
    if (config.has("layer_types") && architecture.equals("gemma3")) {
      key(
          "attention.sliding_window_pattern",
          config.field("layer_types").strings().stream().map("sliding_attention"::equals).toList());
    }
    for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      if (config.has(cap)) {
        key(cap, (float) config.field(cap).positiveDouble());
      }
    }
    JsonFields scaling = config.has("rope_scaling") ? config.field("rope_scaling").object() : rope;
    if (!scaling.field("rope_type", "type").string("default").equals("default")) {
      scaling(scaling, rope.field("rope_theta").positiveDouble());
    }
  }

  private void scaling(JsonFields scaling, double base) {
    String kind = scaling.field("rope_type", "type").string();
    if (kind.equals("llama3")) {
      file.tensor("rope_freqs.weight", GgmlType.F32, divisors(scaling, base), headDim() / 2);
      return;
    }
    key("rope.scaling.type", kind);
    key("rope.scaling.factor", (float) scaling.field("factor").positiveDouble());
    if (kind.equals("yarn")) {
      key(
          "rope.scaling.original_context_length",
          scaling.field("original_max_position_embeddings").positiveInt());
    }
  }

  /** Llama 3.1's: 1 for short waves, the factor for long ones, a mean between. */
  private float[] divisors(JsonFields scaling, double base) {
    double factor = scaling.field("factor").positiveDouble();
    double low = scaling.field("low_freq_factor").positiveDouble();
    double high = scaling.field("high_freq_factor").positiveDouble();
    double context = scaling.field("original_max_position_embeddings").positiveInt();
    float[] divisors = new float[headDim() / 2];
    for (int i = 0; i < divisors.length; i++) {
      double wave = 2 * Math.PI * Math.pow(base, 2.0 * i / headDim());
      double smooth = Math.clamp((context / wave - low) / (high - low), 0.0, 1.0);
      divisors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
    }
    return divisors;
  }

  private void tensor(Weights weights, String name) {
    float[] values = weights.tensor(name).toFloats();
    long[] shape = weights.info(name).shape().toArray();
    String plain = name.replaceFirst("^(model|transformer|gpt_neox)\\.", "");
    if (plain.contains(".experts.") && stacked) {
      String[] parts = plain.split("\\.");
      String matrix = Map.of("w1", "gate", "w2", "down", "w3", "up").get(parts[5]);
      experts
          .computeIfAbsent(
              "blk." + parts[1] + ".ffn_" + matrix + "_exps", each -> new ArrayList<>())
          .add(values);
      return;
    }
    if (architecture.equals("gpt2") && shape.length == 2 && plain.startsWith("h.")) {
      values = transposed(values, (int) shape[0], (int) shape[1]);
      shape = new long[] {shape[1], shape[0]};
    }
    if (architecture.equals("llama") && plain.contains(".q_proj.")) {
      values = neighbours(values, heads());
    }
    if (architecture.equals("llama") && plain.contains(".k_proj.")) {
      values = neighbours(values, kvHeads());
    }
    if (plain.contains("query_key_value")) {
      values = apart(values);
    }
    if (architecture.startsWith("gemma")) {
      gemma(plain, values);
    }
    // ggml's types: vectors stay in float32, matrices as they were.
    boolean half = shape.length > 1 && weights.info(name).type().label().equals("BF16");
    file.tensor(renamed(plain), half ? GgmlType.BF16 : GgmlType.F32, values, shape);
  }

  /** No key tells how queries are scaled: here their weights take what differs. */
  private void gemma(String name, float[] values) {
    boolean norm = name.endsWith("norm.weight");
    boolean queries =
        name.endsWith(architecture.equals("gemma3") ? "q_norm.weight" : "q_proj.weight");
    double scale = Math.sqrt(headDim() / config.field("query_pre_attn_scalar").positiveDouble());
    for (int i = 0; i < values.length; i++) {
      values[i] += norm ? 1 : 0;
      values[i] *= queries ? (float) scale : 1;
    }
  }

  private static float[] transposed(float[] values, int rows, int columns) {
    float[] out = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      out[i % columns * rows + i / columns] = values[i];
    }
    return out;
  }

  /** Rows i and i + half of a head become neighbours. */
  private float[] neighbours(float[] values, int heads) {
    int rows = headDim();
    int columns = values.length / heads / rows;
    float[] out = new float[values.length];
    for (int r = 0; r < heads * rows; r++) {
      int inHead = r % rows;
      int from = r - inHead + inHead % 2 * (rows / 2) + inHead / 2;
      System.arraycopy(values, from * columns, out, r * columns, columns);
    }
    return out;
  }

  /** {@code [heads, 3, headDim]} becomes {@code [3, heads, headDim]}. */
  private float[] apart(float[] values) {
    int block = values.length / heads() / 3;
    float[] out = new float[values.length];
    for (int h = 0; h < heads(); h++) {
      for (int part = 0; part < 3; part++) {
        System.arraycopy(values, (3 * h + part) * block, out, (part * heads() + h) * block, block);
      }
    }
    return out;
  }

  private void experts() {
    int count = experts.isEmpty() ? 0 : number("num_local_experts");
    experts.forEach((name, matrices) -> {
      float[] all = new float[count * matrices.getFirst().length];
      for (int e = 0; e < count; e++) {
        System.arraycopy(
            matrices.get(e), 0, all, e * matrices.get(e).length, matrices.get(e).length);
      }
      int inner = number("intermediate_size");
      boolean down = name.contains("down");
      file.tensor(
          name + ".weight",
          GgmlType.F32,
          all,
          count,
          down ? hidden() : inner,
          down ? inner : hidden());
    });
  }

  private String renamed(String name) {
    String second = architecture.startsWith("gemma") ? "post_attention_norm" : "ffn_norm";
    return name.replaceFirst("^(layers|h)\\.", "blk.")
        .replaceFirst("^(embed_tokens|wte|word_embeddings|embed_in)\\.", "token_embd.")
        .replaceFirst("^wpe\\.", "position_embd.")
        .replaceFirst("^word_embeddings_layernorm\\.", "token_embd_norm.")
        .replaceFirst("^(norm|ln_f|final_layer_norm)\\.", "output_norm.")
        .replaceFirst("^(lm_head|embed_out)\\.", "output.")
        .replaceFirst("(input_layernorm|ln_1)\\.", "attn_norm.")
        .replaceFirst("pre_feedforward_layernorm\\.", "ffn_norm.")
        .replaceFirst("post_feedforward_layernorm\\.", "post_ffw_norm.")
        .replaceFirst("(post_attention_layernorm|ln_2)\\.", second + ".")
        .replaceFirst(
            "(self_attn\\.qkv_proj|attn\\.c_attn|(self_)?attention\\.query_key_value)\\.",
            "attn_qkv.")
        .replaceFirst("self_attn\\.([qkv])_proj\\.", "attn_$1.")
        .replaceFirst("self_attn\\.([qk])_norm\\.", "attn_$1_norm.")
        .replaceFirst(
            "(self_attn\\.o_proj|attn\\.c_proj|(self_)?attention\\.dense)\\.", "attn_output.")
        .replaceFirst("mlp\\.gate_proj\\.", "ffn_gate.")
        .replaceFirst("mlp\\.(up_proj|gate_up_proj|c_fc|dense_h_to_4h)\\.", "ffn_up.")
        .replaceFirst("mlp\\.(down_proj|c_proj|dense_4h_to_h)\\.", "ffn_down.")
        .replaceFirst("block_sparse_moe\\.gate\\.", "ffn_gate_inp.")
        .replaceFirst("block_sparse_moe\\.experts\\.(\\d+)\\.w1\\.", "ffn_gate.$1.")
        .replaceFirst("block_sparse_moe\\.experts\\.(\\d+)\\.w2\\.", "ffn_down.$1.")
        .replaceFirst("block_sparse_moe\\.experts\\.(\\d+)\\.w3\\.", "ffn_up.$1.");
  }
}
