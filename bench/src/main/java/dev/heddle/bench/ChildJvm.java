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

/** A JVM of its own with one system in it, spoken to through its standard streams. */
final class ChildJvm implements AutoCloseable {
  private final String system;
  private final Process process;
  private final DataInputStream in;
  private final DataOutputStream out;

  /**
   * Starts it.
   *
   * @param more arguments behind the system's name, the model, the threads, backend and device
   */
  ChildJvm(Class<?> main, String system, Path model, Settings settings, String... more) {
    this.system = system;
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(system, model.toString(), Integer.toString(settings.threads())));
    command.add(Objects.requireNonNullElse(settings.backend(), ""));
    command.add(Objects.requireNonNullElse(settings.device(), ""));
    command.addAll(List.of(more));
    try {
      process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new UncheckedIOException("no process could be started for " + system, e);
    }
    in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
    out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
  }

  /** This JVM's own options that choose modules and access, so that the child computes alike. */
  private static List<String> flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("--add-modules") || flag.startsWith("--enable-native"))
        .toList();
  }

  /** The settings among a child's arguments. */
  static Settings settings(String[] args) {
    return new Settings(
        Integer.parseInt(args[2]),
        args[3].isEmpty() ? null : args[3],
        args[4].isEmpty() ? null : args[4]);
  }

  /** What the child says. */
  DataInputStream in() {
    return in;
  }

  /** What the child hears. */
  DataOutputStream out() {
    return out;
  }

  /** What to throw where the child cannot be heard; ends it. */
  UncheckedIOException failed(IOException cause) {
    process.destroy();
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
