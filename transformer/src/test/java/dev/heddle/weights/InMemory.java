package dev.heddle.weights;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

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
