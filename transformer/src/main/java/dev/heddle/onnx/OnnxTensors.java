package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads tensors as ONNX stores them ({@code TensorProto}): raw bytes, typed lists of numbers, or a
 * file beside. Sizes are held against what is there before anything is allocated.
 */
public final class OnnxTensors {
  private OnnxTensors() {}

  /**
   * Reads a file that holds one tensor, as the test data of the ONNX standard does.
   *
   * @return a tensor in a Java array; there is nothing to close
   * @throws OnnxException if the file is missing or broken, or of a type that is not supported
   */
  public static HostTensor read(Path file) {
    try {
      return of(file, TensorProto.parseFrom(Files.readAllBytes(file)), null);
    } catch (InvalidProtocolBufferException e) {
      throw OnnxException.malformed(file, "is no tensor in ONNX's format: " + e.getMessage(), e);
    } catch (IOException | OutOfMemoryError e) {
      throw OnnxException.malformed(file, "cannot be read: " + e, e);
    }
  }

  /** The tensor {@code proto} of {@code file}; a view of its bytes where that is possible. */
  static HostTensor of(Path file, TensorProto proto, ExternalData external) {
    return new Reader(file, proto).read(external);
  }

  private record Reader(Path file, TensorProto proto) {
    HostTensor read(ExternalData external) {
      DType dtype = OnnxTypes.dtype(proto.getDataType());
      if (dtype == null) {
        throw OnnxException.unsupported(
            file,
            "%s has element type %s, which is not supported; %s"
                .formatted(what(), OnnxTypes.name(proto.getDataType()), OnnxTypes.supported()));
      }
      if (proto.hasSegment()) {
        throw OnnxException.unsupported(file, what() + " is stored in segments; store it whole");
      }
      Shape shape = shape(dtype);
      if (proto.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
        if (external == null) {
          throw OnnxException.malformed(file, what() + " is stored in another file");
        }
        return normalised(
            dtype, shape, external.bytes(what(), proto, shape.elements() * dtype.bytes()));
      }
      return proto.hasRawData() ? raw(dtype, shape) : typed(dtype, shape);
    }

    private String what() {
      return "tensor " + OnnxException.quote(proto.getName());
    }

    private Shape shape(DType dtype) {
      long[] extents = proto.getDimsList().stream().mapToLong(Long::longValue).toArray();
      try {
        Shape shape = Shape.of(extents);
        Math.multiplyExact(shape.elements(), dtype.bytes());
        return shape;
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw OnnxException.malformed(
            file, "%s has extents %s".formatted(what(), proto.getDimsList()), e);
      }
    }

    private HostTensor raw(DType dtype, Shape shape) {
      ByteString bytes = proto.getRawData();
      long expected = shape.elements() * dtype.bytes();
      if (bytes.size() != expected) {
        throw OnnxException.malformed(
            file,
            "%s is %s %s, %d bytes; the file has %d of it"
                .formatted(what(), dtype, shape, expected, bytes.size()));
      }
      return normalised(dtype, shape, MemorySegment.ofBuffer(bytes.asReadOnlyByteBuffer()));
    }

    /** A tensor over {@code memory}, or over a copy in which every true is 1. */
    private static HostTensor normalised(DType dtype, Shape shape, MemorySegment memory) {
      if (dtype != DType.BOOL) {
        return HostTensor.wrap(dtype, shape, memory);
      }
      byte[] bytes = memory.toArray(ValueLayout.JAVA_BYTE);
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (bytes[i] == 0 ? 0 : 1);
      }
      return HostTensor.wrap(dtype, shape, MemorySegment.ofArray(bytes));
    }

    private HostTensor typed(DType dtype, Shape shape) {
      int given =
          switch (dtype) {
            case F32 -> proto.getFloatDataCount();
            case F64 -> proto.getDoubleDataCount();
            case I64 -> proto.getInt64DataCount();
            case BOOL, U8, I8, I16, I32, F16, BF16 -> proto.getInt32DataCount();
            default -> throw new IllegalArgumentException(dtype + " is no type of ONNX");
          };
      if (given != shape.elements()) {
        throw OnnxException.malformed(
            file,
            "%s is %s %s, %d elements; the file has %d of them"
                .formatted(what(), dtype, shape, shape.elements(), given));
      }
      HostTensor tensor = HostTensor.heap(dtype, shape);
      for (int i = 0; i < given; i++) {
        switch (dtype) {
          case F32 -> tensor.setDouble(i, proto.getFloatData(i));
          case F64 -> tensor.setDouble(i, proto.getDoubleData(i));
          case I64 -> tensor.setLong(i, proto.getInt64Data(i));
          case BOOL, U8, I8, I16, I32 -> tensor.setLong(i, proto.getInt32Data(i));
          case F16, BF16 ->
              tensor
                  .memory()
                  .setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) proto.getInt32Data(i));
          default -> throw new IllegalArgumentException(dtype + " is no type of ONNX");
        }
      }
      return tensor;
    }
  }
}
