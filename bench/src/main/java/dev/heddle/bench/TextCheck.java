package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.ComputeType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Whether systems continue texts alike, most likely token by most likely token. In float32 our
 * backends choose the same tokens. Other arithmetic, and peers with theirs, may part ways where two
 * tokens are nearly as likely, and what follows differs then: of them the first token of half of
 * the texts at least must be the first system's.
 */
final class TextCheck {
  /** Tokens that each text is continued with, where there is room for them. */
  private static final int TOKENS = 16;

  private final TextSettings settings;
  private final int tokens;
  private final List<int[][]> calls = new ArrayList<>();
  private List<Continuation> expected;
  private Entrant first;

  /** Of sentences' beginnings, each once at least, as many at once as the systems take. */
  TextCheck(List<int[]> sentences, TextSettings settings) {
    this.settings = settings;
    tokens = Math.min(TOKENS, settings.tokens() / 2);
    int atOnce = settings.sequences();
    for (int from = 0; from < sentences.size(); from += atOnce) {
      int[][] prompts = new int[atOnce][];
      for (int i = 0; i < atOnce; i++) {
        int[] ids = sentences.get((from + i) % sentences.size());
        prompts[i] = Arrays.copyOf(ids, Math.min(ids.length, settings.tokens() - tokens));
      }
      calls.add(prompts);
    }
  }

  /** What is to be continued: prompts of one call each. */
  List<int[][]> calls() {
    return calls;
  }

  /** With how many tokens. */
  int tokens() {
    return tokens;
  }

  /**
   * What is wrong of continuations, in words; null for nothing. The first that are given are those
   * that others must agree with.
   */
  String wrong(Entrant by, List<Continuation> continuations) {
    if (expected == null) {
      expected = continuations;
      first = by;
      return null;
    }
    boolean exact = isFloat32(by) && isFloat32(first);
    int begun = 0;
    for (int i = 0; i < expected.size(); i++) {
      int agreed = expected.get(i).agreed(continuations.get(i));
      begun += agreed > 0 ? 1 : 0;
      if (exact && agreed < expected.get(i).ids().size()) {
        return "wrong result beside %s: token %d behind text %d is %s, not %s"
            .formatted(
                first, agreed, i, at(continuations.get(i), agreed), at(expected.get(i), agreed));
      }
    }
    return 2 * begun >= expected.size()
        ? null
        : "wrong result beside %s: only %d of %d texts are continued with the same token at first"
            .formatted(first, begun, expected.size());
  }

  private boolean isFloat32(Entrant entrant) {
    return entrant.isHeddle()
        && settings.activations() == Activations.FLOAT32
        && entrant.settings().dtype().equals(ComputeType.F32.toString());
  }

  private static String at(Continuation of, int token) {
    return token < of.ids().size() ? of.ids().get(token).toString() : "missing";
  }
}
