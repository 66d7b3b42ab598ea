package dev.heddle.cli;

import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Token ids as people write them: {@code 1,15043} or {@code [1, 15043]}. */
final class TokenIds {
  private static final Pattern BETWEEN = Pattern.compile("[\\s,]+");

  private TokenIds() {}

  /**
   * Reads them.
   *
   * @param option what they were given as, for errors
   * @throws ParameterException if something is no whole number
   */
  static int[] parse(CommandSpec spec, String option, String written) {
    String bare = written.strip();
    if (bare.startsWith("[") && bare.endsWith("]")) {
      bare = bare.substring(1, bare.length() - 1).strip();
    }
    return bare.isEmpty()
        ? new int[0]
        : BETWEEN.splitAsStream(bare).mapToInt(each -> id(spec, option, each)).toArray();
  }

  private static int id(CommandSpec spec, String option, String written) {
    try {
      return Integer.parseInt(written);
    } catch (NumberFormatException e) {
      throw new ParameterException(
          spec.commandLine(),
          "%s: \"%s\" is no token id; expected whole numbers, as 1,15043"
              .formatted(option, written),
          e);
    }
  }
}
