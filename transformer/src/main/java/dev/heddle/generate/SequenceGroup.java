package dev.heddle.generate;

import java.util.Arrays;

/**
 * The sequences of a request in the cache: what of their tokens is there, and what the next step
 * adds. What a sequence lacks is taken in, a prompt and, after its pages were given to others, all
 * that had been written as well: the next token is the same as if it had never left. For the
 * engine's thread alone.
 */
final class SequenceGroup {
  private final String name;
  private final Decoding decoding;
  private final Prefixes prefixes;
  private final Continuation continuation;
  private final int promptLength;

  /** By sequence; null for one that is not in the cache. */
  private KvCache.Sequence[] caches;

  private KvCache.Sequence[] spare;
  private final boolean[] taken;

  /** What an encoder reads for the decoder to look at; null without one. */
  private final int[] read;

  /** What it has made of that; null out of the cache. */
  private KvCache.Sequence source;

  /** The length that tokens are rotated for, at least. */
  private int reach;

  /** What prefixes know; null for none. */
  private KvCache.Sequence shown;

  /** Tokens that the next step adds, by sequence. */
  private final int[] counts;

  /** Those of them that were missing, and were not chosen last. */
  private int takesIn;

  private boolean chooses;
  private int row;
  private int rows;

  /**
   * Sequences of which nothing is in the cache.
   *
   * @param prefixes where a beginning may be found, and is left; or null
   * @param read what an encoder reads for the decoder to look at; null without one
   */
  SequenceGroup(
      String name,
      Decoding decoding,
      Prefixes prefixes,
      Continuation continuation,
      int promptLength,
      int[] read) {
    this.read = read;
    this.name = name;
    this.decoding = decoding;
    this.prefixes = prefixes;
    this.continuation = continuation;
    this.promptLength = promptLength;
    this.reach = promptLength;
    this.caches = new KvCache.Sequence[continuation.size()];
    this.spare = new KvCache.Sequence[caches.length];
    this.taken = new boolean[caches.length];
    this.counts = new int[caches.length];
  }

  Continuation continuation() {
    return continuation;
  }

  /** Places that it takes among the sequences of a step. */
  int size() {
    return caches.length;
  }

  private int lead() {
    int lead = 0;
    while (lead < caches.length - 1 && !continuation.goesOn(lead)) {
      lead++;
    }
    return lead;
  }

  private TokenSequence tokens(int i) {
    return continuation.tokens(i);
  }

  private boolean writes() {
    return tokens(lead()).generated() > 0;
  }

  /** Tokens of a sequence that are not in the cache. */
  private int missing(int i) {
    return tokens(i).length() - caches[i].length();
  }

  /**
   * Enters the cache with as much of its beginning as is there already; what an encoder reads is
   * read.
   *
   * @return tokens that were there
   */
  int enter() {
    int lead = lead();
    TokenSequence tokens = tokens(lead);
    // The last token is run in any case: what follows it is wanted.
    int length = tokens.length() - 1;
    if (caches.length > 1 && writes()) {
      length = promptLength;
    }
    if (read != null) {
      source = decoding.encode(read);
    } else if (prefixes != null) {
      int least = Math.max(reach, tokens.length());
      caches[lead] = prefixes.take(name, tokens.array(), length, least);
    }
    if (caches[lead] == null) {
      caches[lead] = decoding.begin(name, source);
    }
    if (isWhole(lead)) {
      spread(lead);
    }
    return caches[lead].length();
  }

  /** Whether the others may be forked from the first: it has the prompt, and they have more. */
  private boolean isWhole(int lead) {
    return caches.length > 1 && writes() && caches[lead].length() == promptLength && lacks();
  }

  private boolean lacks() {
    for (int i = 0; i < caches.length; i++) {
      if (caches[i] == null && continuation.goesOn(i)) {
        return true;
      }
    }
    return false;
  }

  private void spread(int lead) {
    for (int i = 0; i < caches.length; i++) {
      if (caches[i] == null && continuation.goesOn(i)) {
        caches[i] = caches[lead].fork(name);
      }
    }
  }

  /** Whether it finds room for all that it has, and for some more. */
  boolean fits(int more) {
    int lead = lead();
    return caches[lead].fits(Math.max(1, missing(lead)) + more);
  }

  /** Whether it is worth entering: there is room for what an encoder reads, and some more. */
  boolean mayEnter(int more) {
    if (read == null && prefixes != null) {
      return true; // It may be there already.
    }
    return (read == null || decoding.fitsSource(read.length))
        && decoding.cache().fits(tokens(lead()).length() + more);
  }

  /** Tokens that an encoder has read to enter. */
  int sourceTokens() {
    return read == null ? 0 : read.length;
  }

  /** Whether no sequence wants more tokens. */
  boolean hasEnded() {
    return !continuation.goesOn(lead());
  }

  /**
   * Whether something is missing but the tokens chosen last; what the rotation of a longer sequence
   * turns otherwise is forgotten before.
   */
  boolean isBehind() {
    int lead = lead();
    if (!writes() || lacks()) {
      return true;
    }
    boolean behind = false;
    for (int i = 0; i < caches.length; i++) {
      behind |= continuation.goesOn(i) && missing(i) > 1;
    }
    int length = tokens(lead).length();
    if (!behind && decoding.rotatesAnew(Math.max(reach, caches[lead].length()), length)) {
      hide();
      for (int i = 0; i < caches.length; i++) {
        if (i == lead) {
          caches[i].truncate(0);
        } else {
          close(i);
        }
      }
      reach = length;
      return true;
    }
    return behind;
  }

  /**
   * Decides what the next step adds: tokens chosen last, or what is missing.
   *
   * @param most tokens that it may add of what is missing
   * @return how many it does
   */
  int plan(int most) {
    Arrays.fill(counts, 0);
    int lead = lead();
    int live = 0;
    int behind = 0;
    boolean lacks = lacks();
    for (int i = 0; i < caches.length && !lacks; i++) {
      if (continuation.goesOn(i)) {
        live++;
        behind += missing(i) - 1;
      }
    }
    if (lacks) {
      // The others are forked from the first where the prompt ends.
      counts[lead] = Math.min(promptLength - caches[lead].length(), most);
      takesIn = counts[lead];
      chooses = !writes() && caches[lead].length() + counts[lead] == promptLength;
    } else if (live == 1) {
      counts[lead] = Math.min(missing(lead), Math.max(1, most));
      chooses = counts[lead] == missing(lead);
      takesIn = counts[lead] - (chooses && writes() ? 1 : 0);
    } else {
      chooses = behind == 0;
      takesIn = 0;
      for (int i = 0; i < caches.length; i++) {
        if (continuation.goesOn(i)) {
          counts[i] = chooses ? 1 : Math.min(missing(i) - 1, most - takesIn);
          takesIn += chooses ? 0 : counts[i];
        }
      }
    }
    return takesIn;
  }

  /** Takes pages for what is planned; false if there are too few, and then some may be taken. */
  boolean reserve() {
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        if (!caches[i].fits(counts[i])) {
          return false;
        }
        caches[i].reserve(counts[i]);
      }
    }
    return true;
  }

  /**
   * Takes them though they are not there.
   *
   * @throws KvCacheFullException which says so
   */
  void demand() {
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        caches[i].reserve(counts[i]);
      }
    }
  }

  /** Adds what is planned to the next run. */
  void add() {
    row = decoding.rows();
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        int from = caches[i].length();
        decoding.add(caches[i], tokens(i).array(), from, counts[i], 0, reach);
        if (chooses && writes()) {
          continuation.want(decoding, i);
        }
      }
    }
    if (chooses && !writes()) {
      for (int i = 0; i < continuation.first(); i++) {
        continuation.want(decoding, i);
      }
    }
    rows = decoding.rows() - row;
  }

  /** Tokens of the plan that were missing, and were not chosen last. */
  int takesIn() {
    return takesIn;
  }

  /** Tokens that are chosen after the run. */
  int chooses() {
    return chooses ? rows : 0;
  }

  /** Whether the run that it was added to chooses tokens from logits. */
  boolean readsLogits() {
    return chooses && continuation.readsLogits();
  }

  /**
   * After the run: chooses the tokens that follow, if all is there.
   *
   * @param logits those of the run, if it read them
   */
  void settle(float[] logits) {
    int lead = lead();
    if (chooses) {
      continuation.choose(decoding, logits, row);
      follow();
    } else if (isWhole(lead)) {
      spread(lead);
    }
    if (prefixes != null && shown == null && source == null && caches.length == 1) {
      show();
    }
  }

  /** Gives each sequence the keys and values of the one that it goes on from. */
  private void follow() {
    if (caches.length == 1) {
      return;
    }
    KvCache.Sequence[] next = spare;
    Arrays.fill(next, null);
    Arrays.fill(taken, false);
    for (int i = 0; i < caches.length; i++) {
      if (continuation.goesOn(i)) {
        int parent = continuation.parent(i);
        next[i] = taken[parent] ? caches[parent].fork(name) : caches[parent];
        taken[parent] = true;
      }
    }
    for (int i = 0; i < caches.length; i++) {
      if (!taken[i]) {
        close(i);
      }
    }
    spare = caches;
    caches = next;
  }

  private void show() {
    if (caches[0] != null && caches[0].length() >= Prefixes.HASHED) {
      shown = caches[0];
      prefixes.show(shown, tokens(0), reach);
    }
  }

  private void hide() {
    if (shown != null) {
      prefixes.hide(shown, tokens(0));
      shown = null;
    }
  }

  private void close(int i) {
    if (caches[i] != null) {
      caches[i].close();
      caches[i] = null;
    }
  }

  /** Gives its pages back; it may enter again. */
  void leave() {
    hide();
    for (int i = 0; i < caches.length; i++) {
      close(i);
    }
    if (source != null) {
      source.close();
      source = null;
    }
  }

  /** The same at its end: what may be of use to others stays until its pages are needed. */
  void end() {
    if (prefixes != null && source == null && caches.length == 1 && caches[0] != null) {
      hide();
      prefixes.keep(caches[0], tokens(0), reach);
      caches[0] = null;
    }
    leave();
  }
}
