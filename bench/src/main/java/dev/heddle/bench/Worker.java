package dev.heddle.bench;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ServiceLoader;

/**
 * The child process of a benchmark: loads one system and embeds what the parent sends, again and
 * again, until the parent closes the pipe. {@link WorkerProcess} is its other end.
 */
public final class Worker {
  private Worker() {}

  /** {@code Worker SYSTEM MODEL THREADS BACKEND DEVICE}; the last two may be empty. */
  public static void main(String[] args) throws IOException {
    PrintStream pipe = System.out;
    // What a library prints must not mix with the answers.
    System.setOut(System.err);
    try (DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(pipe));
        EmbeddingSystem system =
            provider(args[0]).open(Path.of(args[1]), ChildJvm.settings(args))) {
      out.writeUTF(system.description());
      out.flush();
      int[][] ids = {};
      // The parent's end of file is how it says that it is done.
      for (int command = in.read(); command >= 0; command = in.read()) {
        if (command == WorkerProcess.LOAD) {
          ids = readIds(in);
        } else {
          time(system, ids, in.readLong(), in.readInt(), out);
        }
        out.flush();
      }
    }
  }

  private static EmbeddingSystemProvider provider(String name) {
    return ServiceLoader.load(EmbeddingSystemProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no system is called " + name));
  }

  private static int[][] readIds(DataInputStream in) throws IOException {
    int[][] ids = new int[in.readInt()][];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = new int[in.readInt()];
      for (int j = 0; j < ids[i].length; j++) {
        ids[i][j] = in.readInt();
      }
    }
    return ids;
  }

  /** Calls until {@code nanos} have passed, at least {@code least} times; answers each time. */
  private static void time(
      EmbeddingSystem system, int[][] ids, long nanos, int least, DataOutputStream out)
      throws IOException {
    long begin = System.nanoTime();
    float[][] vectors = {};
    for (int calls = 0; calls < least || System.nanoTime() - begin < nanos; calls++) {
      long start = System.nanoTime();
      vectors = system.embed(ids);
      out.writeLong(System.nanoTime() - start);
    }
    out.writeLong(-1);
    out.writeInt(vectors.length);
    for (float[] vector : vectors) {
      out.writeInt(vector.length);
      for (float element : vector) {
        out.writeFloat(element);
      }
    }
  }
}
