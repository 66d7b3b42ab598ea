package dev.heddle.plan;

import dev.heddle.backend.Support;
import java.util.List;

/**
 * What a backend decides for a node.
 *
 * @param <K> what it makes the kernel from
 */
public sealed interface Choice<K> {
  /**
   * A kernel.
   *
   * @param name the kernel's name, as plans show it
   * @param why why this kernel and no other
   * @param inPlace positions of inputs that the first output may be written over: every element is
   *     read before its own place is written
   * @param into position of an input whose memory the first output is, after the run; -1 for none
   * @param packed positions of inputs that are only read when the program is compiled
   * @param kernel what the kernel is made from
   */
  record Run<K>(
      String name, String why, List<Integer> inPlace, int into, List<Integer> packed, K kernel)
      implements Choice<K> {
    /** A kernel that writes nothing in place and packs nothing. */
    public static <K> Run<K> of(String name, String why, K kernel) {
      return new Run<>(name, why, List.of(), -1, List.of(), kernel);
    }

    /** The same, in place of the inputs at {@code positions}. */
    public Run<K> over(Integer... positions) {
      return new Run<>(name, why, List.of(positions), into, packed, kernel);
    }

    /** The same, writing into the input at {@code position}, which the output is then. */
    public Run<K> into(int position) {
      return new Run<>(name, why, inPlace, position, packed, kernel);
    }

    /** The same, of which inputs are laid out anew when the program is compiled. */
    public Run<K> packing(Integer... positions) {
      return new Run<>(name, why, inPlace, into, List.of(positions), kernel);
    }
  }

  /** The output is the first input's memory under another type; nothing runs. */
  record View<K>(String why, ViewOffset offset) implements Choice<K> {}

  /** Bytes from the input's first element to the output's. */
  @FunctionalInterface
  interface ViewOffset {
    long bytes(Site site);
  }

  /** The backend does not run it. */
  record Refuse<K>(String reason) implements Choice<K> {}

  /** The same as a backend's answer. */
  default Support support() {
    return switch (this) {
      case Run<K> run -> new Support.Supported(run.name(), run.why());
      case View<K> view -> new Support.Supported("view", view.why());
      case Refuse<K> refuse -> new Support.Unsupported(refuse.reason());
    };
  }
}
