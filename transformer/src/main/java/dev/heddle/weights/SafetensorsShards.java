package dev.heddle.weights;

import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model in several safetensors files and the index that says which tensor is where: {@code
 * model.safetensors.index.json}, an object with {@code weight_map}, tensor name to file name, and
 * {@code metadata}.
 *
 * <p>File names are relative to the index and stay inside its folder. Symbolic links are followed
 * wherever they lead: the hub's own cache is made of them.
 */
public final class SafetensorsShards implements Weights {
  private final Map<String, Safetensors> shardOf;
  private final List<Safetensors> shards;
  private final TensorTable tensors;
  private final Map<String, Object> metadata;

  private SafetensorsShards(ShardIndex index, Map<String, Safetensors> shards) {
    this.shards = List.copyOf(shards.values());
    this.shardOf = new HashMap<>();
    List<TensorInfo> infos = new ArrayList<>();
    shards.forEach((shardName, shard) -> {
      for (String tensor : shard.names()) {
        if (shardName.equals(index.weightMap().get(tensor))) {
          shardOf.put(tensor, shard);
          infos.add(shard.info(tensor));
        }
      }
    });
    this.tensors = new TensorTable(index.path(), infos);
    this.metadata = Collections.unmodifiableMap(index.metadata());
  }

  /**
   * Reads an index and maps every file it names.
   *
   * @throws WeightFileException if the index or a file is missing or broken, if a file name leads
   *     out of the folder, or if a file lacks a tensor that the index says it has
   */
  public static SafetensorsShards open(Path path) {
    ShardIndex index = ShardIndex.read(path);
    Map<String, Safetensors> shards = new LinkedHashMap<>();
    try {
      index
          .weightMap()
          .forEach((tensor, name) -> {
            Safetensors shard =
                shards.computeIfAbsent(name, ignored -> Safetensors.open(index.file(tensor)));
            if (!shard.has(tensor)) {
              throw WeightFileException.of(
                  path,
                  ShardIndex.field(tensor),
                  "is %s, which has no such tensor".formatted(WeightFileException.quote(name)));
            }
          });
      return new SafetensorsShards(index, shards);
    } catch (Throwable e) {
      shards.values().forEach(Safetensors::close);
      throw e;
    }
  }

  /** The files, in the order the index first names them. */
  public List<Path> files() {
    return shards.stream().map(Safetensors::path).toList();
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
    TensorInfo info = tensors.get(name);
    return shardOf.get(info.name()).tensor(name);
  }

  /** The index's {@code metadata}. */
  @Override
  public Map<String, Object> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    shards.forEach(Safetensors::close);
  }
}
