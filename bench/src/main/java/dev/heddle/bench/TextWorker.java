package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The child process of a benchmark of generation: loads one system and continues what the parent
 * sends. {@link TextWorkerProcess} is its other end.
 */
public final class TextWorker {
  private TextWorker() {}

  /**
   * {@code TextWorker SYSTEM MODEL THREADS BACKEND DEVICE DTYPE ACTIVATIONS SEQUENCES TOKENS};
   * backend and device may be empty.
   */
  public static void main(String[] args) throws IOException {
    Child.serve(
        () ->
            Systems.named(TextSystemProvider.class, args[0]).open(Path.of(args[1]), settings(args)),
        TextWorker::answer);
  }

  private static TextSettings settings(String[] args) {
    return new TextSettings(
        ChildJvm.settings(args),
        Activations.valueOf(args[ChildJvm.MORE]),
        Integer.parseInt(args[ChildJvm.MORE + 1]),
        Integer.parseInt(args[ChildJvm.MORE + 2]));
  }

  private static void answer(TextSystem system, DataInputStream in, DataOutputStream out)
      throws IOException {
    int[][] prompts = Child.readIds(in);
    int newTokens = in.readInt();
    Arrivals arrivals = new Arrivals(prompts.length);
    TextTiming timing = arrivals.timing(system.generate(prompts, newTokens, arrivals));
    out.writeInt(timing.promptTokens());
    out.writeLong(timing.promptNanos());
    out.writeInt(timing.newTokens());
    out.writeLong(timing.newNanos());
    for (Continuation each : arrivals.continuations()) {
      out.writeInt(each.ids().size());
      for (int id : each.ids()) {
        out.writeInt(id);
      }
      out.writeInt(each.pieces().size());
      for (String piece : each.pieces()) {
        out.writeUTF(piece);
      }
    }
  }
}
