package dev.heddle.weights;

import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The seven numbers that a llama2.c checkpoint begins with, and what follows from them.
 *
 * @param hidden width of the states
 * @param intermediate width within the feed-forward layers
 * @param layers number of layers
 * @param heads number of query heads
 * @param kvHeads number of key and value heads
 * @param vocabulary number of tokens
 * @param context the longest sequence
 * @param shared whether the embeddings are the classifier too: the file says no by a negative
 *     vocabulary
 */
record Llama2cHeader(
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int kvHeads,
    int vocabulary,
    int context,
    boolean shared) {
  private static final int FIELDS = 7;

  /** "ak42", which later formats of llama2.c begin with. */
  private static final int LATER_MAGIC = 0x616b3432;

  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  static Llama2cHeader read(Path path, MemorySegment file) {
    if (file.byteSize() < FIELDS * Integer.BYTES) {
      throw WeightFileException.of(
          path,
          "header",
          "needs %d bytes; the file has %d".formatted(FIELDS * Integer.BYTES, file.byteSize()));
    }
    int[] fields = file.asSlice(0, FIELDS * Integer.BYTES).toArray(I32);
    refuseOthers(path, fields);
    Llama2cHeader header =
        new Llama2cHeader(
            positive(path, fields, 0, "hidden size"),
            positive(path, fields, 1, "intermediate size"),
            positive(path, fields, 2, "number of layers"),
            positive(path, fields, 3, "number of heads"),
            positive(path, fields, 4, "number of key and value heads"),
            Math.abs(fields[5]),
            positive(path, fields, 6, "context length"),
            fields[5] > 0);
    if (header.vocabulary <= 0) {
      throw wrong(path, 5, "vocabulary size", "is " + fields[5] + "; expected one that is not 0");
    }
    if (header.hidden % header.heads != 0 || header.hidden / header.heads % 2 != 0) {
      throw wrong(
          path,
          3,
          "number of heads",
          "is %d; each needs an even share of the hidden size %d"
              .formatted(header.heads, header.hidden));
    }
    if (header.heads % header.kvHeads != 0) {
      throw wrong(
          path,
          4,
          "number of key and value heads",
          "is %d; expected a divisor of the %d heads".formatted(header.kvHeads, header.heads));
    }
    return header;
  }

  private static void refuseOthers(Path path, int[] fields) {
    if (fields[0] == LATER_MAGIC) {
      throw wrong(
          path,
          0,
          "header",
          "is that of llama2.c's format version %d; the first format is read: export with version 0"
              .formatted(fields[1]));
    }
    boolean zip = fields[0] == 0x04034b50;
    // Two bytes of a pickle are a width of 640 too; its next two are not zeros.
    boolean pickle =
        (fields[0] & 0xff) == 0x80 && (fields[0] >> 8 & 0xff) <= 5 && fields[0] >> 16 != 0;
    if (zip || pickle) {
      throw wrong(
          path,
          0,
          "header",
          "is that of a PyTorch file, which could run code; expected a llama2.c checkpoint: save"
              + " the model as safetensors");
    }
  }

  private static int positive(Path path, int[] fields, int field, String name) {
    if (fields[field] <= 0) {
      throw wrong(path, field, name, "is " + fields[field] + "; expected 1 or more");
    }
    return fields[field];
  }

  private static WeightFileException wrong(Path path, int field, String name, String reason) {
    return WeightFileException.at(path, (long) field * Integer.BYTES, name, reason);
  }

  /**
   * Where the tensors lie, under Hugging Face's names of LLaMA's.
   *
   * @throws WeightFileException if they are not all of the file
   */
  List<TensorInfo> tensors(Path path, long fileBytes) {
    long headDim = hidden / heads;
    long kv = headDim * kvHeads;
    List<Block> blocks = new ArrayList<>();
    blocks.add(Block.one("model.embed_tokens.weight", vocabulary, hidden));
    blocks.add(Block.each("input_layernorm.weight", hidden));
    blocks.add(Block.each("self_attn.q_proj.weight", hidden, hidden));
    blocks.add(Block.each("self_attn.k_proj.weight", kv, hidden));
    blocks.add(Block.each("self_attn.v_proj.weight", kv, hidden));
    blocks.add(Block.each("self_attn.o_proj.weight", hidden, hidden));
    blocks.add(Block.each("post_attention_layernorm.weight", hidden));
    blocks.add(Block.each("mlp.gate_proj.weight", intermediate, hidden));
    blocks.add(Block.each("mlp.down_proj.weight", hidden, intermediate));
    blocks.add(Block.each("mlp.up_proj.weight", intermediate, hidden));
    blocks.add(Block.one("model.norm.weight", hidden));
    blocks.add(Block.skipped(context, headDim)); // Cosines and sines of every position.
    if (!shared) {
      blocks.add(Block.one("lm_head.weight", vocabulary, hidden));
    }
    checkSize(path, fileBytes, blocks);
    List<TensorInfo> tensors = new ArrayList<>();
    long offset = FIELDS * Integer.BYTES;
    for (Block block : blocks) {
      long bytes = block.shape.elements() * Float.BYTES;
      for (int i = 0; i < (block.each ? layers : 1); i++) {
        if (block.name != null) {
          String name = block.each ? "model.layers." + i + "." + block.name : block.name;
          tensors.add(new TensorInfo(name, SafetensorsType.F32, block.shape, path, offset, bytes));
        }
        offset += bytes;
      }
    }
    return tensors;
  }

  private void checkSize(Path path, long fileBytes, List<Block> blocks) {
    long expected = FIELDS * Integer.BYTES;
    try {
      for (Block block : blocks) {
        long elements = Math.multiplyExact(block.shape.elements(), block.each ? layers : 1L);
        expected = Math.addExact(expected, Math.multiplyExact(elements, (long) Float.BYTES));
      }
    } catch (ArithmeticException e) {
      throw WeightFileException.of(path, "header", "asks for more than 2^63 bytes: " + this);
    }
    if (expected != fileBytes) {
      throw WeightFileException.of(
          path,
          "header",
          "asks for a file of %d bytes; this one has %d: %s".formatted(expected, fileBytes, this));
    }
  }

  /** The same under the names of a {@code config.json} of LLaMA's. */
  Map<String, Object> config() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", "llama");
    config.put("hidden_size", (long) hidden);
    config.put("intermediate_size", (long) intermediate);
    config.put("num_hidden_layers", (long) layers);
    config.put("num_attention_heads", (long) heads);
    config.put("num_key_value_heads", (long) kvHeads);
    config.put("vocab_size", (long) vocabulary);
    config.put("max_position_embeddings", (long) context);
    config.put("tie_word_embeddings", shared);
    config.put("rms_norm_eps", 1e-5);
    config.put("rope_theta", 10000.0);
    config.put("hidden_act", "silu");
    config.put("bos_token_id", 1L);
    config.put("eos_token_id", 2L);
    return config;
  }

  /** A tensor, or one for each layer; of no name if nobody wants it. */
  private record Block(String name, boolean each, Shape shape) {
    static Block one(String name, long... extents) {
      return new Block(name, false, Shape.of(extents));
    }

    static Block each(String name, long... extents) {
      return new Block(name, true, Shape.of(extents));
    }

    static Block skipped(long... extents) {
      return new Block(null, false, Shape.of(extents));
    }
  }
}
