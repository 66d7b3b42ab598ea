package dev.heddle.bench.peers;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import dev.heddle.bench.EmbeddingSystem;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * BERT (Devlin et al., 2018) in DJL's arrays, texts of one call padded to the longest; the mean of
 * each text's last hidden states, with length 1.
 */
final class DjlBert implements EmbeddingSystem {
  /** Of a head, in every model of this family. */
  private static final int HEADS = 12;

  private static final float EPSILON = 1e-12f;
  private static final float HIDDEN = -1e30f;

  private final Engine engine;
  private final int threads;
  private final NDManager manager;
  private final Map<String, NDArray> weights = new HashMap<>();
  private final int layers;

  DjlBert(BertWeights source, Engine engine, int threads) {
    this.engine = engine;
    this.threads = threads;
    manager = engine.newBaseManager();
    layers = source.layers();
    for (String table : new String[] {"word", "position", "token_type"}) {
      load(source, "embeddings." + table + "_embeddings.weight", false);
    }
    norm(source, "embeddings.LayerNorm");
    for (int i = 0; i < layers; i++) {
      String layer = "encoder.layer." + i + ".";
      for (String each :
          new String[] {
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "intermediate.dense",
            "output.dense"
          }) {
        load(source, layer + each + ".weight", true);
        load(source, layer + each + ".bias", false);
      }
      norm(source, layer + "attention.output.LayerNorm");
      norm(source, layer + "output.LayerNorm");
    }
  }

  private void norm(BertWeights source, String name) {
    load(source, name + ".weight", false);
    load(source, name + ".bias", false);
  }

  /** Linear layers lie there as PyTorch has them: {@code [out, in]}. */
  private void load(BertWeights source, String name, boolean transposed) {
    try (HostTensor tensor = source.get(name);
        HostTensor turned = transposed ? Layouts.transposed(tensor) : null) {
      weights.put(name, Djl.array(manager, transposed ? turned : tensor));
    }
  }

  @Override
  public String version() {
    return engine.getVersion();
  }

  @Override
  public String description() {
    return Djl.description(
        engine, threads, "BERT in DJL's arrays, padded to the longest text (no TorchScript)");
  }

  @Override
  public float[][] embed(int[][] ids) {
    try (NDManager call = manager.newSubManager()) {
      int longest = 0;
      for (int[] text : ids) {
        longest = Math.max(longest, text.length);
      }
      long[] tokens = new long[ids.length * longest];
      float[] real = new float[tokens.length];
      for (int i = 0; i < ids.length; i++) {
        for (int j = 0; j < ids[i].length; j++) {
          tokens[i * longest + j] = ids[i][j];
          real[i * longest + j] = 1;
        }
      }
      NDArray mask = call.create(real, new Shape(ids.length, longest));
      NDArray hidden = forward(call.create(tokens, new Shape(ids.length, longest)), mask);
      return vectors(hidden, mask, ids.length);
    }
  }

  /** {@code [batch, tokens, hidden]}. */
  private NDArray forward(NDArray ids, NDArray mask) {
    long batch = ids.getShape().get(0);
    long length = ids.getShape().get(1);
    NDManager call = ids.getManager();
    NDArray positions = call.arange((int) length).toType(ids.getDataType(), false);
    NDArray x =
        row("word", ids)
            .add(row("position", positions))
            .add(weights.get("embeddings.token_type_embeddings.weight").get(0));
    x = normal("embeddings.LayerNorm", x);
    NDArray hidden = mask.sub(1).mul(-HIDDEN).reshape(batch, 1, 1, length);
    for (int i = 0; i < layers; i++) {
      String layer = "encoder.layer." + i + ".";
      NDArray context = attention(layer + "attention.self.", x, hidden);
      x = x.add(linear(layer + "attention.output.dense", context));
      x = normal(layer + "attention.output.LayerNorm", x);
      NDArray inner = Activation.gelu(linear(layer + "intermediate.dense", x));
      x = normal(layer + "output.LayerNorm", x.add(linear(layer + "output.dense", inner)));
    }
    return x;
  }

  private NDArray row(String table, NDArray ids) {
    NDArray rows = weights.get("embeddings." + table + "_embeddings.weight");
    return Embedding.embedding(ids, rows, SparseFormat.DENSE).singletonOrThrow();
  }

  private NDArray attention(String name, NDArray x, NDArray hidden) {
    NDArray query = heads(linear(name + "query", x));
    NDArray key = heads(linear(name + "key", x));
    NDArray value = heads(linear(name + "value", x));
    double headDim = query.getShape().get(3);
    NDArray scores = query.matMul(key.swapAxes(2, 3)).mul(1 / Math.sqrt(headDim)).add(hidden);
    NDArray context = scores.softmax(-1).matMul(value);
    return context.swapAxes(1, 2).reshape(x.getShape());
  }

  /** {@code [batch, heads, tokens, headDim]}. */
  private static NDArray heads(NDArray x) {
    Shape shape = x.getShape();
    long headDim = shape.get(2) / HEADS;
    return x.reshape(shape.get(0), shape.get(1), HEADS, headDim).swapAxes(1, 2);
  }

  private NDArray linear(String name, NDArray x) {
    return Linear.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias"))
        .singletonOrThrow();
  }

  private NDArray normal(String name, NDArray x) {
    Shape row = new Shape(x.getShape().get(2));
    return LayerNorm.layerNorm(
            x, row, weights.get(name + ".weight"), weights.get(name + ".bias"), EPSILON)
        .singletonOrThrow();
  }

  /** The mean over real tokens, divided by its length. */
  private static float[][] vectors(NDArray hidden, NDArray mask, int texts) {
    NDArray sums = hidden.mul(mask.expandDims(2)).sum(new int[] {1});
    NDArray lengths = sums.square().sum(new int[] {1}, true).sqrt();
    float[] all = sums.div(lengths).toFloatArray();
    int width = all.length / texts;
    float[][] vectors = new float[texts][];
    for (int i = 0; i < texts; i++) {
      vectors[i] = Arrays.copyOfRange(all, i * width, (i + 1) * width);
    }
    return vectors;
  }

  @Override
  public void close() {
    manager.close();
  }
}
