package dev.heddle.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One line of the result of a benchmark of generation: medians over its rounds.
 *
 * @param workload {@code generate}, with {@code +busy} where another process kept a core busy
 * @param batch texts at a time
 * @param promptTokens tokens of each prompt
 * @param newTokens tokens put behind each
 * @param threads threads that computed
 * @param system the runtime's name
 * @param description what the runtime says of itself, its arithmetic above all; null where it did
 *     not start
 * @param promptTokensPerSecond of all prompts, until each text had its first token
 * @param newTokensPerSecond of all texts, after that
 * @param weightBytes bytes of the model's weights, which each step reads once
 * @param streamBytesPerSecond what the machine reads in one stream, measured between the rounds
 * @param streamShare the share of that which one text's steps reach; 0 for several texts
 * @param failure why there are no times; else null
 */
record TextRow(
    String workload,
    int batch,
    @JsonProperty("prompt_tokens") int promptTokens,
    @JsonProperty("new_tokens") int newTokens,
    int threads,
    String system,
    String description,
    @JsonProperty("prompt_tokens_per_second") double promptTokensPerSecond,
    @JsonProperty("new_tokens_per_second") double newTokensPerSecond,
    @JsonProperty("weight_bytes") long weightBytes,
    @JsonProperty("stream_bytes_per_second") double streamBytesPerSecond,
    @JsonProperty("stream_share") double streamShare,
    String failure) {

  /**
   * What came of a system.
   *
   * @param timings of its rounds; none where it failed
   * @param stream bytes a second
   */
  static TextRow of(
      String workload,
      TextSettings settings,
      int promptTokens,
      String system,
      String description,
      List<TextTiming> timings,
      long weightBytes,
      double stream,
      String failure) {
    double decode = median(timings, TextTiming::newTokensPerSecond);
    return new TextRow(
        workload,
        settings.sequences(),
        promptTokens,
        settings.tokens() - promptTokens,
        settings.machine().threads(),
        system,
        description,
        round(median(timings, TextTiming::promptTokensPerSecond)),
        round(decode),
        weightBytes,
        Math.round(stream),
        settings.sequences() == 1 ? round(decode * weightBytes / stream) : 0,
        failure);
  }

  private static double median(List<TextTiming> timings, ToDoubleFunction<TextTiming> speed) {
    return median(timings.stream().mapToDouble(speed).toArray());
  }

  /** The middle one, or the mean of the two; 0 of none. */
  static double median(double[] numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n == 0 ? 0 : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  private static double round(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
