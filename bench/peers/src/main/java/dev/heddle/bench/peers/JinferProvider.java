package dev.heddle.bench.peers;

import dev.heddle.bench.TextSettings;
import dev.heddle.bench.TextSystem;
import dev.heddle.bench.TextSystemProvider;
import java.nio.file.Path;

/** jinfer, of which no artifact could be had when this was written: its row says so. */
public final class JinferProvider implements TextSystemProvider {
  /** For the service loader. */
  public JinferProvider() {}

  @Override
  public String name() {
    return "jinfer";
  }

  @Override
  public TextSystem open(Path model, TextSettings settings) {
    throw new UnsupportedOperationException(
        "com.qxotic:jinfer-llama could not be had from the Maven repository");
  }
}
