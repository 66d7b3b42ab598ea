package dev.heddle.model;

import dev.heddle.backend.InvalidInputException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which attention weights are wanted. What is not selected is not computed: a layer's weights that
 * nobody asked for, and every layer behind the last that was.
 *
 * @param kinds whose; empty for all that the model has
 * @param layers which layers, counted from 0; empty for all
 * @param heads which heads, counted from 0; empty for all
 */
public record AttentionSelection(
    Set<AttentionKind> kinds, Set<Integer> layers, Set<Integer> heads) {
  /** Everything. */
  public static final AttentionSelection ALL = new AttentionSelection(Set.of(), Set.of(), Set.of());

  public AttentionSelection {
    kinds = Set.copyOf(kinds);
    layers = Set.copyOf(layers);
    heads = Set.copyOf(heads);
  }

  /** All heads of one layer. */
  public static AttentionSelection layer(AttentionKind kind, int layer) {
    return new AttentionSelection(Set.of(kind), Set.of(layer), Set.of());
  }

  /** One head. */
  public static AttentionSelection head(AttentionKind kind, int layer, int head) {
    return new AttentionSelection(Set.of(kind), Set.of(layer), Set.of(head));
  }

  /**
   * Those of {@code layers} that are selected.
   *
   * @param model its name, for errors
   * @throws InvalidInputException if a kind, layer or head is selected that none of them has
   */
  List<AttentionLayer> of(String model, List<AttentionLayer> all) {
    List<AttentionLayer> found = all.stream().filter(layer -> has(kinds, layer.kind())).toList();
    for (AttentionKind kind : kinds) {
      if (all.stream().noneMatch(layer -> layer.kind() == kind)) {
        throw new InvalidInputException(
            "%s has no %s attention; it has %s"
                .formatted(
                    model,
                    kind.spelling(),
                    all.stream()
                        .map(layer -> layer.kind().spelling())
                        .distinct()
                        .collect(Collectors.joining(", "))));
      }
    }
    check(model, "layer", layers, found, layer -> layer.index() + 1);
    found = found.stream().filter(layer -> has(layers, layer.index())).toList();
    check(model, "head", heads, found, AttentionLayer::heads);
    return found.stream().filter(layer -> !of(layer).isEmpty()).toList();
  }

  /** The heads of a layer that are selected, in order. */
  List<Integer> of(AttentionLayer layer) {
    return heads.isEmpty()
        ? IntStream.range(0, layer.heads()).boxed().toList()
        : new TreeSet<>(heads).stream().filter(head -> head < layer.heads()).toList();
  }

  private static <T> boolean has(Set<T> selected, T value) {
    return selected.isEmpty() || selected.contains(value);
  }

  private static void check(
      String model,
      String what,
      Set<Integer> selected,
      List<AttentionLayer> among,
      ToIntFunction<AttentionLayer> count) {
    int most = among.stream().mapToInt(count).max().orElse(0);
    for (int index : new TreeSet<>(selected)) {
      if (index < 0 || index >= most) {
        throw new InvalidInputException(
            "%s %d: %s has %ss 0 to %d".formatted(what, index, model, what, most - 1));
      }
    }
  }
}
