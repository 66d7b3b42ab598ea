package dev.heddle.generate;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sequences that others may begin with: those that run, and those that have ended, which stay as
 * long as nobody needs their pages. They are found by the hash of their first tokens; what is
 * shared then is all that two have in common, the last page copied when it is written to. A sum
 * does not depend on how a prompt was cut, so that the tokens that come out are the same.
 */
final class Prefixes implements AutoCloseable {
  /** Tokens that are hashed. Less in common is not worth sharing. */
  static final int HASHED = 8;

  private final Decoding decoding;
  private final Map<Integer, List<Holder>> byHash = new HashMap<>();

  /** Of sequences that have ended, the one that was of use longest ago first. */
  private final Deque<Holder> kept = new ArrayDeque<>();

  /** A sequence; its tokens begin with those that it holds. */
  private static final class Holder {
    private final KvCache.Sequence sequence;
    private final int[] ids;
    private final TokenSequence tokens;
    private final int hash;

    private Holder(KvCache.Sequence sequence, int[] ids, TokenSequence tokens, int hash) {
      this.sequence = sequence;
      this.ids = ids;
      this.tokens = tokens;
      this.hash = hash;
    }

    private int common(int[] other, int length) {
      int most = Math.min(sequence.length(), length);
      int mismatch =
          Arrays.mismatch(tokens == null ? ids : tokens.array(), 0, most, other, 0, most);
      return mismatch < 0 ? most : mismatch;
    }
  }

  Prefixes(Decoding decoding) {
    this.decoding = decoding;
  }

  /**
   * A sequence that holds as much of the beginning of {@code ids} as one of those here; null if
   * that is not worth it.
   *
   * @param length what of {@code ids} counts
   * @param reach the length that its tokens are rotated for
   */
  KvCache.Sequence take(String name, int[] ids, int length, int reach) {
    if (length < HASHED || !decoding.rotatesPlainly(reach)) {
      return null;
    }
    Holder best = null;
    int most = HASHED - 1;
    for (Holder each : byHash.getOrDefault(hash(ids), List.of())) {
      int common = each.common(ids, length);
      if (common > most && each.sequence.canTruncate(common)) {
        best = each;
        most = common;
      }
    }
    if (best == null) {
      return null;
    }
    used(best);
    KvCache.Sequence taken = best.sequence.fork(name);
    taken.truncate(most);
    return taken;
  }

  /** Shows a sequence that runs; nothing of it changes but that it grows. */
  void show(KvCache.Sequence sequence, TokenSequence tokens, int reach) {
    if (sequence.length() >= HASHED && decoding.rotatesPlainly(reach)) {
      add(new Holder(sequence, null, tokens, hash(tokens.array())));
    }
  }

  /** Takes back what was shown; its owner is about to close or to change it. */
  void hide(KvCache.Sequence sequence, TokenSequence tokens) {
    if (tokens.length() >= HASHED) {
      remove(hash(tokens.array()), sequence);
    }
  }

  /** Keeps a sequence that has ended, which is hidden; it is closed here. */
  void keep(KvCache.Sequence sequence, TokenSequence tokens, int reach) {
    int length = sequence.length();
    if (length < HASHED || !decoding.rotatesPlainly(Math.max(reach, length))) {
      sequence.close();
      return;
    }
    int[] ids = Arrays.copyOf(tokens.array(), length);
    Holder holder = new Holder(sequence, ids, null, hash(ids));
    for (Holder each : kept) {
      if (each.sequence.length() >= length && each.common(ids, length) == length) {
        sequence.close();
        used(each);
        return;
      }
    }
    // What is the beginning of this one is of no more use.
    kept.removeIf(each -> {
      boolean covered = each.common(ids, length) == each.sequence.length();
      if (covered) {
        remove(each.hash, each.sequence);
        each.sequence.close();
      }
      return covered;
    });
    add(holder);
    kept.addLast(holder);
  }

  private void used(Holder holder) {
    if (kept.remove(holder)) {
      kept.addLast(holder);
    }
  }

  /** Lets go of what was of use longest ago; false if nothing is kept. */
  boolean letGo() {
    Holder oldest = kept.pollFirst();
    if (oldest == null) {
      return false;
    }
    remove(oldest.hash, oldest.sequence);
    oldest.sequence.close();
    return true;
  }

  /** Sequences that are kept though they have ended. */
  int kept() {
    return kept.size();
  }

  private void add(Holder holder) {
    byHash.computeIfAbsent(holder.hash, hash -> new ArrayList<>()).add(holder);
  }

  private void remove(int hash, KvCache.Sequence sequence) {
    List<Holder> same = byHash.get(hash);
    if (same != null) {
      same.removeIf(each -> each.sequence == sequence);
      if (same.isEmpty()) {
        byHash.remove(hash);
      }
    }
  }

  private static int hash(int[] ids) {
    int hash = 0;
    for (int i = 0; i < HASHED; i++) {
      hash = 31 * hash + ids[i];
    }
    return hash;
  }

  @Override
  public void close() {
    while (letGo()) {
      // Until nothing is kept.
    }
  }
}
