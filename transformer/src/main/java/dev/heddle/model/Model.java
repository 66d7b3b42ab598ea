package dev.heddle.model;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.onnx.OnnxModel;
import dev.heddle.tensor.HostTensor;
import dev.heddle.text.ChatTemplate;
import dev.heddle.text.Tokenizer;
import dev.heddle.text.Tokenizers;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A model as it lies in its files: what computes, and what turns text into its input. Open one by
 * {@link Models#open}.
 *
 * <p>Weights are views of mapped files, so graphs of a model, and programs that read weights in
 * place, are used up before {@link #close}. Safe for many threads.
 */
public final class Model implements AutoCloseable {
  private final String name;
  private final Network network;
  private final Path tokenizerFile;
  private final SentenceSettings sentence;
  private final GenerationOptions generation;
  private final Supplier<Optional<ChatTemplate>> chat;
  private final HeadSettings head;
  private final Supplier<Map<String, TaskSettings>> tasks;
  private Tokenizer tokenizer;
  private boolean closed;

  Model(
      String name,
      Network network,
      Path tokenizerFile,
      SentenceSettings sentence,
      GenerationOptions generation,
      Supplier<Optional<ChatTemplate>> chat,
      HeadSettings head,
      Supplier<Map<String, TaskSettings>> tasks) {
    this.name = name;
    this.network = network;
    this.tokenizerFile = tokenizerFile;
    this.sentence = sentence;
    this.generation = generation;
    this.chat = chat;
    this.head = head;
    this.tasks = tasks;
  }

  /** The same with another tokenizer; of the two one is closed. */
  Model withTokenizer(Path file) {
    return new Model(name, network, file, sentence, generation, chat, head, tasks);
  }

  /** What computes. */
  public sealed interface Network {
    /** The {@code model_type}, or {@code onnx}. */
    String family();

    /** Numbers in its weights. */
    long parameters();

    /** Bytes of its weights, as they are stored. */
    long bytes();

    /** The most tokens of a sequence; 0 where that is not known, or nothing bounds it. */
    int contextLength();
  }

  /** An architecture and its weights. */
  public record Checkpoint(Architecture architecture, Weights weights) implements Network {
    @Override
    public String family() {
      return architecture.family();
    }

    @Override
    public long parameters() {
      return weights.names().stream().mapToLong(n -> weights.info(n).shape().elements()).sum();
    }

    @Override
    public long bytes() {
      return weights.names().stream().map(weights::info).mapToLong(TensorInfo::bytes).sum();
    }

    @Override
    public int contextLength() {
      int length = architecture.contextLength();
      return length == Architecture.UNBOUNDED ? 0 : length;
    }
  }

  /**
   * A graph from an ONNX file.
   *
   * @param contextLength the most tokens of a sequence, 0 where that is not known
   */
  public record Onnx(OnnxModel onnx, int contextLength) implements Network {
    @Override
    public String family() {
      return "onnx";
    }

    @Override
    public long parameters() {
      return weights().mapToLong(tensor -> tensor.shape().elements()).sum();
    }

    @Override
    public long bytes() {
      return weights().mapToLong(HostTensor::bytes).sum();
    }

    /** Constants of whole numbers are shapes and indices, not weights. */
    private Stream<HostTensor> weights() {
      return onnx.graph().constants().values().stream().filter(t -> t.dtype().isFloat());
    }
  }

  /** What people call it: the folder's name, or the name it was opened by. */
  public String name() {
    return name;
  }

  /** What computes. */
  public Network network() {
    return network;
  }

  /** How its makers want texts embedded, where they say. */
  public Optional<SentenceSettings> sentence() {
    return Optional.ofNullable(sentence);
  }

  /** What its configuration says of its head. */
  public HeadSettings head() {
    return head;
  }

  /** How its makers want texts continued: everything off where they do not say. */
  public GenerationOptions generationOptions() {
    return generation;
  }

  /**
   * What its makers say of single tasks, by transformers' names: {@code summarization}, {@code
   * translation_en_to_de}. Empty where they say nothing.
   *
   * @throws dev.heddle.weights.WeightFileException if a field is not what transformers writes
   * @throws dev.heddle.generate.GenerationException if an option is out of range or not supported
   */
  public Map<String, TaskSettings> tasks() {
    return tasks.get();
  }

  /**
   * How conversations are written for it, where its makers say.
   *
   * @throws dev.heddle.text.ChatTemplateException if that is no template
   * @throws dev.heddle.weights.WeightFileException if its file cannot be read
   */
  public Optional<ChatTemplate> chatTemplate() {
    return chat.get();
  }

  /** Whether there is a tokenizer. */
  public boolean hasTokenizer() {
    return tokenizerFile != null;
  }

  /**
   * The tokenizer, loaded at the first call.
   *
   * @throws ModelException if the model has none
   * @throws dev.heddle.text.TokenizerException if it cannot be loaded
   */
  public synchronized Tokenizer tokenizer() {
    if (closed) {
      throw new IllegalStateException("the model " + name + " was closed");
    }
    if (tokenizerFile == null) {
      throw new ModelException(
          "the model "
              + name
              + " has no tokenizer; put its tokenizer.json beside it, as transformers'"
              + " save_pretrained does, or the tok*.bin of a llama2.c checkpoint");
    }
    if (tokenizer == null) {
      tokenizer = Tokenizers.open(tokenizerFile);
    }
    return tokenizer;
  }

  /** The graph of the model by itself: token ids in, hidden states or logits out. */
  public Graph graph() {
    return switch (network) {
      case Checkpoint(Architecture architecture, Weights weights) ->
          switch (architecture) {
            case Encoder encoder -> {
              GraphBuilder graph = new GraphBuilder(name);
              Encoder.States states = encoder.encode(graph, weights, false);
              graph.output("last_hidden_state", states.last());
              if (states.pooled() != null) {
                graph.output("pooler_output", states.pooled());
              }
              yield graph.build();
            }
            case EncoderDecoder both -> {
              GraphBuilder graph = new GraphBuilder(name);
              Encoder.States states = both.encode(graph, weights, false);
              DecoderGraph g = DecoderGraph.whole(graph, both, weights, states, false);
              Value state = both.decode(g, weights);
              yield graph.output("logits", both.logits(g, weights, state)).build();
            }
            case Decoder decoder -> {
              GraphBuilder graph = new GraphBuilder(name);
              DecoderGraph g = DecoderGraph.whole(graph, decoder, false);
              Value state = decoder.decode(g, weights);
              yield graph.output("logits", decoder.logits(g, weights, state)).build();
            }
          };
      case Onnx(OnnxModel onnx, int contextLength) -> onnx.graph();
    };
  }

  /** Unmaps the weights and frees the tokenizer. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (tokenizer != null) {
      tokenizer.close();
    }
    switch (this.network) {
      case Checkpoint checkpoint -> checkpoint.weights().close();
      case Onnx network -> network.onnx().close();
    }
  }

  /** {@code bert-embedder-mean: bert, 96,912 parameters}. */
  @Override
  public String toString() {
    return "%s: %s, %,d parameters".formatted(name, network.family(), network.parameters());
  }
}
