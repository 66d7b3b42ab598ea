package dev.heddle.bench;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

  /**
   * What came of a call.
   *
   * @param continuations of each text
   */
  record Answer(TextTiming timing, List<Continuation> continuations) {}

  /** Lets the system continue texts. */
  Answer generate(int[][] prompts, int newTokens) {
    return child.ask(
        out -> {
          Child.writeIds(out, prompts);
          out.writeInt(newTokens);
        },
        in -> {
          TextTiming timing =
              new TextTiming(in.readInt(), in.readLong(), in.readInt(), in.readLong());
          List<Continuation> continuations = new ArrayList<>();
          for (int i = 0; i < prompts.length; i++) {
            continuations.add(new Continuation(list(in, in::readInt), list(in, in::readUTF)));
          }
          return new Answer(timing, continuations);
        });
  }

  /** Reads one of a list. */
  private interface Element<T> {
    T read() throws IOException;
  }

  private static <T> List<T> list(DataInputStream in, Element<T> element) throws IOException {
    List<T> list = new ArrayList<>();
    for (int count = in.readInt(); count > 0; count--) {
      list.add(element.read());
    }
    return list;
  }

  @Override
  public void close() {
    child.close();
  }
}
