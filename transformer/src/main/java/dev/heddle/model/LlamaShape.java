package dev.heddle.model;

import dev.heddle.weights.JsonFields;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * In what the families around {@link Llama} differ.
 *
 * @param ropes each layer's angles
 * @param windows how far back each layer looks, 0 for everything
 * @param neighbours whether rotation turns neighbours, not elements half a head apart
 * @param queryBias whether queries, keys and values have biases
 * @param outputBias whether attention's output has
 * @param feedForwardBias whether the products of a layer's second half have
 * @param packed whether queries, keys and values are one product, and gate and up
 * @param headNorms whether queries and keys are normed, each head by itself
 * @param postNorms whether each half of a layer is normed at its end, too
 * @param normOffset what is added to the norms' weights
 * @param embeddingScaled whether embeddings are multiplied by the square root of their size
 * @param queryScale scores are divided by its square root; 0 for the head's size
 * @param attentionCap soft cap of scores, 0 for none
 * @param finalCap soft cap of logits, 0 for none
 * @param experts feed-forward networks of a layer to choose from, 0 where there is one
 * @param expertsPerToken how many a token chooses
 */
record LlamaShape(
    List<Rope> ropes,
    List<Integer> windows,
    boolean neighbours,
    boolean queryBias,
    boolean outputBias,
    boolean feedForwardBias,
    boolean packed,
    boolean headNorms,
    boolean postNorms,
    double normOffset,
    boolean embeddingScaled,
    double queryScale,
    double attentionCap,
    double finalCap,
    int experts,
    int expertsPerToken) {
  /** Far above any model: what is kept for each must fit into memory. */
  private static final int MOST_LAYERS = 10_000;

  private static final String SLIDING = "sliding_attention";
  private static final String FULL = "full_attention";

  static LlamaShape read(JsonFields config, Layout layout, int layers, int headDim, int positions) {
    if (layers > MOST_LAYERS) {
      throw config.field("num_hidden_layers").wrong("at most " + MOST_LAYERS);
    }
    String type = config.field("model_type").string();
    boolean gemma2 = type.equals("gemma2");
    boolean gemma3 = type.startsWith("gemma3");
    boolean gemma = gemma2 || gemma3;
    boolean qwen2 = type.equals("qwen2");
    boolean attentionBias = config.field("attention_bias").bool(false);
    List<String> kinds = kinds(config, type, layers);
    int window = kinds.contains(SLIDING) ? config.field("sliding_window").positiveInt() : 0;
    return new LlamaShape(
        divided(ropes(config, kinds, gemma3, headDim, positions), layout),
        kinds.stream().map(kind -> kind.equals(SLIDING) ? window : 0).toList(),
        layout.neighbours(),
        qwen2 || attentionBias,
        attentionBias && !qwen2,
        config.field("mlp_bias").bool(false),
        type.equals("phi3"),
        gemma3 || type.equals("qwen3"),
        gemma,
        gemma ? layout.normOffset() : 0,
        gemma,
        gemma ? config.field("query_pre_attn_scalar").positiveDouble(256) : 0,
        gemma ? cap(config, "attn_logit_softcapping", gemma2 ? 50 : 0) : 0,
        gemma ? cap(config, "final_logit_softcapping", gemma2 ? 30 : 0) : 0,
        type.equals("mixtral") ? config.field("num_local_experts").positiveInt() : 0,
        type.equals("mixtral") ? config.field("num_experts_per_tok").positiveInt() : 0);
  }

  private static double cap(JsonFields config, String field, double otherwise) {
    return config.names().contains(field) && !config.has(field)
        ? 0
        : config.field(field).finiteDouble(otherwise);
  }

  /** Each layer's kind of attention: as it is listed, or as the family has it. */
  private static List<String> kinds(JsonFields config, String type, int layers) {
    if (config.has("layer_types")) {
      List<String> kinds = config.field("layer_types").strings();
      if (kinds.size() != layers || !List.of(SLIDING, FULL).containsAll(kinds)) {
        throw new UnsupportedModelException(
            config
                .field("layer_types")
                .wrong("%s or %s for each of %d layers".formatted(SLIDING, FULL, layers))
                .getMessage());
      }
      return kinds;
    }
    List<String> kinds = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      boolean sliding =
          switch (type) {
            case "gemma2" -> i % 2 == 0;
            case "gemma3", "gemma3_text" ->
                (i + 1)
                        % config
                            .field("sliding_window_pattern", "_sliding_window_pattern")
                            .positiveInt(6)
                    != 0;
            case "mistral", "mixtral", "phi3" -> config.has("sliding_window");
            case "qwen2", "qwen3" ->
                config.field("use_sliding_window").bool(false)
                    && config.has("sliding_window")
                    && i >= config.field("max_window_layers").wholeInt(28);
            default -> false;
          };
      kinds.add(sliding ? SLIDING : FULL);
    }
    return kinds;
  }

  private static List<Rope> ropes(
      JsonFields config, List<String> kinds, boolean gemma3, int headDim, int positions) {
    if (!gemma3) {
      return Collections.nCopies(kinds.size(), RopeScaling.read(config, headDim, 1, positions));
    }
    Rope sliding;
    Rope full;
    JsonFields parameters =
        config.has("rope_parameters") ? config.field("rope_parameters").object() : null;
    if (parameters != null && parameters.has(FULL)) {
      full = RopeScaling.read(config, parameters.field(FULL).object(), headDim, 1, positions);
      sliding = RopeScaling.read(config, parameters.field(SLIDING).object(), headDim, 1, positions);
    } else {
      full = RopeScaling.read(config, headDim, 1, positions);
      sliding = Rope.plain(config.field("rope_local_base_freq").positiveDouble(10_000), headDim);
    }
    return kinds.stream().map(kind -> kind.equals(SLIDING) ? sliding : full).toList();
  }

  private static List<Rope> divided(List<Rope> ropes, Layout layout) {
    if (layout.ropeDivisors() == null) {
      return ropes;
    }
    Map<Rope, Rope> each = new IdentityHashMap<>();
    return ropes.stream()
        .map(rope -> each.computeIfAbsent(rope, r -> r.divided(layout.ropeDivisors())))
        .toList();
  }

  /** How long sequences may be where the configuration states {@code positions}. */
  int context(int positions) {
    return ropes.stream()
        .map(Rope::byLength)
        .mapToInt(byLength ->
            byLength instanceof Rope.Dynamic dynamic
                ? (int) (positions * dynamic.factor())
                : positions)
        .max()
        .orElse(positions);
  }

  /** The function that a configuration means that names none. */
  String defaultActivation() {
    return embeddingScaled ? "gelu_pytorch_tanh" : "silu";
  }

  /** Whether the logits' matrix is the embeddings' where the configuration does not say. */
  boolean tiedByDefault() {
    return embeddingScaled;
  }
}
