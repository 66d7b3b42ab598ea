package dev.heddle.bench;

import java.nio.file.Path;

/** A system that continues every text with the same; nobody takes it unasked. */
public final class WrongTextSystem implements TextSystemProvider {
  /** For {@link java.util.ServiceLoader}. */
  public WrongTextSystem() {}

  @Override
  public String name() {
    return WrongSystem.NAME;
  }

  @Override
  public TextSystem open(Path model, TextSettings settings) {
    return new TextSystem() {
      @Override
      public String version() {
        return "1";
      }

      @Override
      public String description() {
        return "wrong";
      }

      @Override
      public int generate(int[][] prompts, int newTokens, Arrivals arrivals) {
        for (int text = 0; text < prompts.length; text++) {
          for (int i = 0; i < newTokens; i++) {
            arrivals.token(text, "#");
          }
        }
        return prompts.length;
      }

      @Override
      public void close() {}
    };
  }
}
