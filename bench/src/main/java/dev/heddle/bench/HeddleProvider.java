package dev.heddle.bench;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.model.Pooling;
import dev.heddle.task.Embedder;
import java.nio.file.Path;

/** Heddle itself, on the backend in force. */
public final class HeddleProvider implements EmbeddingSystemProvider {
  static final String NAME = "heddle";

  /** For the service loader. */
  public HeddleProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public EmbeddingSystem open(Path model, Settings settings) {
    Embedder embedder =
        Embedder.builder(model.toString())
            .pooling(Pooling.MEAN)
            .normalise(true)
            .backend(settings.backend())
            .backendOptions(
                BackendOptions.DEFAULT
                    .withModels(CompileOptions.DEFAULT)
                    .withThreads(settings.threads())
                    .withDevice(settings.device()))
            .build();
    return new EmbeddingSystem() {
      @Override
      public String description() {
        return "Heddle, "
            + embedder.reason()
            + ", "
            + settings.threads()
            + " threads, numerics INVARIANT";
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
