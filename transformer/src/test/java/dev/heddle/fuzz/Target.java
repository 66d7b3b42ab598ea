package dev.heddle.fuzz;

import com.sun.management.ThreadMXBean;
import dev.heddle.model.Architectures;
import dev.heddle.model.ModelException;
import dev.heddle.model.UnsupportedModelException;
import dev.heddle.onnx.OnnxException;
import dev.heddle.onnx.OnnxImporter;
import dev.heddle.onnx.OnnxOptions;
import dev.heddle.tensor.HostTensor;
import dev.heddle.text.InMemoryVocabulary;
import dev.heddle.text.Tokenizer;
import dev.heddle.text.TokenizerException;
import dev.heddle.text.Tokenizers;
import dev.heddle.weights.Ctranslate2;
import dev.heddle.weights.Gguf;
import dev.heddle.weights.InMemory;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Llama2c;
import dev.heddle.weights.Safetensors;
import dev.heddle.weights.SafetensorsShards;
import dev.heddle.weights.SafetensorsWriter;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.WeightFileException;
import dev.heddle.weights.Weights;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A parser of files that nobody vouches for: it reads them, or refuses them.
 *
 * @param name by which it is asked for
 * @param file what a file for it is called
 * @param valid files that it reads, below {@code src/test}; inputs are made from them
 * @param refusals errors that refuse a file as they should
 * @param parser reads what a file holds, and looks at all that it gives
 * @param opener does the same with a file; it may refuse more, where there are other files too
 */
record Target(
    String name,
    String file,
    List<String> valid,
    List<Class<? extends RuntimeException>> refusals,
    Parser<byte[]> parser,
    Parser<Path> opener) {

  /** Reads a file, or what one holds. */
  interface Parser<T> {
    void read(T source) throws IOException;
  }

  private static final Path SOURCE = Path.of("memory");

  /** One input in so many is read from a file too: a hundred times slower than from memory. */
  private static final int INPUTS_PER_FILE = 512;

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
              input -> within(input.length, InMemory.safetensors(input)),
              file -> weights(Safetensors.open(file))),
          new Target(
              "safetensors-index",
              "model.safetensors.index.json",
              List.of("fuzz/safetensors-index/valid.json"),
              List.of(WeightFileException.class),
              InMemory::index,
              Target::shards),
          new Target(
              "gguf",
              "model.gguf",
              List.of(
                  "fixtures/gguf/metadata-nested.gguf",
                  "data/malformed/gguf/ok_empty.gguf",
                  "fixtures/gguf/metadata.gguf"),
              List.of(WeightFileException.class),
              input -> within(input.length, InMemory.gguf(input)),
              file -> weights(Gguf.open(file))),
          new Target(
              "gguf-vocabulary",
              "model.gguf",
              List.of(
                  "fuzz/gguf-vocabulary/valid-bert.gguf",
                  "fuzz/gguf-vocabulary/valid-gpt2.gguf",
                  "fuzz/gguf-vocabulary/valid-llama.gguf",
                  "fuzz/gguf-vocabulary/valid-t5.gguf"),
              List.of(TokenizerException.class, WeightFileException.class),
              input -> use(InMemoryVocabulary.gguf(InMemory.metadata(input))),
              file -> use(Tokenizers.open(file))),
          new Target(
              "llama2c",
              "model.bin",
              List.of("fuzz/llama2c/valid.bin"),
              List.of(WeightFileException.class),
              input -> within(input.length, InMemory.llama2c(input)),
              file -> weights(Llama2c.open(file))),
          new Target(
              "ctranslate2",
              "model.bin",
              List.of("fuzz/ctranslate2/valid-1.bin", "fuzz/ctranslate2/valid-2.bin"),
              List.of(WeightFileException.class),
              input -> within(input.length, InMemory.ctranslate2(input)),
              file -> weights(Ctranslate2.open(file))),
          new Target(
              "llama2c-vocabulary",
              "tok.bin",
              List.of("fuzz/llama2c-vocabulary/valid.bin"),
              List.of(TokenizerException.class),
              input -> use(InMemoryVocabulary.llama2c(input)),
              file -> use(Tokenizers.open(file))),
          new Target(
              "onnx",
              "model.onnx",
              List.of(
                  "fuzz/onnx/valid-arithmetic.onnx",
                  "fuzz/onnx/valid-attention.onnx",
                  "fuzz/onnx/valid-views.onnx"),
              List.of(OnnxException.class),
              input -> OnnxImporter.of(input, SOURCE, OnnxOptions.DEFAULT).close(),
              file -> OnnxImporter.read(file).close()),
          new Target(
              "tokenizer",
              "tokenizer.json",
              List.of(
                  "fuzz/tokenizer/valid-bpe.json",
                  "fuzz/tokenizer/valid-unigram.json",
                  "fuzz/tokenizer/valid-wordpiece.json"),
              List.of(TokenizerException.class),
              input -> use(Tokenizer.of(text(input), "memory")),
              file -> use(Tokenizer.open(file))),
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
              input -> Architectures.read(JsonFields.of(input, SOURCE)).contextLength(),
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
   * Reads {@code input} from memory, and some inputs from a file in {@code folder} too: true if it
   * is accepted, false if it is refused as it should.
   *
   * @throws AssertionError if it costs more memory or time than stated
   */
  boolean accepts(byte[] input, Path folder) throws IOException {
    return Arrays.hashCode(input) % INPUTS_PER_FILE == 0
        ? acceptsBothWays(input, folder)
        : accepts(parser, input, input.length);
  }

  /** Reads {@code input} from memory and from a file, of which the file is the stricter. */
  boolean acceptsBothWays(byte[] input, Path folder) throws IOException {
    boolean inMemory = accepts(parser, input, input.length);
    Path path = Files.write(folder.resolve(file), input);
    boolean inFile = accepts(opener, path, input.length);
    if (inFile && !inMemory) {
      throw new AssertionError("only a file with these bytes is accepted");
    }
    return inFile;
  }

  private <T> boolean accepts(Parser<T> parser, T source, int length) throws IOException {
    long most = mostBytes(length);
    // The first time may load classes, which takes memory once; only a second time would tell.
    for (int time = 0; ; time++) {
      long before = allocatedBytes();
      long start = THREADS.getCurrentThreadCpuTime();
      boolean accepted = reads(parser, source);
      long allocated = allocatedBytes() - before;
      long seconds = (THREADS.getCurrentThreadCpuTime() - start) / 1_000_000_000;
      if (seconds >= MOST_SECONDS) {
        throw new AssertionError(seconds + " s were computed for a file of " + length);
      }
      if (allocated <= most) {
        return accepted;
      }
      if (time > 0) {
        throw new AssertionError(
            "%d bytes were allocated for a file of %d; expected at most %d"
                .formatted(allocated, length, most));
      }
    }
  }

  private static long allocatedBytes() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  private <T> boolean reads(Parser<T> parser, T source) throws IOException {
    try {
      parser.read(source);
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
        within(Files.size(tensor.file()), List.of(tensor));
      }
    }
  }

  private static void within(long length, List<TensorInfo> tensors) {
    for (TensorInfo tensor : tensors) {
      long end = Math.addExact(tensor.offset(), tensor.bytes());
      if (tensor.offset() < 0 || tensor.bytes() < 0 || end > length) {
        throw new AssertionError(tensor + " lies outside of its file");
      }
    }
  }

  /** As a file of text is read. */
  private static String text(byte[] input) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(input)).toString();
    } catch (CharacterCodingException e) {
      throw new TokenizerException("is not UTF-8", e);
    }
  }

  private static void use(Tokenizer opened) {
    try (Tokenizer tokenizer = opened) {
      tokenizer.decode(tokenizer.encode("ab é a").ids(), true);
    }
  }
}
