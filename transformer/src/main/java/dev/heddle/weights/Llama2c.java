package dev.heddle.weights;

import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * A LLaMA in the format of llama2.c ({@code export.py}, version 0): seven numbers, then all weights
 * in float32, little-endian.
 *
 * <p>Tensors have Hugging Face's names, {@code model.layers.0.self_attn.q_proj.weight}. Queries and
 * keys are as Meta has them: the rotation turns neighbours, elements 2i and 2i + 1 of a head, not
 * elements half a head apart as in Hugging Face's files. {@link #metadata()} has the numbers under
 * the names of {@code config.json}. The file's tables of cosines and sines are passed over.
 */
public final class Llama2c implements Weights {
  private final MappedFile file;
  private final TensorTable tensors;
  private final Map<String, Object> metadata;

  private Llama2c(MappedFile file) {
    this.file = file;
    Llama2cHeader header = Llama2cHeader.read(file.path(), file.memory());
    this.tensors =
        new TensorTable(file.path(), header.tensors(file.path(), file.memory().byteSize()));
    this.metadata = Collections.unmodifiableMap(header.config());
  }

  /**
   * Maps {@code path} and checks its header.
   *
   * @throws WeightFileException if it is missing or broken, or of another format
   */
  public static Llama2c open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new Llama2c(file);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  /** The file. */
  public Path path() {
    return file.path();
  }

  @Override
  public List<String> names() {
    return tensors.names();
  }

  @Override
  public boolean has(String name) {
    return tensors.has(name);
  }

  @Override
  public TensorInfo info(String name) {
    return tensors.get(name);
  }

  @Override
  public HostTensor tensor(String name) {
    return file.tensor(tensors.get(name));
  }

  @Override
  public Map<String, Object> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    file.close();
  }
}
