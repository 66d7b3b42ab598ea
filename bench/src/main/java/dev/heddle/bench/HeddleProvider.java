package dev.heddle.bench;

import dev.heddle.bench.result.Contender;
import dev.heddle.model.Pooling;
import dev.heddle.task.Embedder;
import java.nio.file.Path;

/** Heddle itself, on the backend in force. */
public final class HeddleProvider implements EmbeddingSystemProvider {
  /** For the service loader. */
  public HeddleProvider() {}

  @Override
  public String name() {
    return Contender.HEDDLE;
  }

  /** What embeds as every {@link EmbeddingSystem} does; {@code model} as {@code --model} has it. */
  public static Embedder embedder(String model, Settings settings) {
    settings.checkThreads();
    return Embedder.builder(model)
        .pooling(Pooling.MEAN)
        .normalise(true)
        .backend(settings.backend())
        .backendOptions(settings.backendOptions())
        .build();
  }

  @Override
  public EmbeddingSystem open(Path model, Settings settings) {
    Embedder embedder = embedder(model.toString(), settings);
    return new EmbeddingSystem() {
      @Override
      public String version() {
        return Systems.version();
      }

      @Override
      public String description() {
        return "Heddle, %s, %d threads, %s, numerics INVARIANT"
            .formatted(embedder.reason(), settings.threads(), settings.dtype());
      }

      @Override
      public float[][] embed(int[][] ids) {
        return embedder.embedIds(ids);
      }

      @Override
      public void close() {
        embedder.close();
      }
    };
  }
}
