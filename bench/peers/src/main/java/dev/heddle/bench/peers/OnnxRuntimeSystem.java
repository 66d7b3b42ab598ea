package dev.heddle.bench.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.heddle.bench.EmbeddingSystem;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.Map;

/** One ONNX Runtime session; texts of one call are padded to the longest, as it requires. */
final class OnnxRuntimeSystem implements EmbeddingSystem {
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final int threads;

  OnnxRuntimeSystem(OrtEnvironment environment, OrtSession session, int threads) {
    this.environment = environment;
    this.session = session;
    this.threads = threads;
  }

  @Override
  public String version() {
    return environment.getVersion();
  }

  @Override
  public String description() {
    return "ONNX Runtime %s, %d threads, all optimisations, padded to the longest text"
        .formatted(environment.getVersion(), threads);
  }

  @Override
  public float[][] embed(int[][] ids) {
    int longest = 0;
    for (int[] text : ids) {
      longest = Math.max(longest, text.length);
    }
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      long[] shape = {ids.length, longest};
      for (String name : session.getInputNames()) {
        inputs.put(name, OnnxTensor.createTensor(environment, input(name, ids, longest), shape));
      }
      try (OrtSession.Result result = session.run(inputs)) {
        OnnxTensor hidden = (OnnxTensor) result.get(0);
        return pool(hidden.getFloatBuffer(), ids, longest);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("onnxruntime failed", e);
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static LongBuffer input(String name, int[][] ids, int longest) {
    LongBuffer values =
        ByteBuffer.allocateDirect(ids.length * longest * Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .asLongBuffer();
    for (int i = 0; i < ids.length; i++) {
      for (int j = 0; j < ids[i].length; j++) {
        long value =
            switch (name) {
              case "input_ids" -> ids[i][j];
              case "attention_mask" -> 1;
              case "token_type_ids" -> 0;
              default -> throw new IllegalArgumentException("unknown model input " + name);
            };
        values.put(i * longest + j, value);
      }
    }
    return values;
  }

  /** Mean over each text's own tokens, divided by its length. */
  private static float[][] pool(FloatBuffer hidden, int[][] ids, int longest) {
    int width = hidden.remaining() / (ids.length * longest);
    float[][] vectors = new float[ids.length][width];
    float[] row = new float[width];
    for (int i = 0; i < ids.length; i++) {
      float[] vector = vectors[i];
      for (int j = 0; j < ids[i].length; j++) {
        hidden.get((i * longest + j) * width, row);
        for (int k = 0; k < width; k++) {
          vector[k] += row[k];
        }
      }
      double squares = 0;
      for (float element : vector) {
        squares += (double) element * element;
      }
      float scale = (float) (1 / Math.sqrt(squares));
      for (int k = 0; k < width; k++) {
        vector[k] *= scale;
      }
    }
    return vectors;
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("onnxruntime did not close", e);
    }
  }
}
