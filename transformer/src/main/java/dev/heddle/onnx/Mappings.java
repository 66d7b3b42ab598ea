package dev.heddle.onnx;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The files that a model is mapped from, all unmapped by {@link #close}. There is an arena only
 * once there is a file: to close one waits for every thread of the process.
 */
final class Mappings implements AutoCloseable {
  private Arena arena;

  /** All of {@code file}, read-only. */
  synchronized MemorySegment map(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (arena == null) {
        arena = Arena.ofShared();
      }
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /** Unmaps the files. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
  }
}
