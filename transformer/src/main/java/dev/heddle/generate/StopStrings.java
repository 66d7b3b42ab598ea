package dev.heddle.generate;

import java.util.List;

/** Texts that end a sequence, looked for in a text that grows. */
public final class StopStrings {
  private final List<String> strings;

  /** None of {@code strings} is empty. */
  public StopStrings(List<String> strings) {
    this.strings = List.copyOf(strings);
    if (this.strings.contains("")) {
      throw GenerationException.option("one of stop_strings", "empty", "at least one character");
    }
  }

  /** Where the first of them begins in {@code text}; -1 if none is there. */
  public int find(CharSequence text) {
    String all = text.toString();
    int first = -1;
    for (String each : strings) {
      int at = all.indexOf(each);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  /** How many characters at the end of {@code text} may be the beginning of one of them. */
  public int held(CharSequence text) {
    String all = text.toString();
    int held = 0;
    for (String each : strings) {
      int longest = Math.min(each.length() - 1, all.length());
      for (int length = longest; length > held; length--) {
        if (each.startsWith(all.substring(all.length() - length))) {
          held = length;
        }
      }
    }
    return held;
  }
}
