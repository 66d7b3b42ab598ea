package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A parsed model. Tensors of it are views of the mapped file, which lives until {@link #close}, or
 * of the bytes it was parsed from.
 *
 * @param path the file, or what stands for one in errors
 */
record OnnxFile(Path path, Mappings mappings, ModelProto model) implements AutoCloseable {
  /** Protocol buffers count bytes in an int; larger models keep their tensors in other files. */
  private static final long LARGEST = Integer.MAX_VALUE;

  static OnnxFile open(Path path) {
    Mappings mappings = new Mappings();
    try {
      ByteString bytes = UnsafeByteOperations.unsafeWrap(map(path, mappings).asByteBuffer());
      return new OnnxFile(path, mappings, parse(path, bytes));
    } catch (Throwable e) {
      mappings.close();
      throw e;
    }
  }

  /** A model whose file is {@code bytes}. */
  static OnnxFile of(byte[] bytes, Path source) {
    ByteString wrapped = UnsafeByteOperations.unsafeWrap(bytes);
    return new OnnxFile(source, new Mappings(), parse(source, wrapped));
  }

  private static MemorySegment map(Path path, Mappings mappings) {
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw OnnxException.malformed(path, "is no file; expected a model in ONNX's format");
    }
    try {
      long size = Files.size(path);
      if (size > LARGEST) {
        throw OnnxException.malformed(
            path,
            "has %d bytes; a model in ONNX's format has at most %d and keeps larger tensors beside"
                .formatted(size, LARGEST));
      }
      return mappings.map(path);
    } catch (NoSuchFileException e) {
      throw OnnxException.malformed(path, "there is no such file", e);
    } catch (IOException e) {
      throw OnnxException.malformed(path, "cannot be mapped: " + e, e);
    }
  }

  private static ModelProto parse(Path path, ByteString bytes) {
    try {
      CodedInputStream input = bytes.newCodedInput();
      // Tensors become views of the bytes instead of copies.
      input.enableAliasing(true);
      ModelProto model = ModelProto.parseFrom(input);
      input.checkLastTagWas(0);
      if (!model.hasGraph()) {
        throw OnnxException.malformed(path, "has no graph; expected a model in ONNX's format");
      }
      return model;
    } catch (InvalidProtocolBufferException e) {
      throw OnnxException.malformed(path, "is no model in ONNX's format: " + e.getMessage(), e);
    } catch (IOException e) {
      throw OnnxException.malformed(path, "cannot be read: " + e, e);
    }
  }

  @Override
  public void close() {
    mappings.close();
  }
}
