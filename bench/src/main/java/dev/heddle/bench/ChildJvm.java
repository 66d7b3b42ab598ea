package dev.heddle.bench;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own with one system in it, spoken to through its standard streams. {@link Child} is
 * its other end.
 */
final class ChildJvm implements AutoCloseable {
  /** Lines of what it says that are kept. */
  private static final int SAID = 4;

  private final Entrant entrant;
  private final Process process;
  private final Thread listener;
  private final Deque<String> said = new ArrayDeque<>();
  private final DataInputStream in;
  private final DataOutputStream out;
  private final String version;
  private final String description;

  /** What a system said that it cannot do. */
  static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  /** What is asked. */
  interface Question {
    void write(DataOutputStream out) throws IOException;
  }

  /** What is answered. */
  interface Answer<T> {
    T read(DataInputStream in) throws IOException;
  }

  /**
   * Starts it, and waits until the system is ready.
   *
   * @param more arguments behind the system's name, the model and the settings
   * @throws RefusedException if the system says why it cannot
   * @throws UncheckedIOException if the process ends before it is ready
   */
  ChildJvm(Class<?> main, Entrant entrant, Path model, String... more) {
    this.entrant = entrant;
    Settings settings = entrant.settings();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags());
    command.add(main.getName());
    command.addAll(List.of(entrant.system(), model.toString()));
    command.add(Integer.toString(settings.threads()));
    command.add(Objects.requireNonNullElse(settings.backend(), ""));
    command.add(Objects.requireNonNullElse(settings.device(), ""));
    command.add(settings.dtype());
    command.addAll(List.of(more));
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      // Not among the arguments: ONNX Runtime 1.29 reads them and ends the process from 4 KiB on.
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      // What many native libraries take their number of threads from, before they can be asked.
      String threads = Integer.toString(settings.threads());
      builder.environment().put("OMP_NUM_THREADS", threads);
      // PoCL's, until version 4 and from 5 on.
      builder.environment().put("POCL_MAX_PTHREAD_COUNT", threads);
      builder.environment().put("POCL_CPU_MAX_CU_COUNT", threads);
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException("no process could be started for " + entrant, e);
    }
    listener = Thread.ofPlatform().daemon().start(this::listen);
    in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
    out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
    try {
      hear();
      version = in.readUTF();
      description = in.readUTF();
    } catch (IOException e) {
      throw failed(e);
    } catch (RefusedException e) {
      close();
      throw e;
    }
  }

  /** This JVM's own options of modules and access, so that the child computes alike. */
  private static List<String> flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("--"))
        .toList();
  }

  /** Where a child's own arguments begin: behind the system, the model and the settings. */
  static final int MORE = 6;

  /** The settings among a child's arguments. */
  static Settings settings(String[] args) {
    return new Settings(
        Integer.parseInt(args[2]),
        args[3].isEmpty() ? null : args[3],
        args[4].isEmpty() ? null : args[4],
        args[5]);
  }

  /** The system's version. */
  String version() {
    return version;
  }

  /** What the system says of itself. */
  String description() {
    return description;
  }

  /**
   * Lets the system do something.
   *
   * @throws RefusedException if the system says why it cannot
   * @throws UncheckedIOException if the process ends
   */
  <T> T ask(Question question, Answer<T> answer) {
    try {
      question.write(out);
      out.flush();
      hear();
      return answer.read(in);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** The system's refusal, if that is what comes next. */
  private void hear() throws IOException {
    if (!in.readBoolean()) {
      throw new RefusedException(in.readUTF());
    }
  }

  /** Keeps the last of what libraries print, which tells why where the process ends. */
  private void listen() {
    try (BufferedReader lines = process.errorReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (said) {
          said.add(line);
          if (said.size() > SAID) {
            said.remove();
          }
        }
      }
    } catch (IOException e) {
      // The process has ended.
    }
  }

  /** What to throw where the child cannot be heard; ends it. */
  private UncheckedIOException failed(IOException cause) {
    process.destroy();
    try {
      listener.join(Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    String last;
    synchronized (said) {
      last = said.isEmpty() ? "" : "; it said last: " + String.join(" ", said);
    }
    String why = cause instanceof EOFException ? "ended" + last : cause.getMessage();
    return new UncheckedIOException("the process of " + entrant + " " + why, cause);
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
