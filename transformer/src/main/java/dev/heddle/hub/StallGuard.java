package dev.heddle.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Closes a stream on which nothing came for too long, so that who reads it learns of it. */
final class StallGuard implements AutoCloseable {
  private final Thread watcher;
  private volatile long last = System.nanoTime();

  StallGuard(InputStream stream, Duration patience) {
    watcher =
        Thread.ofVirtual()
            .start(() -> {
              try {
                long left = patience.toNanos();
                while (left > 0) {
                  Thread.sleep(Duration.ofNanos(left));
                  left = patience.toNanos() - (System.nanoTime() - last);
                }
                stream.close();
              } catch (InterruptedException | IOException e) {
                // All came, or the stream is closed already.
              }
            });
  }

  /** Something came. */
  void alive() {
    last = System.nanoTime();
  }

  @Override
  public void close() {
    watcher.interrupt();
  }
}
