package dev.heddle.fuzz;

import com.sun.management.ThreadMXBean;
import dev.heddle.model.Architectures;
import dev.heddle.model.ModelException;
import dev.heddle.model.UnsupportedModelException;
import dev.heddle.onnx.OnnxException;
import dev.heddle.onnx.OnnxImporter;
import dev.heddle.tensor.HostTensor;
import dev.heddle.text.Tokenizer;
import dev.heddle.text.TokenizerException;
import dev.heddle.weights.Gguf;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Safetensors;
import dev.heddle.weights.SafetensorsShards;
import dev.heddle.weights.SafetensorsWriter;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.WeightFileException;
import dev.heddle.weights.Weights;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A parser of files that nobody vouches for: it reads them, or refuses them.
 *
 * @param name by which it is asked for
 * @param file what a file for it is called
 * @param valid files that it reads, below {@code src/test}; inputs are made from them
 * @param refusals errors that refuse a file as they should
 * @param parser reads a file and looks at all that it gives
 */
record Target(
    String name,
    String file,
    List<String> valid,
    List<Class<? extends RuntimeException>> refusals,
    Parser parser) {

  /** Reads a file. */
  interface Parser {
    void read(Path file) throws IOException;
  }

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Of computing: on a machine that is busy with other things, a file may wait for longer. */
  private static final int MOST_SECONDS = 5;

  static final List<Target> ALL =
      List.of(
          new Target(
              "safetensors",
              "model.safetensors",
              List.of("fuzz/safetensors/valid.safetensors"),
              List.of(WeightFileException.class),
              file -> weights(Safetensors.open(file))),
          new Target(
              "safetensors-index",
              "model.safetensors.index.json",
              List.of("fuzz/safetensors-index/valid.json"),
              List.of(WeightFileException.class),
              Target::shards),
          new Target(
              "gguf",
              "model.gguf",
              List.of(
                  "fixtures/gguf/metadata-nested.gguf",
                  "data/malformed/gguf/ok_empty.gguf",
                  "fixtures/gguf/metadata.gguf"),
              List.of(WeightFileException.class),
              file -> weights(Gguf.open(file))),
          new Target(
              "onnx",
              "model.onnx",
              List.of(
                  "fuzz/onnx/valid-arithmetic.onnx",
                  "fuzz/onnx/valid-attention.onnx",
                  "fuzz/onnx/valid-views.onnx"),
              List.of(OnnxException.class),
              file -> OnnxImporter.read(file).close()),
          new Target(
              "tokenizer",
              "tokenizer.json",
              List.of(
                  "fuzz/tokenizer/valid-bpe.json",
                  "fuzz/tokenizer/valid-unigram.json",
                  "fuzz/tokenizer/valid-wordpiece.json"),
              List.of(TokenizerException.class),
              Target::tokenizer),
          new Target(
              "config",
              "config.json",
              List.of(
                  "data/hf/bert/config.json",
                  "data/hf/roberta/config.json",
                  "data/hf/distilbert/config.json",
                  "data/hf/electra-token-classification/config.json"),
              List.of(
                  WeightFileException.class, ModelException.class, UnsupportedModelException.class),
              file -> Architectures.read(JsonFields.read(file)).contextLength()));

  static Target of(String name) {
    return ALL.stream().filter(target -> target.name.equals(name)).findFirst().orElseThrow();
  }

  List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (String path : valid) {
      seeds.add(Files.readAllBytes(Path.of("src/test").resolve(path)));
    }
    return seeds;
  }

  /**
   * The most bytes on the Java heap that reading a file of {@code length} bytes may allocate, those
   * included that are garbage at once. A node of an ONNX file takes some 30 bytes, and may name 256
   * extents to compute.
   */
  long mostBytes(long length) {
    return name.equals("onnx") ? 4096 * length + (8 << 20) : 64 * length + (1 << 20);
  }

  /**
   * Reads {@code input} from a file in {@code folder}: true if it is accepted, false if it is
   * refused as it should.
   *
   * @throws AssertionError if it costs more memory or time than stated
   */
  boolean accepts(byte[] input, Path folder) throws IOException {
    Path path = Files.write(folder.resolve(file), input);
    long most = mostBytes(input.length);
    // The first time may load classes, which takes memory once; only a second time would tell.
    for (int time = 0; ; time++) {
      long before = allocatedBytes();
      long start = THREADS.getCurrentThreadCpuTime();
      boolean accepted = reads(path);
      long allocated = allocatedBytes() - before;
      long seconds = (THREADS.getCurrentThreadCpuTime() - start) / 1_000_000_000;
      if (seconds >= MOST_SECONDS) {
        throw new AssertionError(seconds + " s were computed for a file of " + input.length);
      }
      if (allocated <= most) {
        return accepted;
      }
      if (time > 0) {
        throw new AssertionError(
            "%d bytes were allocated for a file of %d; expected at most %d"
                .formatted(allocated, input.length, most));
      }
    }
  }

  private static long allocatedBytes() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  private boolean reads(Path path) throws IOException {
    try {
      parser.read(path);
      return true;
    } catch (RuntimeException e) {
      if (refusals.contains(e.getClass())) {
        return false;
      }
      throw e;
    }
  }

  /** Two files that an index may name lie beside it. */
  private static void shards(Path index) throws IOException {
    for (String name : List.of("one.safetensors", "two.safetensors")) {
      Path shard = index.resolveSibling(name);
      if (!Files.exists(shard)) {
        SafetensorsWriter.write(shard, Map.of(name, HostTensor.of(new int[1], 1)));
      }
    }
    weights(SafetensorsShards.open(index));
  }

  private static void weights(Weights opened) throws IOException {
    try (Weights weights = opened) {
      weights.metadata();
      for (String name : weights.names()) {
        TensorInfo tensor = weights.info(name);
        long end = Math.addExact(tensor.offset(), tensor.bytes());
        if (tensor.offset() < 0 || tensor.bytes() < 0 || end > Files.size(tensor.file())) {
          throw new AssertionError(tensor + " lies outside of its file");
        }
      }
    }
  }

  private static void tokenizer(Path file) {
    try (Tokenizer tokenizer = Tokenizer.open(file)) {
      tokenizer.decode(tokenizer.encode("ab é a").ids(), true);
    }
  }
}
