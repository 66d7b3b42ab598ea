package dev.heddle.generate;

import java.time.Duration;
import java.util.Objects;

/**
 * What an {@link Engine} is asked for: a prompt's continuation.
 *
 * @param prompt its tokens
 * @param options how it is continued
 * @param priority requests of a higher one go first, and may take the place of running ones; 0 is
 *     usual
 * @param deadline how long it may take from the time it is handed in, its wait included: then it
 *     ends with what there is, {@link StopReason#DEADLINE}; null for no end
 * @param caller whose it is, compared by {@code equals}: among callers of one priority the engine
 *     is fair, however much one of them asks for; null for the thread that hands it in
 * @param cancellation what ends it; null for nothing
 */
public record GenerationRequest(
    int[] prompt,
    GenerationOptions options,
    int priority,
    Duration deadline,
    Object caller,
    Cancellation cancellation) {

  public GenerationRequest {
    prompt = prompt.clone();
    Objects.requireNonNull(options, "options");
  }

  /** A request of the usual priority, without a deadline. */
  public static GenerationRequest of(int[] prompt, GenerationOptions options) {
    return new GenerationRequest(prompt, options, 0, null, null, null);
  }

  /** The same with another priority. */
  public GenerationRequest withPriority(int value) {
    return new GenerationRequest(prompt, options, value, deadline, caller, cancellation);
  }

  /** The same with a deadline. */
  public GenerationRequest withDeadline(Duration value) {
    return new GenerationRequest(prompt, options, priority, value, caller, cancellation);
  }

  /** The same as another caller's. */
  public GenerationRequest withCaller(Object value) {
    return new GenerationRequest(prompt, options, priority, deadline, value, cancellation);
  }

  /** The same, ended by {@code value}. */
  public GenerationRequest withCancellation(Cancellation value) {
    return new GenerationRequest(prompt, options, priority, deadline, caller, value);
  }
}
