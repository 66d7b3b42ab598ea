package dev.heddle.bench;

/** Knows one runtime that can be measured; found by {@link java.util.ServiceLoader}. */
public interface SystemProvider {
  /** The name that {@code --peers} takes. */
  String name();
}
