package dev.heddle.bench;

import java.nio.file.Path;

/** The parent's end of one {@link Worker}. */
final class WorkerProcess implements AutoCloseable {
  static final int LOAD = 1;
  static final int TIME = 2;

  private final ChildJvm child;

  /** Starts the process and loads the model; throws as {@link ChildJvm} does. */
  WorkerProcess(Entrant entrant, Path model) {
    child = new ChildJvm(Worker.class, entrant, model);
  }

  ChildJvm child() {
    return child;
  }

  /** Sends the texts that the next calls embed. */
  void load(int[][] ids) {
    child.ask(
        out -> {
          out.write(LOAD);
          Child.writeIds(out, ids);
        },
        in -> null);
  }

  /** Lets the worker call for {@code seconds}, at least {@code least} times; gives the vectors. */
  float[][] time(double seconds, int least, Timings timings) {
    return child.ask(
        out -> {
          out.write(TIME);
          out.writeLong((long) (seconds * 1e9));
          out.writeInt(least);
        },
        in -> {
          for (long nanos = in.readLong(); nanos >= 0; nanos = in.readLong()) {
            timings.add(nanos * 1e-9);
          }
          timings.allocated(in.readLong());
          float[][] vectors = new float[in.readInt()][];
          for (int i = 0; i < vectors.length; i++) {
            vectors[i] = new float[in.readInt()];
            for (int j = 0; j < vectors[i].length; j++) {
              vectors[i][j] = in.readFloat();
            }
          }
          return vectors;
        });
  }

  @Override
  public void close() {
    child.close();
  }
}
