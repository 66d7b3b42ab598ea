package dev.heddle.generate;

import java.util.Arrays;

/**
 * What the last generation left in the cache: the next one, if its prompt begins alike, takes in
 * what is new of it only. A sum does not depend on how a prompt was cut, so its tokens are the
 * same.
 */
final class PrefixCache implements AutoCloseable {
  private final Decoding decoding;
  private int[] ids = {};
  private KvCache.Sequence sequence;

  PrefixCache(Decoding decoding) {
    this.decoding = decoding;
  }

  /** A sequence that holds as much of {@code prompt}'s beginning as there is, never all of it. */
  KvCache.Sequence take(int[] prompt) {
    int mismatch = Arrays.mismatch(ids, prompt);
    int common = Math.min(mismatch < 0 ? ids.length : mismatch, prompt.length - 1);
    KvCache.Sequence taken = sequence;
    sequence = null;
    ids = new int[0];
    if (taken != null
        && common > 0
        && taken.canTruncate(common)
        && decoding.holdsFor(taken, prompt.length)) {
      taken.truncate(common);
      return taken;
    }
    if (taken != null) {
      taken.close();
    }
    return decoding.cache().begin("sequence 0");
  }

  /** Keeps a sequence for the next generation; {@code tokens} begin with those that it holds. */
  void keep(KvCache.Sequence held, TokenSequence tokens) {
    close();
    sequence = held;
    ids = new int[held.length()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokens.get(i);
    }
  }

  /** Gives the pages back. */
  @Override
  public void close() {
    if (sequence != null) {
      sequence.close();
      sequence = null;
      ids = new int[0];
    }
  }
}
