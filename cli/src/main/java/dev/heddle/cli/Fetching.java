package dev.heddle.cli;

import dev.heddle.weights.MavenModels;
import java.lang.System.Logger.Level;

/** A bar for each step of fetching. */
final class Fetching implements MavenModels.Progress, AutoCloseable {
  private String step;
  private Progress bar;

  @Override
  public void update(String doing, long bytes, long total) {
    if (!doing.equals(step)) {
      close();
      step = doing;
      if (!Terminal.showsProgress()) {
        System.getLogger("dev.heddle.cli").log(Level.INFO, doing);
      }
      bar = Progress.ofBytes(doing, total);
    }
    bar.to(bytes);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
