package dev.heddle.bench.jmh;

import dev.heddle.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Parameters as people write them. */
final class Extents {
  private Extents() {}

  /**
   * Numbers with {@code x} between them.
   *
   * @param names what they are: {@code rows x length}
   */
  static long[] of(String text, String names) {
    String[] parts = text.split("x");
    if (parts.length != names.split(" x ").length
        || !Arrays.stream(parts).allMatch(part -> part.matches("[1-9][0-9]{0,8}"))) {
      throw new Refused("\"%s\"; expected %s".formatted(text, names));
    }
    return Arrays.stream(parts).mapToLong(Long::parseLong).toArray();
  }

  /** {@code f32}, {@code q8_0}. */
  static DType type(String text) {
    return Arrays.stream(DType.values())
        .filter(each -> each.toString().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new Refused(
                "no type is called \"%s\"; there are %s"
                    .formatted(
                        text,
                        Arrays.stream(DType.values())
                            .map(DType::toString)
                            .collect(Collectors.joining(", ")))));
  }
}
