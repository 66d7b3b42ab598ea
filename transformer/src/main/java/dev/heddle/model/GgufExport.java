package dev.heddle.model;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.text.GgufVocabularyExport;
import dev.heddle.weights.Conversion;
import dev.heddle.weights.GgufValue;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Quantization;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.TensorRows;
import dev.heddle.weights.TensorSource;
import dev.heddle.weights.WeightFile;
import dev.heddle.weights.WeightFileException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes a GGUF model of a decoder's folder in Hugging Face's layout: its configuration and
 * tokenizer as metadata, its tensors under GGUF's names and in the order of elements that
 * llama.cpp's converter gives them ({@link GgufConfig}, {@link GgufNames} and {@link Layout} read
 * it back).
 */
public final class GgufExport {
  private static final Map<String, String> ARCHITECTURES =
      Map.ofEntries(
          Map.entry("llama", "llama"),
          Map.entry("mistral", "llama"),
          Map.entry("mixtral", "llama"),
          Map.entry("qwen2", "qwen2"),
          Map.entry("qwen3", "qwen3"),
          Map.entry("gemma2", "gemma2"),
          Map.entry("gemma3_text", "gemma3"),
          Map.entry("phi3", "phi3"),
          Map.entry("gpt2", "gpt2"),
          Map.entry("gpt_neox", "gptneox"),
          Map.entry("bloom", "bloom"));

  private static final Pattern EXPERT =
      Pattern.compile(
          ".*layers\\.(\\d+)\\.block_sparse_moe\\.experts\\.(\\d+)\\.w([123])\\.weight");

  /** What checkpoints hold besides parameters. */
  private static final Pattern BUFFER =
      Pattern.compile("(.*\\.)?((attn|attention)\\.(masked_)?bias|.*inv_freq)");

  private final Path folder;
  private final JsonFields config;
  private final WeightFile weights;
  private final Quantization quantization;
  private final String architecture;
  private final GgufNames names;
  private final int layers;
  private final int heads;
  private final int hidden;
  private final int headDim;
  private final int kvHeads;
  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final List<TensorSource> tensors = new ArrayList<>();
  private final Map<String, TensorRows[]> experts = new TreeMap<>();

  private GgufExport(Path folder, WeightFile weights, Quantization quantization) {
    this.folder = folder;
    this.config = JsonFields.read(folder.resolve("config.json"));
    this.weights = weights;
    this.quantization = quantization;
    this.architecture = ARCHITECTURES.get(config.field("model_type").string());
    this.names = GgufNames.of(architecture);
    this.layers = number("num_hidden_layers", "n_layer");
    this.heads = number("num_attention_heads", "n_head");
    this.hidden = number("hidden_size", "n_embd", "n_embed");
    this.headDim = config.field("head_dim").positiveInt(hidden / heads);
    this.kvHeads = config.field("num_key_value_heads").positiveInt(heads);
  }

  /** True for a folder whose {@code config.json} names a model that GGUF has a place for. */
  public static boolean knows(Path folder) {
    Path file = folder.resolve("config.json");
    return Files.isRegularFile(file)
        && ARCHITECTURES.containsKey(JsonFields.read(file).field("model_type").string(""));
  }

  /**
   * Writes the model in {@code folder}.
   *
   * @param weights those of the folder
   * @param quantization how matrices are stored; null for as they are
   * @throws UnsupportedModelException if GGUF has no place for something in it
   * @throws WeightFileException if {@code out} is what is read
   */
  public static void write(Path folder, WeightFile weights, Path out, Quantization quantization) {
    weights.refuseOverwriting(out);
    GgufExport export = new GgufExport(folder, weights, quantization);
    export.describe();
    weights.weights().names().forEach(export::tensor);
    export.stack();
    Conversion.writeGguf(out, export.metadata, export.tensors, quantization);
  }

  // Metadata.

  private int number(String... names) {
    return config.field(names[0], names).positiveInt();
  }

  private void put(String key, Object value) {
    metadata.put(architecture + "." + key, GgufValue.of(value));
  }

  private void describe() {
    metadata.put("general.architecture", GgufValue.of(architecture));
    Path name = folder.toAbsolutePath().normalize().getFileName();
    metadata.put("general.name", GgufValue.of(name == null ? architecture : name.toString()));
    put(
        "context_length",
        config
            .field("max_position_embeddings", "n_positions", "n_ctx", "seq_length")
            .positiveInt(2048));
    put("embedding_length", hidden);
    put("block_count", layers);
    put("attention.head_count", heads);
    put(
        "feed_forward_length",
        config.field("intermediate_size", "n_inner").positiveInt(4 * hidden));
    switch (architecture) {
      case "gpt2", "bloom", "gptneox" ->
          put(
              "attention.layer_norm_epsilon",
              (float) config.field("layer_norm_epsilon", "layer_norm_eps").positiveDouble(1e-5));
      default -> describeLlama();
    }
    if (architecture.equals("gptneox")) {
      put("use_parallel_residual", config.field("use_parallel_residual").bool(true));
      JsonFields rope = rope();
      double part = rope.field("partial_rotary_factor").positiveDouble(0.25);
      double share = config.field("rotary_pct").positiveDouble(part);
      put("rope.dimension_count", (int) (share * headDim));
      double base = config.field("rotary_emb_base", "rope_theta").positiveDouble(10_000);
      put("rope.freq_base", (float) rope.field("rope_theta").positiveDouble(base));
    }
    long rows = weights.weights().info(embeddings()).shape().dim(0);
    metadata.putAll(GgufVocabularyExport.of(folder, Math.toIntExact(rows)));
  }

  private String embeddings() {
    return weights.weights().names().stream()
        .filter(name -> ggufName(name).equals("token_embd.weight"))
        .findFirst()
        .orElseThrow(
            () -> new ModelException(weights.path() + ": there is no table of tokens' embeddings"));
  }

  private JsonFields rope() {
    JsonFields rope =
        config.field("rope_parameters").present()
            ? config.field("rope_parameters").object()
            : config;
    return rope.has("full_attention") ? rope.field("full_attention").object() : rope;
  }

  private void describeLlama() {
    put("attention.layer_norm_rms_epsilon", (float) config.field("rms_norm_eps").positiveDouble());
    put("attention.head_count_kv", kvHeads);
    put("vocab_size", number("vocab_size"));
    if (headDim * heads != hidden || config.field("head_dim").present()) {
      put("attention.key_length", headDim);
      put("attention.value_length", headDim);
    }
    double part = config.field("partial_rotary_factor").positiveDouble(1);
    put("rope.dimension_count", (int) (part * headDim));
    put("rope.freq_base", (float) rope().field("rope_theta").positiveDouble(10_000));
    if (config.has("num_local_experts")) {
      put("expert_count", number("num_local_experts"));
      put("expert_used_count", number("num_experts_per_tok"));
    }
    if (config.field("sliding_window").present() && !architecture.startsWith("qwen")) {
      put("attention.sliding_window", number("sliding_window"));
    }
    if (architecture.equals("gemma3") && config.field("layer_types").present()) {
      put(
          "attention.sliding_window_pattern",
          config.field("layer_types").strings().stream().map("sliding_attention"::equals).toList());
    }
    for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      if (config.field(cap).present()) {
        put(cap, (float) config.field(cap).positiveDouble());
      }
    }
    if (architecture.startsWith("gemma")) {
      double scalar = config.field("query_pre_attn_scalar").positiveDouble(headDim);
      // llama.cpp knows the largest ones by their layers.
      boolean largest = layers == (architecture.equals("gemma2") ? 46 : 62);
      if (scalar != (largest ? hidden / heads : headDim)) {
        throw new UnsupportedModelException(
            config
                    .field("query_pre_attn_scalar")
                    .wrong("%d, as in the models that Google published".formatted(headDim))
                    .getMessage()
                + "; GGUF has no place for another");
      }
    }
    scaling();
  }

  private void scaling() {
    JsonFields scaling =
        config.field("rope_scaling").present() ? config.field("rope_scaling").object() : rope();
    String kind = scaling.field("rope_type", "type").string("default");
    switch (kind) {
      case "default" -> {}
      case "llama3" -> tensors.add(divisors(scaling));
      case "linear", "yarn" -> {
        put("rope.scaling.type", kind);
        put("rope.scaling.factor", (float) scaling.field("factor").positiveDouble());
        if (scaling.field("original_max_position_embeddings").present()) {
          put(
              "rope.scaling.original_context_length",
              scaling.field("original_max_position_embeddings").positiveInt());
        }
      }
      default ->
          throw new UnsupportedModelException(
              scaling
                      .field("rope_type", "type")
                      .wrong("default, llama3, linear or yarn")
                      .getMessage()
                  + "; others are not written into GGUF files yet");
    }
  }

  /** What Llama 3.1 divides frequencies by: 1 for short waves, the factor for long ones. */
  private TensorSource divisors(JsonFields scaling) {
    double base = rope().field("rope_theta").positiveDouble();
    double factor = scaling.field("factor").positiveDouble();
    double low = scaling.field("low_freq_factor").positiveDouble();
    double high = scaling.field("high_freq_factor").positiveDouble();
    double context = scaling.field("original_max_position_embeddings").positiveInt();
    float[] divisors = new float[headDim / 2];
    for (int i = 0; i < divisors.length; i++) {
      double wave = 2 * Math.PI * Math.pow(base, 2.0 * i / headDim);
      double smooth = Math.clamp((context / wave - low) / (high - low), 0.0, 1.0);
      divisors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
    }
    return TensorSource.of("rope_freqs.weight", HostTensor.of(divisors, divisors.length));
  }

  // Tensors.

  /** The name in the file; {@code name} itself where there is none. */
  private String ggufName(String name) {
    String own = names.gguf(name);
    for (String prefix : List.of("model.", "transformer.", "gpt_neox.")) {
      own = own.equals(name) ? names.gguf(prefix + name) : own;
      own = own.equals(prefix + name) ? name : own;
    }
    return own;
  }

  private void tensor(String name) {
    TensorInfo info = weights.weights().info(name);
    Matcher expert = EXPERT.matcher(name);
    if (BUFFER.matcher(name).matches()) {
      return;
    }
    HostTensor tensor = weights.weights().tensor(name);
    if (expert.matches()) {
      String kind = List.of("gate", "down", "up").get(Integer.parseInt(expert.group(3)) - 1);
      String own = "blk.%s.ffn_%s_exps.weight".formatted(expert.group(1), kind);
      experts
              .computeIfAbsent(own, each -> new TensorRows[number("num_local_experts")])[
              Integer.parseInt(expert.group(2))] =
          TensorRows.of(tensor);
      return;
    }
    String own = ggufName(name);
    if (own.equals(name)) {
      throw new UnsupportedModelException(
          "%s: tensor \"%s\" has no name in GGUF files of %s"
              .formatted(info.file(), name, architecture));
    }
    if (own.equals("output.weight") && config.field("tie_word_embeddings").bool(false)) {
      return;
    }
    add(own, rearranged(own, tensor), tensor.dtype(), info.file());
  }

  private void add(String name, TensorRows rows, DType stored, Path file) {
    DType type =
        rows.shape().rank() < 2
            ? DType.F32
            : quantization == null ? stored : quantization.type(name, rows.shape(), layers);
    tensors.add(rows.as(type, name, file));
  }

  private TensorRows rearranged(String name, HostTensor tensor) {
    TensorRows rows = TensorRows.of(tensor);
    boolean vector = tensor.shape().rank() == 1;
    if (architecture.equals("gpt2") && !vector && name.startsWith("blk.")) {
      return TensorRows.transposed(tensor);
    }
    if (architecture.equals("llama") && (name.contains(".attn_q.") || name.contains(".attn_k."))) {
      return byElements(rows, this::neighbour);
    }
    if (name.contains(".attn_qkv.")
        && !architecture.equals("gpt2")
        && !architecture.equals("phi3")) {
      return byElements(rows, this::apart);
    }
    return architecture.startsWith("gemma") && name.endsWith("norm.weight") ? rows.plus(1) : rows;
  }

  /** Rows of a matrix, or elements of a vector, in another order. */
  private static TensorRows byElements(TensorRows rows, LongUnaryOperator order) {
    long[] shape = rows.shape().toArray();
    return shape.length == 1 ? rows.elementsReordered(order) : rows.reordered(order);
  }

  /** Elements i and i + half of a head become neighbours. */
  private long neighbour(long row) {
    long inHead = row % headDim;
    return row - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
  }

  /** {@code [heads, 3, headDim]} becomes {@code [3, heads, headDim]}. */
  private long apart(long row) {
    long part = row / hidden;
    long head = row % hidden / headDim;
    return (3 * head + part) * headDim + row % headDim;
  }

  private void stack() {
    experts.forEach((name, matrices) -> {
      for (int i = 0; i < matrices.length; i++) {
        if (matrices[i] == null) {
          throw new ModelException(
              "%s: expert %d of %s is missing".formatted(weights.path(), i, name));
        }
      }
      DType stored = weights.weights().tensor(embeddings()).dtype();
      add(name, TensorRows.stacked(matrices), stored, weights.path());
    });
  }
}
