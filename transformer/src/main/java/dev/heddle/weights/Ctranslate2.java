package dev.heddle.weights;

import dev.heddle.tensor.HostTensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Transformer in CTranslate2's format, {@code model.bin}, of its first two versions: variables
 * one after another, little-endian, in float32, int16 or int8.
 *
 * <p>Tensors have the second version's names, {@code
 * encoder/layer_0/self_attention/linear_0/weight}, in files of the first too, and are given in
 * float32: {@code x / scale}, with a scale for each row of an int8 matrix and one for an int16
 * matrix, 1000 where the file has none. Scales are no tensors here. {@link #metadata()} has {@code
 * version} and {@code specification}, which the first version does not state.
 */
public final class Ctranslate2 implements Weights {
  /** What int16 matrices are multiplied by where nothing is said. */
  private static final float USUAL_SCALE = 1000;

  private static final String SCALE = "_scale";

  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MappedFile file;
  private final Map<String, TensorInfo> all;
  private final TensorTable tensors;
  private final Map<String, Object> metadata = new LinkedHashMap<>();

  private Ctranslate2(MappedFile file) {
    this.file = file;
    Ctranslate2Header header = Ctranslate2Header.read(file.path(), file.memory());
    this.all = header.tensors();
    this.tensors =
        new TensorTable(
            file.path(),
            all.values().stream().filter(tensor -> !tensor.name().endsWith(SCALE)).toList());
    metadata.put("version", (long) header.version());
    if (header.specification() != null) {
      metadata.put("specification", header.specification());
    }
    tensors.names().stream().map(tensors::get).forEach(this::checkScale);
  }

  /**
   * Maps {@code path} and checks its table.
   *
   * @throws WeightFileException if it is missing or broken, or of another version
   */
  public static Ctranslate2 open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new Ctranslate2(file);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  /**
   * Whether a file begins as one of this format: with the number of a small version, and a name. A
   * checkpoint of llama2.c, which begins with numbers alone, does not.
   */
  public static boolean begins(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream stream = Files.newInputStream(file)) {
      byte[] first = stream.readNBytes(12);
      if (first.length < 12 || first[0] < 1 || first[0] > Ctranslate2Header.LATEST) {
        return false;
      }
      // The first version counts its variables before it names one.
      int letters = first[0] == 1 ? 10 : 6;
      return (first[1] | first[2] | first[3]) == 0
          && Character.isLetter(first[letters])
          && Character.isLetter(first[letters + 1]);
    } catch (IOException e) {
      return false;
    }
  }

  private void checkScale(TensorInfo tensor) {
    TensorInfo scale = all.get(tensor.name() + SCALE);
    boolean fits =
        switch ((SafetensorsType) tensor.type()) {
          case F32 -> true;
          case I16 -> scale == null || scale.shape().elements() == 1;
          default ->
              scale != null
                  && tensor.shape().rank() > 0
                  && scale.shape().elements() == tensor.shape().dim(0);
        };
    if (!fits || scale != null && scale.type() != SafetensorsType.F32) {
      throw WeightFileException.of(
          file.path(),
          "tensor " + WeightFileException.quote(tensor.name()),
          "is %s %s with %s; expected float32 scales, one for int16, one a row for int8"
              .formatted(
                  tensor.type().label(),
                  tensor.shape(),
                  scale == null ? "no scales" : "the scales " + scale));
    }
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

  /** A copy of a tensor in float32. */
  @Override
  public HostTensor tensor(String name) {
    TensorInfo info = tensors.get(name);
    MemorySegment bytes = file.memory().asSlice(info.offset(), info.bytes());
    float[] values = new float[Math.toIntExact(info.shape().elements())];
    SafetensorsType type = (SafetensorsType) info.type();
    float[] scales = type == SafetensorsType.F32 ? null : scales(name);
    int row = scales == null || values.length == 0 ? 1 : values.length / scales.length;
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case F32 -> bytes.getAtIndex(F32, i);
            case I16 -> bytes.getAtIndex(I16, i) / scales[0];
            default -> bytes.get(ValueLayout.JAVA_BYTE, i) / scales[i / row];
          };
    }
    return HostTensor.of(values, info.shape().toArray());
  }

  private float[] scales(String name) {
    TensorInfo info = all.get(name + SCALE);
    return info == null
        ? new float[] {USUAL_SCALE}
        : file.memory().asSlice(info.offset(), info.bytes()).toArray(F32);
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
