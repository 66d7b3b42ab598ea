package dev.heddle.weights;

import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model in GGUF, in one file or split into several: ggml's format, little-endian, versions 2 and
 * 3 (its {@code docs/gguf.md} is the specification).
 *
 * <p>A split model is opened by any of its parts; their names end in {@code -00002-of-00003.gguf}
 * and their metadata says the same. Refused are, besides what is no such file: lengths and counts
 * past the end, names twice, unknown types, an alignment that is no power of two, and tensors that
 * do not follow each other, each at the next aligned offset, within the file.
 *
 * <p>Shapes are row-major, the reverse of the file's {@code ne}. Tensors of types that no {@link
 * dev.heddle.tensor.DType} stands for have an {@link #info}; {@link #tensor} refuses them.
 */
public final class Gguf implements Weights {
  private static final String SPLIT_NO = "split.no";
  private static final String SPLIT_COUNT = "split.count";
  private static final String SPLIT_TENSORS = "split.tensors.count";
  private static final Pattern PART_NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

  private final List<Part> parts;
  private final TensorTable tensors;
  private final Map<String, Part> partOf = new HashMap<>();
  private final Map<String, Object> metadata;

  /** A mapped file and its header. */
  private record Part(MappedFile file, GgufHeader header) {
    static Part open(Path path) {
      MappedFile file = MappedFile.open(path);
      try {
        return new Part(file, GgufHeader.read(path, file.memory()));
      } catch (Throwable e) {
        file.close();
        throw e;
      }
    }

    Path path() {
      return file.path();
    }

    /** A whole number among the metadata, 0 or more; empty where the key is absent. */
    OptionalLong whole(String key) {
      GgufValue value = header.metadata().get(key);
      if (value == null) {
        return OptionalLong.empty();
      }
      if (value.value() instanceof Long whole && whole >= 0) {
        return OptionalLong.of(whole);
      }
      throw WeightFileException.at(
          path(),
          value.offset(),
          "metadata " + WeightFileException.quote(key),
          "is the %s %s; expected a whole number, 0 or more"
              .formatted(value.type(), value.value()));
    }

    void expect(String key, long expected) {
      OptionalLong found = whole(key);
      if (found.isEmpty() || found.getAsLong() != expected) {
        String value = found.isEmpty() ? "is missing" : "is " + found.getAsLong();
        throw WeightFileException.at(
            path(),
            found.isEmpty() ? 0 : header.metadata().get(key).offset(),
            "metadata " + WeightFileException.quote(key),
            value + "; expected %d in this part of a split model".formatted(expected));
      }
    }
  }

  private Gguf(List<Part> parts) {
    this.parts = List.copyOf(parts);
    List<TensorInfo> infos = new ArrayList<>();
    for (Part part : parts) {
      for (TensorInfo info : part.header().tensors()) {
        if (partOf.putIfAbsent(info.name(), part) != null) {
          throw WeightFileException.at(
              part.path(),
              info.offset(),
              "tensor " + WeightFileException.quote(info.name()),
              "is in %s already".formatted(partOf.get(info.name()).path().getFileName()));
        }
        infos.add(info);
      }
    }
    Path first = parts.getFirst().path();
    this.tensors = new TensorTable(first, infos);
    Map<String, Object> values = new LinkedHashMap<>();
    parts.getFirst().header().metadata().forEach((key, value) -> values.put(key, value.value()));
    this.metadata = Collections.unmodifiableMap(values);
  }

  /**
   * Maps {@code path}, and the other parts if it is one of several, and checks their headers.
   *
   * @throws WeightFileException if a file is missing or broken, or the parts do not fit together
   */
  public static Gguf open(Path path) {
    List<Part> parts = new ArrayList<>();
    try {
      Part given = Part.open(path);
      parts.add(given);
      long count = given.whole(SPLIT_COUNT).orElse(1);
      if (count > 1) {
        openOthers(given, count, parts);
      }
      return new Gguf(parts);
    } catch (Throwable e) {
      parts.forEach(part -> part.file().close());
      throw e;
    }
  }

  /** True for the second part of a split model and those after it, by the name. */
  public static boolean isLaterPart(Path path) {
    Matcher name = PART_NAME.matcher(path.getFileName().toString());
    return name.matches() && Integer.parseInt(name.group(2)) > 1;
  }

  /** Opens what is not {@code given} among the parts and brings all into their order. */
  private static void openOthers(Part given, long count, List<Part> parts) {
    Path path = given.path();
    Matcher name = PART_NAME.matcher(path.getFileName().toString());
    if (!name.matches() || Long.parseLong(name.group(3)) != count) {
      throw WeightFileException.at(
          path,
          given.header().metadata().get(SPLIT_COUNT).offset(),
          "metadata " + WeightFileException.quote(SPLIT_COUNT),
          "is %d; the names of split files end in -00001-of-%05d.gguf".formatted(count, count));
    }
    int givenNumber = Integer.parseInt(name.group(2));
    List<Part> ordered = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      Part part = given;
      if (number != givenNumber) {
        part =
            Part.open(
                path.resolveSibling(
                    "%s-%05d-of-%05d.gguf".formatted(name.group(1), number, count)));
        parts.add(part);
      }
      ordered.add(part);
      part.expect(SPLIT_NO, number - 1);
      part.expect(SPLIT_COUNT, count);
    }
    if (!ordered.contains(given)) {
      throw WeightFileException.of(
          path, "has the number %d in its name; there are %d".formatted(givenNumber, count));
    }
    parts.clear();
    parts.addAll(ordered);
    long total = parts.stream().mapToLong(part -> part.header().tensors().size()).sum();
    for (Part part : parts) {
      part.expect(SPLIT_TENSORS, total);
    }
  }

  /** The files, the first part first. */
  public List<Path> files() {
    return parts.stream().map(Part::path).toList();
  }

  /** The version of the format the first file is in, 2 or 3. */
  public int version() {
    return parts.getFirst().header().version();
  }

  /** The metadata of the first file with their types, in its order. */
  public Map<String, GgufValue> values() {
    return parts.getFirst().header().metadata();
  }

  /** A metadata value with its type, of the first file. */
  public Optional<GgufValue> value(String key) {
    return Optional.ofNullable(parts.getFirst().header().metadata().get(key));
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
    return partOf.get(name).file().tensor(info);
  }

  /** The metadata of the first file; arrays are {@link GgufArray}. */
  @Override
  public Map<String, Object> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    parts.forEach(part -> part.file().close());
  }
}
