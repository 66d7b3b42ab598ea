package dev.heddle.model;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tensors' names in GGUF files ({@code gguf-py/gguf/constants.py} of llama.cpp) and in
 * transformers' checkpoints, of one architecture. Names end in {@code .weight} or {@code .bias}.
 *
 * @param whole tensors outside of the layers
 * @param layers what stands before a layer's number in a checkpoint
 * @param layer tensors of a layer
 */
record GgufNames(Map<String, String> whole, String layers, Map<String, String> layer) {
  private static final Pattern IN_LAYER =
      Pattern.compile("blk\\.(\\d{1,6})\\.(.+)\\.(weight|bias)");
  private static final Pattern OUTSIDE = Pattern.compile("(.+)\\.(weight|bias)");

  /** An expert's tensor, by itself: {@code ffn_gate.3}. */
  private static final Pattern EXPERT = Pattern.compile("ffn_(gate|up|down)\\.(\\d{1,6})");

  private static final Map<String, String> LLAMA =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_qkv", "self_attn.qkv_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"),
          Map.entry("ffn_gate_inp", "block_sparse_moe.gate"));

  private static final Map<String, String> GEMMA =
      Map.of(
          "post_attention_norm", "post_attention_layernorm",
          "ffn_norm", "pre_feedforward_layernorm",
          "post_ffw_norm", "post_feedforward_layernorm");

  private static final Map<String, String> PHI3 = Map.of("ffn_up", "mlp.gate_up_proj");

  /** Those of {@code architecture}, one that {@link GgufConfig} reads. */
  static GgufNames of(String architecture) {
    return switch (architecture) {
      case "gemma2", "gemma3" -> llama(GEMMA);
      case "phi3" -> llama(PHI3);
      case "gpt2" ->
          new GgufNames(
              Map.of(
                  "token_embd", "transformer.wte",
                  "position_embd", "transformer.wpe",
                  "output_norm", "transformer.ln_f",
                  "output", "lm_head"),
              "transformer.h.",
              Map.of(
                  "attn_norm", "ln_1",
                  "attn_qkv", "attn.c_attn",
                  "attn_output", "attn.c_proj",
                  "ffn_norm", "ln_2",
                  "ffn_up", "mlp.c_fc",
                  "ffn_down", "mlp.c_proj"));
      case "bloom" ->
          new GgufNames(
              Map.of(
                  "token_embd", "transformer.word_embeddings",
                  "token_embd_norm", "transformer.word_embeddings_layernorm",
                  "output_norm", "transformer.ln_f",
                  "output", "lm_head"),
              "transformer.h.",
              joint("self_attention"));
      case "gptneox" ->
          new GgufNames(
              Map.of(
                  "token_embd", "gpt_neox.embed_in",
                  "output_norm", "gpt_neox.final_layer_norm",
                  "output", "embed_out"),
              "gpt_neox.layers.",
              joint("attention"));
      default -> llama(Map.of());
    };
  }

  private static GgufNames llama(Map<String, String> others) {
    return new GgufNames(
        Map.of(
            "token_embd", "model.embed_tokens",
            "output_norm", "model.norm",
            "output", "lm_head"),
        "model.layers.",
        Stream.of(LLAMA, others)
            .flatMap(names -> names.entrySet().stream())
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> b)));
  }

  private static Map<String, String> joint(String attention) {
    return Map.of(
        "attn_norm", "input_layernorm",
        "attn_qkv", attention + ".query_key_value",
        "attn_output", attention + ".dense",
        "ffn_norm", "post_attention_layernorm",
        "ffn_up", "mlp.dense_h_to_4h",
        "ffn_down", "mlp.dense_4h_to_h");
  }

  /** The name in a checkpoint; {@code name} itself where there is no such tensor in one. */
  String checkpoint(String name) {
    Matcher inLayer = IN_LAYER.matcher(name);
    if (inLayer.matches()) {
      String other = layer.get(inLayer.group(2));
      Matcher expert = EXPERT.matcher(inLayer.group(2));
      if (expert.matches()) {
        other = expert(expert.group(1), Integer.parseInt(expert.group(2)));
      }
      return other == null
          ? name
          : layers + inLayer.group(1) + "." + other + "." + inLayer.group(3);
    }
    Matcher outside = OUTSIDE.matcher(name);
    String other = outside.matches() ? whole.get(outside.group(1)) : null;
    return other == null ? name : other + "." + outside.group(2);
  }

  /** The name in a GGUF file of a checkpoint's tensor; {@code name} itself where there is none. */
  String gguf(String name) {
    int end = Math.max(name.lastIndexOf('.'), 0);
    String kind = name.substring(end);
    if (!name.startsWith(layers)) {
      String other = key(whole, name.substring(0, end));
      return other == null ? name : other + kind;
    }
    String[] numbered = name.substring(layers.length(), end).split("\\.", 2);
    String other = key(layer, numbered[numbered.length - 1]);
    return other == null ? name : "blk." + numbered[0] + "." + other + kind;
  }

  private static String key(Map<String, String> names, String value) {
    return names.entrySet().stream()
        .filter(entry -> entry.getValue().equals(value))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(null);
  }

  /** The checkpoint's name of one expert's matrix. */
  String expert(int layer, String kind, int number) {
    return layers + layer + "." + expert(kind, number) + ".weight";
  }

  private static String expert(String kind, int number) {
    String matrix =
        switch (kind) {
          case "gate" -> "w1";
          case "up" -> "w3";
          default -> "w2";
        };
    return "block_sparse_moe.experts." + number + "." + matrix;
  }
}
