package dev.heddle.bench;

/** A runtime that is ready to be timed. */
public interface LoadedSystem extends AutoCloseable {
  /** Of the runtime: {@code 1.29.0}. */
  String version();

  /** Name, version and settings, the arithmetic above all, for the report. */
  String description();

  @Override
  void close();
}
