package dev.heddle.task;

import dev.heddle.backend.BackendOptions;

/**
 * Where a task runs.
 *
 * @param backend a choice as {@link dev.heddle.backend.Backends} takes it; null for the one in
 *     force
 * @param backendOptions how the backend is opened, and the model loaded on it
 * @param batchTokens about how many tokens a run computes at once, which bounds its memory
 */
public record TaskOptions(String backend, BackendOptions backendOptions, int batchTokens) {
  /** The backend in force, 4,096 tokens a run. */
  public static final TaskOptions DEFAULT = new TaskOptions(null, BackendOptions.DEFAULT, 4096);

  public TaskOptions {
    if (batchTokens < 1) {
      throw new IllegalArgumentException("batch tokens: " + batchTokens + "; expected 1 or more");
    }
  }

  /** The same on another backend. */
  public TaskOptions withBackend(String choice, BackendOptions options) {
    return new TaskOptions(choice, options, batchTokens);
  }
}
