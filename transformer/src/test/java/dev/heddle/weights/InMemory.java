package dev.heddle.weights;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What opening a weight file reads of it, without the file: fuzzing asks for it by the million. */
public final class InMemory {
  private static final Path SOURCE = Path.of("memory");

  private InMemory() {}

  /** The tensors of a safetensors file. */
  public static List<TensorInfo> safetensors(byte[] file) {
    return SafetensorsHeader.read(SOURCE, MemorySegment.ofArray(file)).tensors();
  }

  /** The tensors of a GGUF file, all of whose metadata is looked at. */
  public static List<TensorInfo> gguf(byte[] file) {
    GgufHeader header = GgufHeader.read(SOURCE, MemorySegment.ofArray(file));
    header.metadata().values().forEach(value -> look(value.value()));
    return header.tensors();
  }

  /** The metadata of a GGUF file, as {@link Gguf#metadata} has them. */
  public static Map<String, Object> metadata(byte[] file) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    GgufHeader.read(SOURCE, MemorySegment.ofArray(file))
        .metadata()
        .forEach((key, value) -> metadata.put(key, value.value()));
    return metadata;
  }

  /** The tensors of a llama2.c checkpoint. */
  public static List<TensorInfo> llama2c(byte[] file) {
    return Llama2cHeader.read(SOURCE, MemorySegment.ofArray(file)).tensors(SOURCE, file.length);
  }

  /** The variables of a CTranslate2 file. */
  public static List<TensorInfo> ctranslate2(byte[] file) {
    return List.copyOf(
        Ctranslate2Header.read(SOURCE, MemorySegment.ofArray(file)).tensors().values());
  }

  private static void look(Object value) {
    if (value instanceof GgufArray array) {
      array.forEach(InMemory::look);
    }
  }

  /** An index of safetensors files, without the files. */
  public static void index(byte[] file) {
    ShardIndex index = ShardIndex.parse(SOURCE, file);
    index.weightMap().keySet().forEach(index::file);
  }
}
