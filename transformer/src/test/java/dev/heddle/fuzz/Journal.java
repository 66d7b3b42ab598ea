package dev.heddle.fuzz;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that holds the input that is being read just now, and outlives the process: what a crash
 * or an endless loop was due to. Its first four bytes are the input's length, in the machine's
 * order.
 */
final class Journal implements AutoCloseable {
  private static final int MOST = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  Journal(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      memory = channel.map(MapMode.READ_WRITE, 0, Integer.BYTES + MOST, arena);
    }
  }

  void write(byte[] input) {
    memory.set(ValueLayout.JAVA_INT, 0, input.length);
    MemorySegment.copy(input, 0, memory, ValueLayout.JAVA_BYTE, Integer.BYTES, input.length);
  }

  @Override
  public void close() {
    arena.close();
  }
}
