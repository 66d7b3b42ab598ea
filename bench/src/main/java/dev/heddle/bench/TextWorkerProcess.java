package dev.heddle.bench;

import java.nio.file.Path;

/** The parent's end of one {@link TextWorker}. */
final class TextWorkerProcess implements AutoCloseable {
  private final ChildJvm child;

  /** Starts the process and loads the model; throws as {@link ChildJvm} does. */
  TextWorkerProcess(Entrant entrant, Path model, TextSettings settings) {
    child =
        new ChildJvm(
            TextWorker.class,
            entrant,
            model,
            settings.activations().name(),
            Integer.toString(settings.sequences()),
            Integer.toString(settings.tokens()));
  }

  ChildJvm child() {
    return child;
  }

  /** Lets the system continue texts. */
  TextTiming generate(int[][] prompts, int newTokens) {
    return child.ask(
        out -> {
          Child.writeIds(out, prompts);
          out.writeInt(newTokens);
        },
        in -> new TextTiming(in.readInt(), in.readLong(), in.readInt(), in.readLong()));
  }

  @Override
  public void close() {
    child.close();
  }
}
