package dev.heddle.model;

import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.weights.Ctranslate2;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.WeightFileException;
import dev.heddle.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A CTranslate2 file's tensors under the names that transformers' BART has, joint matrices in
 * parts; and the configuration that says the same as its specification.
 */
final class Ctranslate2Weights implements Weights {
  /** Positions that are held ready: waves have no last one. */
  private static final long POSITIONS = 1024;

  private final Ctranslate2 file;
  private final Path path;
  private final Map<String, Part> parts = new LinkedHashMap<>();

  /** Part {@code index} of {@code count} equal ones, of rows, that a tensor has. */
  private record Part(String tensor, int index, int count, TensorInfo info) {}

  /** The tensors of {@code file}, which lies at {@code path} and is closed with this. */
  Ctranslate2Weights(Ctranslate2 file, Path path) {
    this.file = file;
    this.path = path;
    for (String tower : List.of("encoder", "decoder")) {
      whole(tower + ".embed_tokens.weight", tower + "/embeddings/weight");
      norm(tower + ".layer_norm", tower + "/layer_norm");
      for (int i = 0; i < layers(tower); i++) {
        layer(tower + ".layers." + i + ".", tower + "/layer_" + i + "/");
      }
    }
    whole("lm_head.weight", "decoder/projection/weight");
    whole("final_logits_bias", "decoder/projection/bias");
  }

  private int layers(String tower) {
    int count = 0;
    while (file.has(tower + "/layer_" + count + "/ffn/linear_0/weight")) {
      count++;
    }
    return count;
  }

  private void layer(String to, String from) {
    norm(to + "self_attn_layer_norm", from + "self_attention/layer_norm");
    linear(
        from + "self_attention/linear_0",
        to + "self_attn.q_proj",
        to + "self_attn.k_proj",
        to + "self_attn.v_proj");
    linear(from + "self_attention/linear_1", to + "self_attn.out_proj");
    norm(to + "encoder_attn_layer_norm", from + "attention/layer_norm");
    linear(from + "attention/linear_0", to + "encoder_attn.q_proj");
    linear(from + "attention/linear_1", to + "encoder_attn.k_proj", to + "encoder_attn.v_proj");
    linear(from + "attention/linear_2", to + "encoder_attn.out_proj");
    norm(to + "final_layer_norm", from + "ffn/layer_norm");
    linear(from + "ffn/linear_0", to + "fc1");
    linear(from + "ffn/linear_1", to + "fc2");
  }

  private void norm(String to, String from) {
    whole(to + ".weight", from + "/gamma");
    whole(to + ".bias", from + "/beta");
  }

  private void whole(String to, String from) {
    put(to, from, 0, 1);
  }

  private void linear(String from, String... to) {
    for (int i = 0; i < to.length; i++) {
      put(to[i] + ".weight", from + "/weight", i, to.length);
      put(to[i] + ".bias", from + "/bias", i, to.length);
    }
  }

  private void put(String name, String tensor, int index, int count) {
    if (!file.has(tensor)) {
      return;
    }
    TensorInfo info = file.info(tensor);
    long[] extents = info.shape().toArray();
    if (extents.length == 0 || extents[0] % count != 0) {
      throw WeightFileException.of(
          path,
          "tensor \"" + tensor + "\"",
          "is %s; expected %d equal parts of its rows".formatted(info.shape(), count));
    }
    extents[0] /= count;
    long[] shown = name.equals("final_logits_bias") ? new long[] {1, extents[0]} : extents;
    long bytes = info.bytes() / count;
    TensorInfo part =
        new TensorInfo(
            tensor,
            info.type(),
            Shape.of(shown),
            info.file(),
            info.offset() + index * bytes,
            bytes);
    parts.put(name, new Part(tensor, index, count, part));
  }

  /**
   * The configuration.
   *
   * @throws UnsupportedModelException if it is of another kind than OpenNMT's two Transformers
   */
  JsonFields config() {
    Object stated = file.metadata().getOrDefault("specification", "TransformerBase");
    long heads =
        switch ((String) stated) {
          case "TransformerBase" -> 8;
          case "TransformerBig" -> 16;
          default ->
              throw new UnsupportedModelException(
                  "%s: the specification is \"%s\"; expected TransformerBase or TransformerBig"
                      .formatted(path, stated));
        };
    TensorInfo read = file.info("encoder/embeddings/weight");
    TensorInfo written = file.info("decoder/embeddings/weight");
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", "transformer");
    config.put("vocab_size", read.shape().dim(0));
    config.put("decoder_vocab_size", written.shape().dim(0));
    config.put("d_model", read.shape().dim(read.shape().rank() - 1));
    config.put("max_position_embeddings", POSITIONS);
    for (String tower : List.of("encoder", "decoder")) {
      config.put(tower + "_layers", (long) layers(tower));
      config.put(tower + "_attention_heads", heads);
      config.put(
          tower + "_ffn_dim", file.info(tower + "/layer_0/ffn/linear_0/bias").shape().dim(0));
    }
    config.put("activation_function", "relu");
    config.put("scale_embedding", true);
    config.put("tie_word_embeddings", false);
    config.put("pad_token_id", id("source_vocabulary.txt", "<blank>"));
    config.put("decoder_start_token_id", id("target_vocabulary.txt", "<s>"));
    config.put("eos_token_id", id("target_vocabulary.txt", "</s>"));
    return JsonFields.of(config, path);
  }

  /** The line of a vocabulary beside the file that has this token. */
  private long id(String vocabulary, String token) {
    Path beside = path.resolveSibling(vocabulary);
    try {
      long id = Files.readAllLines(beside).indexOf(token);
      if (id >= 0) {
        return id;
      }
    } catch (IOException e) {
      throw WeightFileException.of(beside, "cannot be read as UTF-8 text: " + e, e);
    }
    throw WeightFileException.of(beside, "has no line \"" + token + "\"");
  }

  @Override
  public List<String> names() {
    return List.copyOf(parts.keySet());
  }

  @Override
  public boolean has(String name) {
    return parts.containsKey(name);
  }

  @Override
  public TensorInfo info(String name) {
    return part(name).info;
  }

  private Part part(String name) {
    Part part = parts.get(name);
    if (part == null) {
      throw WeightFileException.of(
          path,
          "what transformers calls \"" + name + "\"",
          "is missing; there are %d others".formatted(parts.size()));
    }
    return part;
  }

  @Override
  public HostTensor tensor(String name) {
    Part part = part(name);
    float[] all = file.tensor(part.tensor).toFloats();
    int own = all.length / part.count;
    float[] rows = Arrays.copyOfRange(all, part.index * own, (part.index + 1) * own);
    return HostTensor.of(rows, part.info.shape().toArray());
  }

  @Override
  public Map<String, Object> metadata() {
    return file.metadata();
  }

  @Override
  public void close() {
    file.close();
  }
}
