package dev.heddle.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes GGUF files by hand, right or wrong. */
public final class GgufBytes {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Nothing yet. */
  public GgufBytes() {}

  /** A file of version 3 that says it has so many tensors and metadata values. */
  public static GgufBytes header(long tensors, long metadata) {
    return new GgufBytes().raw("GGUF".getBytes(UTF_8)).u32(3).u64(tensors).u64(metadata);
  }

  /** A byte. */
  public GgufBytes u8(int value) {
    bytes.write(value);
    return this;
  }

  /** Four bytes. */
  public GgufBytes u32(int value) {
    return raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  /** Eight bytes. */
  public GgufBytes u64(long value) {
    return raw(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  /** Text behind its length. */
  public GgufBytes string(String text) {
    return string(text.getBytes(UTF_8));
  }

  /** Bytes behind their number. */
  public GgufBytes string(byte[] text) {
    return u64(text.length).raw(text);
  }

  /** Bytes as they are. */
  public GgufBytes raw(byte[] raw) {
    bytes.writeBytes(raw);
    return this;
  }

  /** A tensor's entry: extents innermost first. */
  public GgufBytes tensor(String name, int type, long offset, long... extents) {
    string(name).u32(extents.length);
    for (long extent : extents) {
      u64(extent);
    }
    return u32(type).u64(offset);
  }

  /** Zeros up to the next multiple of 32, then so many more. */
  public byte[] data(int zeros) {
    while (bytes.size() % 32 != 0) {
      u8(0);
    }
    return raw(new byte[zeros]).end();
  }

  /** The file. */
  public byte[] end() {
    return bytes.toByteArray();
  }
}
