package dev.heddle.weights;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings weights from one file format into another, tensor by tensor, whatever the architecture:
 * names stay, and of what a file says besides tensors all that the other has a place for.
 */
public final class Conversion {
  private static final String FILE_TYPE = "general.file_type";
  private static final String QUANTIZATION_VERSION = "general.quantization_version";

  /** ggml's blocks as they are now. */
  private static final int BLOCKS_VERSION = 2;

  /** Texts of metadata that are longer are not taken into a safetensors file. */
  private static final int LONGEST_TEXT = 1 << 16;

  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\..*");

  private Conversion() {}

  /**
   * A safetensors file: floats as F32, all else as it is.
   *
   * @throws WeightFileException if a tensor is of a type that cannot be read, or {@code out} is
   *     what is read
   */
  public static void toSafetensors(WeightFile in, Path out) {
    in.refuseOverwriting(out);
    List<TensorSource> tensors = new ArrayList<>();
    for (TensorInfo info : in.tensors()) {
      HostTensor tensor = in.weights().tensor(info.name());
      boolean whole = !tensor.dtype().isFloat() && !tensor.dtype().isQuantized();
      boolean asIs = whole || tensor.dtype() == DType.F32 || tensor.dtype() == DType.F64;
      tensors.add(
          asIs
              ? TensorSource.of(info.name(), tensor)
              : TensorRows.of(tensor).as(DType.F32, info.name(), info.file()));
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    in.metadata()
        .forEach((key, value) -> {
          String text = value.toString();
          if (!(value instanceof List<?>) && text.length() <= LONGEST_TEXT) {
            metadata.put(key, text);
          }
        });
    SafetensorsWriter.write(out, tensors, metadata);
  }

  /**
   * A GGUF file with the tensors of another under their names. From a GGUF file all metadata are
   * taken, from a safetensors file those of its header.
   *
   * @param quantization how to store floats; null for as they are, vectors in F32
   * @throws WeightFileException if a tensor is of a type that cannot be read or written, or {@code
   *     out} is what is read
   */
  public static void toGguf(WeightFile in, Path out, Quantization quantization) {
    in.refuseOverwriting(out);
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    if (in.weights() instanceof Gguf gguf) {
      metadata.putAll(gguf.values());
      metadata.keySet().removeIf(key -> key.startsWith("split."));
    } else {
      metadata.put("general.architecture", GgufValue.of("unknown"));
      in.metadata()
          .forEach((key, value) -> metadata.putIfAbsent(key, GgufValue.of(value.toString())));
    }
    int layers = layers(in.weights().names());
    List<TensorSource> tensors = new ArrayList<>();
    for (TensorInfo info : in.tensors()) {
      tensors.add(tensor(in.weights().tensor(info.name()), info, quantization, layers));
    }
    writeGguf(out, metadata, tensors, quantization);
  }

  /** Writes a GGUF file, whose metadata are told in which types its tensors are. */
  public static void writeGguf(
      Path out,
      Map<String, GgufValue> metadata,
      List<TensorSource> tensors,
      Quantization quantization) {
    Map<String, GgufValue> all = new LinkedHashMap<>(metadata);
    if (tensors.stream().anyMatch(tensor -> tensor.dtype().isQuantized())) {
      all.put(QUANTIZATION_VERSION, GgufValue.of(BLOCKS_VERSION));
    }
    if (quantization != null) {
      all.put(FILE_TYPE, GgufValue.of(quantization.fileType()));
    }
    GgufWriter.write(out, all, tensors);
  }

  private static TensorSource tensor(
      HostTensor tensor, TensorInfo info, Quantization quantization, int layers) {
    DType from = tensor.dtype();
    DType to = from;
    boolean converts = from.isQuantized() || from.isFloat() && from != DType.F64;
    if (quantization != null && converts) {
      to = quantization.type(info.name(), tensor.shape(), layers);
    } else if (from == DType.BOOL) {
      return TensorSource.of(
          info.name(), HostTensor.wrap(DType.I8, tensor.shape(), tensor.memory()));
    }
    return to == from
        ? TensorSource.of(info.name(), tensor)
        : TensorRows.of(tensor).as(to, info.name(), info.file());
  }

  /** The number of layers by the tensors' names: one more than the greatest number in them. */
  private static int layers(List<String> names) {
    return names.stream()
        .map(LAYER::matcher)
        .filter(Matcher::matches)
        .mapToInt(matcher -> Integer.parseInt(matcher.group(1)) + 1)
        .max()
        .orElse(0);
  }
}
