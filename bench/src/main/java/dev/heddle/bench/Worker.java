package dev.heddle.bench;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The child process of a benchmark of embedding: loads one system and embeds what the parent sends,
 * again and again. {@link WorkerProcess} is its other end.
 */
public final class Worker {
  private int[][] ids = {};

  private Worker() {}

  /** {@code Worker SYSTEM MODEL THREADS BACKEND DEVICE DTYPE}; backend and device may be empty. */
  public static void main(String[] args) throws IOException {
    Child.serve(
        () ->
            Systems.named(EmbeddingSystemProvider.class, args[0])
                .open(Path.of(args[1]), ChildJvm.settings(args)),
        new Worker()::answer);
  }

  private void answer(EmbeddingSystem system, DataInputStream in, DataOutputStream out)
      throws IOException {
    if (in.read() == WorkerProcess.LOAD) {
      ids = Child.readIds(in);
    } else {
      time(system, in.readLong(), in.readInt(), out);
    }
  }

  /** Calls until {@code nanos} have passed, at least {@code least} times; answers each time. */
  private void time(EmbeddingSystem system, long nanos, int least, DataOutputStream out)
      throws IOException {
    long allocated = Child.allocated();
    long begin = System.nanoTime();
    float[][] vectors = {};
    int calls = 0;
    while (calls < least || System.nanoTime() - begin < nanos) {
      long start = System.nanoTime();
      vectors = system.embed(ids);
      out.writeLong(System.nanoTime() - start);
      calls++;
    }
    out.writeLong(-1);
    out.writeLong((Child.allocated() - allocated) / calls);
    out.writeInt(vectors.length);
    for (float[] vector : vectors) {
      out.writeInt(vector.length);
      for (float element : vector) {
        out.writeFloat(element);
      }
    }
  }
}
