package dev.heddle.bench.peers;

import dev.heddle.bench.EmbeddingSystem;
import dev.heddle.bench.EmbeddingSystemProvider;
import dev.heddle.bench.Settings;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A BERT on PyTorch through DJL. No TorchScript of these models is published to Maven Central, so
 * the model is written in DJL's arrays, over the very weights of the ONNX file.
 */
public final class DjlProvider implements EmbeddingSystemProvider {
  /** For the service loader. */
  public DjlProvider() {}

  @Override
  public String name() {
    return Djl.NAME;
  }

  @Override
  public EmbeddingSystem open(Path model, Settings settings) {
    Path file = Files.isDirectory(model) ? model.resolve("model.onnx") : model;
    if (!Files.exists(file)) {
      throw new IllegalArgumentException(
          "djl takes a BERT's weights from an ONNX file; no " + file);
    }
    return new DjlBert(BertWeights.read(file), Djl.engine(settings.threads()), settings.threads());
  }
}
