package dev.heddle.generate;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.function.Function;

/** One sequence of a {@link SampledContinuation}. */
final class Continued {
  final TokenSequence tokens;
  private final TextStream stream;
  private final Function<int[], String> decoder;
  private final StringBuilder text = new StringBuilder();
  private double[] logProbabilities;
  private StopReason stopped;

  /**
   * A sequence.
   *
   * @param stream its text as it comes, or null where that ends nothing
   * @param decoder its text at the end, or null where the model has no tokenizer
   */
  Continued(
      TokenSequence tokens,
      TextStream stream,
      Function<int[], String> decoder,
      boolean logProbabilities) {
    this.tokens = tokens;
    this.stream = stream;
    this.decoder = decoder;
    this.logProbabilities = logProbabilities ? new double[16] : null;
  }

  boolean hasEnded() {
    return stopped != null;
  }

  boolean wantsLogProbability() {
    return logProbabilities != null;
  }

  void logProbability(double value) {
    int step = tokens.generated();
    if (step == logProbabilities.length) {
      logProbabilities = Arrays.copyOf(logProbabilities, 2 * step);
    }
    logProbabilities[step] = value;
  }

  /**
   * Appends a token.
   *
   * @param reason why the sequence ends with it, or null
   * @return the text that can be shown now, or null where nobody looks at it here
   */
  String add(int id, StopReason reason) {
    tokens.add(id);
    stopped = reason;
    if (stream == null) {
      return null;
    }
    String shown = stream.add(id);
    if (stream.stopped() && stopped != StopReason.EOS) {
      stopped = StopReason.STOP_STRING;
    }
    if (stopped != null) {
      shown += stream.finish();
    }
    text.append(shown);
    return shown;
  }

  void stop(StopReason reason) {
    if (stopped == null) {
      stopped = reason;
      if (stream != null) {
        text.append(stream.finish());
      }
    }
  }

  /** The first {@code count} tokens; fewer than there are if nobody has seen the others. */
  GeneratedSequence result(int count) {
    int[] ids = tokens.generatedIds();
    boolean whole = count >= ids.length;
    int[] shown = whole ? ids : Arrays.copyOf(ids, count);
    return new GeneratedSequence(
        shown,
        text(shown, whole),
        OptionalDouble.empty(),
        logProbabilities == null ? null : Arrays.copyOf(logProbabilities, shown.length),
        whole ? stopped : StopReason.CANCELLED);
  }

  private String text(int[] ids, boolean whole) {
    if (whole && stream != null) {
      return text.toString();
    }
    return decoder == null ? null : decoder.apply(ids);
  }
}
