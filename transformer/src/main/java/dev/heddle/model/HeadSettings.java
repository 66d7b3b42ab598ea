package dev.heddle.model;

import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * What a {@code config.json} says of the head.
 *
 * @param className transformers' class, {@code architectures}; null where it is not stated
 * @param head that class's; null where it has none of those, or is not stated
 * @param labels {@code id2label} in order of their ids; empty where there is none
 * @param problem what the numbers of a classification are
 * @param padding the padding token's id
 */
public record HeadSettings(
    String className, Head head, List<String> labels, Problem problem, OptionalInt padding) {
  /** Where nothing is said. */
  static final HeadSettings NONE =
      new HeadSettings(null, null, List.of(), Problem.UNSTATED, OptionalInt.empty());

  /** {@code problem_type}. */
  public enum Problem {
    /** One label where there are several, probability of itself where there is one. */
    UNSTATED,
    /** One of the labels. */
    ONE_LABEL,
    /** Any of the labels. */
    ANY_LABELS,
    /** Quantities. */
    REGRESSION
  }

  public HeadSettings {
    labels = List.copyOf(labels);
  }

  /**
   * Reads them.
   *
   * @throws dev.heddle.weights.WeightFileException if a field is not what transformers writes
   */
  static HeadSettings read(JsonFields config) {
    JsonField classes = config.field("architectures");
    List<String> names = classes.present() ? classes.strings() : List.of();
    String name = names.isEmpty() ? null : names.getFirst();
    JsonField padding = config.field("pad_token_id");
    return new HeadSettings(
        name,
        name == null ? null : Head.of(name),
        labels(config.field("id2label")),
        problem(config.field("problem_type")),
        padding.present() && padding.wholeInt() >= 0
            ? OptionalInt.of(padding.wholeInt())
            : OptionalInt.empty());
  }

  /** The last of {@code ids} that is no padding: which a decoder's labels are told from. */
  public int last(int[] ids) {
    for (int i = ids.length - 1; i >= 0; i--) {
      if (padding.isEmpty() || ids[i] != padding.getAsInt()) {
        return i;
      }
    }
    return 0;
  }

  private static List<String> labels(JsonField field) {
    if (!field.present()) {
      return List.of();
    }
    JsonFields byId = field.object();
    int count = byId.names().size();
    return IntStream.range(0, count)
        .mapToObj(id -> {
          if (!byId.has(Integer.toString(id))) {
            throw field.wrong(
                "a label for each id from 0 to %d; %d has none".formatted(count - 1, id));
          }
          return byId.field(Integer.toString(id)).string();
        })
        .toList();
  }

  private static Problem problem(JsonField field) {
    if (!field.present()) {
      return Problem.UNSTATED;
    }
    List<String> known =
        List.of("single_label_classification", "multi_label_classification", "regression");
    return switch (known.indexOf(field.oneOf(known))) {
      case 0 -> Problem.ONE_LABEL;
      case 1 -> Problem.ANY_LABELS;
      default -> Problem.REGRESSION;
    };
  }
}
