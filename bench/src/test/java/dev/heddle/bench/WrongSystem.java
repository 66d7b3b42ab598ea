package dev.heddle.bench;

import java.nio.file.Path;
import java.util.Arrays;

/** A system whose vectors are all the same; nobody takes it unasked. */
public final class WrongSystem implements EmbeddingSystemProvider {
  static final String NAME = "wrong";

  /** For {@link java.util.ServiceLoader}. */
  public WrongSystem() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public EmbeddingSystem open(Path model, Settings settings) {
    return new EmbeddingSystem() {
      @Override
      public String version() {
        return "1";
      }

      @Override
      public String description() {
        return "wrong";
      }

      @Override
      public float[][] embed(int[][] ids) {
        float[][] vectors = new float[ids.length][128];
        Arrays.stream(vectors).forEach(vector -> vector[0] = 1);
        return vectors;
      }

      @Override
      public void close() {}
    };
  }
}
