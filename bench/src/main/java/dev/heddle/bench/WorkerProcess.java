package dev.heddle.bench;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** The parent's end of one {@link Worker}: a system in a JVM of its own. */
final class WorkerProcess implements AutoCloseable {
  static final int LOAD = 1;
  static final int TIME = 2;

  private final String system;
  private final ChildJvm child;
  private final String description;

  /**
   * Starts the process and loads the model.
   *
   * @throws UncheckedIOException if the process ends before it is ready
   */
  WorkerProcess(String system, Path model, Settings settings) {
    this.system = system;
    this.child = new ChildJvm(Worker.class, system, model, settings);
    try {
      description = child.in().readUTF();
    } catch (IOException e) {
      throw child.failed(e);
    }
  }

  String system() {
    return system;
  }

  String description() {
    return description;
  }

  /** Sends the texts that the next calls embed. */
  void load(int[][] ids) {
    DataOutputStream out = child.out();
    try {
      out.write(LOAD);
      out.writeInt(ids.length);
      for (int[] text : ids) {
        out.writeInt(text.length);
        for (int id : text) {
          out.writeInt(id);
        }
      }
      out.flush();
    } catch (IOException e) {
      throw child.failed(e);
    }
  }

  /** Lets the worker call for {@code seconds}, at least {@code least} times; gives the vectors. */
  float[][] time(double seconds, int least, Timings timings) {
    DataOutputStream out = child.out();
    DataInputStream in = child.in();
    try {
      out.write(TIME);
      out.writeLong((long) (seconds * 1e9));
      out.writeInt(least);
      out.flush();
      for (long nanos = in.readLong(); nanos >= 0; nanos = in.readLong()) {
        timings.add(nanos);
      }
      float[][] vectors = new float[in.readInt()][];
      for (int i = 0; i < vectors.length; i++) {
        vectors[i] = new float[in.readInt()];
        for (int j = 0; j < vectors[i].length; j++) {
          vectors[i][j] = in.readFloat();
        }
      }
      return vectors;
    } catch (IOException e) {
      throw child.failed(e);
    }
  }

  @Override
  public void close() {
    child.close();
  }
}
