package dev.heddle.model;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.weights.Gguf;
import dev.heddle.weights.TensorInfo;
import dev.heddle.weights.WeightFileException;
import dev.heddle.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A GGUF file's tensors under the names that transformers' checkpoints have: views of the file. An
 * {@link TensorInfo} has the file's own name.
 */
final class GgufWeights implements Weights {
  private static final Set<DType> RUN = run();

  /** All experts' matrices of a kind in one tensor, {@code [experts, out, in]}. */
  private static final Pattern EXPERTS =
      Pattern.compile("blk\\.(\\d{1,6})\\.ffn_(gate|up|down)_exps\\.weight");

  private final Gguf gguf;
  private final GgufNames names;
  private final Map<String, Part> parts = new LinkedHashMap<>();

  private static Set<DType> run() {
    Set<DType> types = EnumSet.of(DType.F32, DType.F16, DType.BF16);
    types.addAll(DType.quantized());
    return types;
  }

  /** Part {@code index} of {@code count} equal ones that a tensor has; it is {@code info}. */
  private record Part(String tensor, int index, int count, TensorInfo info) {}

  /**
   * The tensors of {@code gguf}, which is closed with this.
   *
   * @throws UnsupportedModelException if one is of a type that is not supported
   */
  GgufWeights(Gguf gguf, String architecture) {
    this.gguf = gguf;
    this.names = GgufNames.of(architecture);
    for (String name : gguf.names()) {
      TensorInfo info = gguf.info(name);
      if (!info.type().dtype().map(RUN::contains).orElse(false)) {
        throw new UnsupportedModelException(
            "%s: tensor \"%s\" is %s; a model's tensors can be %s"
                .formatted(info.file(), name, info.type().label(), RUN));
      }
      Matcher experts = EXPERTS.matcher(name);
      if (experts.matches() && info.shape().rank() == 3 && info.bytes() > 0) {
        int count = Math.toIntExact(info.shape().dim(0));
        for (int i = 0; i < count; i++) {
          int layer = Integer.parseInt(experts.group(1));
          put(names.expert(layer, experts.group(2), i), new Part(name, i, count, part(info, i)));
        }
      } else {
        put(names.checkpoint(name), new Part(name, 0, 1, info));
      }
    }
  }

  private void put(String name, Part part) {
    Part other = parts.putIfAbsent(name, part);
    if (other != null) {
      throw WeightFileException.of(
          part.info.file(),
          "tensor \"" + part.tensor + "\"",
          "holds the same as \"%s\"; expected one of the two".formatted(other.tensor));
    }
  }

  private static TensorInfo part(TensorInfo info, int index) {
    long[] extents = info.shape().toArray();
    long bytes = info.bytes() / extents[0];
    return new TensorInfo(
        info.name(),
        info.type(),
        Shape.of(Arrays.copyOfRange(extents, 1, extents.length)),
        info.file(),
        info.offset() + index * bytes,
        bytes);
  }

  @Override
  public List<String> names() {
    return List.copyOf(parts.keySet());
  }

  @Override
  public boolean has(String name) {
    return parts.containsKey(name);
  }

  @Override
  public TensorInfo info(String name) {
    return part(name).info;
  }

  private Part part(String name) {
    Part part = parts.get(name);
    if (part == null) {
      throw WeightFileException.of(
          gguf.files().getFirst(),
          "tensor \"" + names.gguf(name) + "\"",
          "is missing; there are %d others, the first \"%s\""
              .formatted(gguf.names().size(), gguf.names().stream().findFirst().orElse("")));
    }
    return part;
  }

  @Override
  public HostTensor tensor(String name) {
    Part part = part(name);
    HostTensor whole = gguf.tensor(part.tensor);
    if (part.count == 1 && whole.shape().equals(part.info.shape())) {
      return whole;
    }
    long bytes = part.info.bytes();
    MemorySegment memory = whole.memory().asSlice(part.index * bytes, bytes);
    return HostTensor.wrap(whole.dtype(), part.info.shape(), memory);
  }

  @Override
  public Map<String, Object> metadata() {
    return gguf.metadata();
  }

  @Override
  public void close() {
    gguf.close();
  }
}
