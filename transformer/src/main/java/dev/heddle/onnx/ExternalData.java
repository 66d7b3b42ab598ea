package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The files beside a model that hold its large tensors (<a
 * href="https://onnx.ai/onnx/repo-docs/ExternalData.html">ONNX external data</a>), mapped when
 * first asked for.
 *
 * <p>A name is relative to the model's folder and stays inside it: no absolute path, no {@code ..},
 * and no link to elsewhere. Where the model itself is a link, as in the cache of the Hugging Face
 * hub, the folder that it leads to counts as its own too.
 */
final class ExternalData {
  private final Path model;
  private final Mappings mappings;
  private final Map<String, MemorySegment> files = new HashMap<>();

  ExternalData(Path model, Mappings mappings) {
    this.model = model;
    this.mappings = mappings;
  }

  /** The {@code expected} bytes of {@code tensor}, which {@code what} names in errors. */
  MemorySegment bytes(String what, TensorProto tensor, long expected) {
    Map<String, String> entries = new HashMap<>();
    for (StringStringEntryProto entry : tensor.getExternalDataList()) {
      entries.put(entry.getKey(), entry.getValue());
    }
    String location = entries.get("location");
    if (location == null) {
      throw OnnxException.malformed(model, what + " is in another file, but it does not say where");
    }
    MemorySegment file = files.computeIfAbsent(location, name -> map(what, name));
    long offset = number(what, entries, "offset", 0);
    long length = number(what, entries, "length", expected);
    if (length != expected) {
      throw OnnxException.malformed(
          model, "%s has length %d; its type asks for %d bytes".formatted(what, length, expected));
    }
    if (offset > file.byteSize() || length > file.byteSize() - offset) {
      throw OnnxException.malformed(
          model,
          "%s takes %d bytes from byte %d of %s, which has %d"
              .formatted(what, length, offset, OnnxException.quote(location), file.byteSize()));
    }
    return file.asSlice(offset, length);
  }

  private long number(String what, Map<String, String> entries, String key, long otherwise) {
    String text = entries.get(key);
    if (text == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(text);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Falls through to the same error.
    }
    throw OnnxException.malformed(
        model, "%s has %s %s".formatted(what, key, OnnxException.quote(text)));
  }

  private MemorySegment map(String what, String location) {
    Path file = resolve(what, location);
    try {
      return mappings.map(file);
    } catch (IOException | RuntimeException e) {
      throw OnnxException.malformed(
          model, "%s is in %s, which cannot be mapped: %s".formatted(what, file, e), e);
    }
  }

  private Path resolve(String what, String location) {
    boolean plain = !location.isEmpty() && location.indexOf('\\') < 0 && location.indexOf(':') < 0;
    for (String part : location.split("/", -1)) {
      plain &= !part.isEmpty() && !part.equals("..");
    }
    if (!plain) {
      throw outside(what, location);
    }
    try {
      Path file = model.resolveSibling(location);
      Path real = file.toRealPath();
      Path folder = model.toAbsolutePath().getParent().toRealPath();
      if (!real.startsWith(folder) && !real.startsWith(model.toRealPath().getParent())) {
        throw outside(what, location);
      }
      if (!Files.isRegularFile(real)) {
        throw OnnxException.malformed(model, "%s is in %s, which is no file".formatted(what, file));
      }
      return real;
    } catch (InvalidPathException e) {
      throw outside(what, location);
    } catch (IOException e) {
      throw OnnxException.malformed(
          model,
          "%s is in %s, which is not there; put it beside the model"
              .formatted(what, OnnxException.quote(location)),
          e);
    }
  }

  private OnnxException outside(String what, String location) {
    return OnnxException.malformed(
        model,
        "%s is said to be in %s; expected the name of a file in the model's folder"
            .formatted(what, OnnxException.quote(location)));
  }
}
