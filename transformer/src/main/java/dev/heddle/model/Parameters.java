package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Puts a checkpoint's tensors into a graph as constants, their shapes checked against what the
 * configuration states.
 *
 * <p>Names are tried as they are and with the prefix that a model with a task head puts before its
 * encoder's names, {@code bert.} for instance; and norms' names in the oldest spelling, {@code
 * gamma} and {@code beta}.
 */
final class Parameters {
  private final GraphBuilder graph;
  private final Weights weights;
  private final Path config;
  private final String family;
  private final String prefix;
  private final DType activations;

  /**
   * Tensors for {@code graph}.
   *
   * @param config the configuration's file, for errors
   * @param prefix what may stand before every name
   * @param witness a tensor that every checkpoint has; where it stands tells the prefix
   */
  Parameters(
      GraphBuilder graph,
      Weights weights,
      Path config,
      String family,
      String prefix,
      String witness) {
    this.graph = graph;
    this.weights = weights;
    this.config = config;
    this.family = family;
    this.prefix = weights.has(prefix + witness) ? prefix : "";
    this.activations = DType.F32;
  }

  /** The same checkpoint's tensors that no prefix stands before: those of heads. */
  Parameters bare() {
    return new Parameters(graph, weights, config, family, "", "");
  }

  /** True if the checkpoint has this tensor. */
  boolean has(String name) {
    return weights.has(prefix + name);
  }

  /** A matrix, as it is stored: products take their second operand in any float type. */
  Value matrix(String name, Size rows, Size columns) {
    return constant(name, rows, columns);
  }

  /** Rows of the table {@code name} at {@code ids}, in the type of the activations. */
  Value rows(String name, Size rows, Size columns, Value ids) {
    // Casting what was gathered, not the table, keeps a half-precision table as small as it is.
    return graph.cast(graph.embedding(name, matrix(name, rows, columns), ids), activations);
  }

  /** A vector, in the type of the activations. */
  Value vector(String name, Size size) {
    return graph.cast(constant(name, size), activations);
  }

  /** {@code x @ weight^T + bias}, from the tensors {@code name.weight} and {@code name.bias}. */
  Value linear(String name, Value x, Size in, Size out) {
    return graph.linear(name, x, matrix(name + ".weight", out, in), vector(name + ".bias", out));
  }

  /** The same, with a bias or without. */
  Value linear(String name, Value x, Size in, Size out, boolean biased) {
    Value bias = biased ? vector(name + ".bias", out) : null;
    return graph.linear(name, x, matrix(name + ".weight", out, in), bias);
  }

  /** Extents of a tensor of the checkpoint. */
  Shape shape(String name) {
    return weights.info(prefix + name).shape();
  }

  /** {@code x @ weight + bias}: the weight as GPT-2's checkpoints store it, {@code [in, out]}. */
  Value transposed(String name, Value x, Size in, Size out) {
    Value weight = matrix(name + ".weight", in, out);
    return graph.add(name, MatMul.PLAIN, x, weight, vector(name + ".bias", out));
  }

  /** One product without a bias, whose columns are several results. */
  Value[] parts(String name, Value x, Size in, Size... outs) {
    int columns = Arrays.stream(outs).mapToInt(Size::value).sum();
    Size all = new Size("columns", outs[0].field(), columns);
    return split(linear(name, x, in, all, false), outs);
  }

  /** Columns of {@code x}, one part after another. */
  Value[] split(Value x, Size... outs) {
    Value[] parts = new Value[outs.length];
    int first = 0;
    for (int i = 0; i < outs.length; i++) {
      parts[i] = graph.slice(x, -1, Dim.of(first), Dim.of(outs[i].value()));
      first += outs[i].value();
    }
    return parts;
  }

  /**
   * Queries, keys and values from one matrix, whose rows are all queries', then all keys', then all
   * values'; or, {@code byHead}, as in {@link #interleaved}.
   */
  Value[] joint(String name, Value x, Size hidden, Size heads, boolean byHead) {
    return byHead
        ? interleaved(name, x, hidden, heads)
        : split(linear(name, x, hidden, hidden.times(3)), hidden, hidden, hidden);
  }

  /**
   * Queries, keys and values from one matrix whose rows are a head's query, key and value, then the
   * next head's: {@code [heads, 3, headDim]}.
   */
  private Value[] interleaved(String name, Value x, Size hidden, Size heads) {
    Size rows = hidden.times(3);
    Value weight = matrix(name + ".weight", rows, hidden);
    Value bias = vector(name + ".bias", rows);
    int headDim = hidden.value() / heads.value();
    Value byHead = graph.reshape(weight, heads.value(), 3, headDim, hidden.value());
    Value biasByHead = graph.reshape(bias, heads.value(), 3, headDim);
    Value[] parts = new Value[3];
    for (int i = 0; i < 3; i++) {
      Dim part = Dim.of(i);
      Value own = graph.slice(byHead, 1, part, Dim.ONE);
      Value ownBias = graph.slice(biasByHead, 1, part, Dim.ONE);
      parts[i] =
          graph.linear(
              name + "." + i,
              x,
              graph.reshape(own, hidden.value(), hidden.value()),
              graph.reshape(ownBias, hidden.value()));
    }
    return parts;
  }

  /**
   * The logits: products with the rows of a matrix of its own, or of the embeddings'. As in
   * transformers, a checkpoint that has a matrix of its own uses it, whatever its configuration
   * says.
   *
   * @param tied whether the configuration says that it is the embeddings'
   * @param own the matrix's name, which no prefix stands before
   */
  Value head(boolean tied, String own, String embeddings, Value x, Size in, Size vocabulary) {
    String name = tied && !weights.has(own) ? prefix + embeddings : own;
    return graph.linear("logits", x, named(name, vocabulary, in), null);
  }

  /** RMS norm with {@code name.weight}, to which {@code offset} is added. */
  Value rmsNorm(String name, Value x, Size size, double epsilon, double offset) {
    Value scale = vector(name + ".weight", size);
    if (offset != 0) {
      Value added = graph.constant(name + ".offset", HostTensor.scalar(DType.F32, offset));
      scale = graph.add(scale, added);
    }
    return graph.rmsNorm(name, x, scale, epsilon);
  }

  /**
   * Layer norm with {@code name.weight} and {@code name.bias}, or {@code gamma} and {@code beta}.
   */
  Value layerNorm(String name, Value x, Size size, double epsilon) {
    boolean old = has(name + ".gamma") && !has(name + ".weight");
    Value scale = vector(name + (old ? ".gamma" : ".weight"), size);
    Value bias = vector(name + (old ? ".beta" : ".bias"), size);
    return graph.layerNorm(name, x, scale, bias, epsilon);
  }

  private Value constant(String name, Size... expected) {
    return named(prefix + name, expected);
  }

  private Value named(String name, Size... expected) {
    TensorInfo info = weights.info(name);
    long[] extents = Arrays.stream(expected).mapToLong(Size::value).toArray();
    if (!info.shape().equals(Shape.of(extents))) {
      throw new ModelException(
          "%s: tensor \"%s\" is %s; %s expects %s. %s says %s."
              .formatted(
                  info.file(),
                  info.name(),
                  info.shape(),
                  family,
                  Arrays.toString(expected),
                  config.getFileName(),
                  Arrays.stream(expected)
                      .map(size -> size.field() + "=" + size.value())
                      .distinct()
                      .collect(Collectors.joining(", "))));
    }
    return graph.constant(name, weights.tensor(name));
  }
}
