package dev.heddle.bench.peers;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.heddle.bench.EmbeddingSystem;
import dev.heddle.bench.EmbeddingSystemProvider;
import dev.heddle.bench.Settings;
import java.nio.file.Files;
import java.nio.file.Path;

/** ONNX Runtime, with its documentation's settings for throughput on a CPU. */
public final class OnnxRuntimeProvider implements EmbeddingSystemProvider {
  static final String NAME = "onnxruntime";

  /** For the service loader. */
  public OnnxRuntimeProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public EmbeddingSystem open(Path model, Settings settings) {
    Path file = Files.isDirectory(model) ? model.resolve("model.onnx") : model;
    if (!Files.exists(file)) {
      throw new IllegalArgumentException("onnxruntime needs an ONNX file; there is no " + file);
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (SessionOptions options = options(settings.threads())) {
      OrtSession session = environment.createSession(file.toString(), options);
      return new OnnxRuntimeSystem(environment, session, settings.threads());
    } catch (OrtException e) {
      throw new IllegalArgumentException("onnxruntime cannot load " + file, e);
    }
  }

  /** What its documentation recommends on a CPU; the caller's to close. */
  static SessionOptions options(int threads) throws OrtException {
    SessionOptions options = new SessionOptions();
    options.setIntraOpNumThreads(threads);
    options.setInterOpNumThreads(1);
    options.setOptimizationLevel(OptLevel.ALL_OPT);
    return options;
  }
}
