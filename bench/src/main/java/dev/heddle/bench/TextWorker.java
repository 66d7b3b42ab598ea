package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ServiceLoader;

/**
 * The child process of a benchmark of generation: loads one system and continues what the parent
 * sends, until the parent closes the pipe. {@link TextWorkerProcess} is its other end.
 */
public final class TextWorker {
  private TextWorker() {}

  /**
   * {@code TextWorker SYSTEM MODEL THREADS BACKEND DEVICE ACTIVATIONS SEQUENCES TOKENS}; backend
   * and device may be empty.
   */
  public static void main(String[] args) throws IOException {
    PrintStream pipe = System.out;
    // What a library prints must not mix with the answers.
    System.setOut(System.err);
    try (DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(pipe))) {
      TextSystem system;
      try {
        system = provider(args[0]).open(Path.of(args[1]), settings(args));
      } catch (RuntimeException | LinkageError e) {
        refuse(out, e);
        return;
      }
      try (system) {
        out.writeBoolean(true);
        out.writeUTF(system.description());
        out.flush();
        serve(system, in, out);
      }
    }
  }

  private static TextSettings settings(String[] args) {
    return new TextSettings(
        ChildJvm.settings(args),
        Activations.valueOf(args[5]),
        Integer.parseInt(args[6]),
        Integer.parseInt(args[7]));
  }

  private static TextSystemProvider provider(String name) {
    return ServiceLoader.load(TextSystemProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no system is called " + name));
  }

  /** The parent's end of file is how it says that it is done. */
  private static void serve(TextSystem system, DataInputStream in, DataOutputStream out)
      throws IOException {
    for (int command = in.read(); command >= 0; command = in.read()) {
      int[][] prompts = new int[in.readInt()][];
      for (int i = 0; i < prompts.length; i++) {
        prompts[i] = new int[in.readInt()];
        for (int j = 0; j < prompts[i].length; j++) {
          prompts[i][j] = in.readInt();
        }
      }
      int newTokens = in.readInt();
      TextTiming timing;
      try {
        Arrivals arrivals = new Arrivals(prompts.length);
        timing = arrivals.timing(system.generate(prompts, newTokens, arrivals));
      } catch (RuntimeException e) {
        refuse(out, e);
        return;
      }
      out.writeBoolean(true);
      out.writeInt(timing.promptTokens());
      out.writeLong(timing.promptNanos());
      out.writeInt(timing.newTokens());
      out.writeLong(timing.newNanos());
      out.flush();
    }
  }

  private static void refuse(DataOutputStream out, Throwable e) throws IOException {
    out.writeBoolean(false);
    out.writeUTF(e.getMessage() == null ? e.toString() : e.getMessage());
    out.flush();
  }
}
