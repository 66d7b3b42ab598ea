package dev.heddle.bench;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The parent's end of one {@link Worker}: a system in a JVM of its own. */
final class WorkerProcess implements AutoCloseable {
  static final int LOAD = 1;
  static final int TIME = 2;

  private final String system;
  private final Process process;
  private final DataInputStream in;
  private final DataOutputStream out;
  private final String description;

  /**
   * Starts the process and loads the model.
   *
   * @throws UncheckedIOException if the process ends before it is ready
   */
  WorkerProcess(String system, Path model, Settings settings) {
    this.system = system;
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Worker.class.getName()));
    command.addAll(List.of(system, model.toString(), Integer.toString(settings.threads())));
    command.add(Objects.requireNonNullElse(settings.backend(), ""));
    command.add(Objects.requireNonNullElse(settings.device(), ""));
    try {
      process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
      in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
      out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
      description = in.readUTF();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** This JVM's own options that choose modules and access, so that the child computes alike. */
  private static List<String> flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("--add-modules") || flag.startsWith("--enable-native"))
        .toList();
  }

  String system() {
    return system;
  }

  String description() {
    return description;
  }

  /** Sends the texts that the next calls embed. */
  void load(int[][] ids) {
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
      throw failed(e);
    }
  }

  /** Lets the worker call for {@code seconds}, at least {@code least} times; gives the vectors. */
  float[][] time(double seconds, int least, Timings timings) {
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
      throw failed(e);
    }
  }

  private UncheckedIOException failed(IOException cause) {
    if (process != null) {
      process.destroy();
    }
    String why =
        cause instanceof EOFException ? "ended; what it said stands above" : cause.getMessage();
    return new UncheckedIOException("the process of system " + system + " " + why, cause);
  }

  @Override
  public void close() {
    try {
      out.close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
