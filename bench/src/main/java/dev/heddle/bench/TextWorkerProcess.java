package dev.heddle.bench;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** The parent's end of one {@link TextWorker}: a system in a JVM of its own, which may abort. */
final class TextWorkerProcess implements AutoCloseable {
  private static final int GENERATE = 1;

  private final ChildJvm child;
  private final String description;

  /** What a system said that it cannot do. */
  static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  /**
   * Starts the process and loads the model.
   *
   * @throws RefusedException if the system says why it cannot
   * @throws UncheckedIOException if the process ends before it is ready
   */
  TextWorkerProcess(String system, Path model, TextSettings settings) {
    child =
        new ChildJvm(
            TextWorker.class,
            system,
            model,
            settings.machine(),
            settings.activations().name(),
            Integer.toString(settings.sequences()),
            Integer.toString(settings.tokens()));
    try {
      hear();
      description = child.in().readUTF();
    } catch (IOException e) {
      throw child.failed(e);
    } catch (RefusedException e) {
      child.close();
      throw e;
    }
  }

  String description() {
    return description;
  }

  /** The system's refusal, if that is what comes next. */
  private void hear() throws IOException {
    if (!child.in().readBoolean()) {
      throw new RefusedException(child.in().readUTF());
    }
  }

  /**
   * Lets the system continue texts.
   *
   * @throws RefusedException if the system says why it cannot
   * @throws UncheckedIOException if the process ends
   */
  TextTiming generate(int[][] prompts, int newTokens) {
    DataOutputStream out = child.out();
    try {
      out.write(GENERATE);
      out.writeInt(prompts.length);
      for (int[] prompt : prompts) {
        out.writeInt(prompt.length);
        for (int id : prompt) {
          out.writeInt(id);
        }
      }
      out.writeInt(newTokens);
      out.flush();
      hear();
      return new TextTiming(
          child.in().readInt(), child.in().readLong(), child.in().readInt(), child.in().readLong());
    } catch (IOException e) {
      throw child.failed(e);
    }
  }

  @Override
  public void close() {
    child.close();
  }
}
