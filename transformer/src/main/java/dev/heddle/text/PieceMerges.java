package dev.heddle.text;

import java.util.Arrays;
import java.util.List;

/**
 * The merges that make SentencePiece's byte-pair encoding of its pieces' scores.
 *
 * <p>SentencePiece merges, of all neighbours that make a piece, those that make the one of the best
 * score, the leftmost first (Kudo and Richardson 2018, {@code bpe_model.cc}). Merges in order say
 * the same where no two pieces have one score, which is what its trainer gives: a merge for each
 * way to cut a piece in two, the best piece first.
 *
 * @param lefts a piece's number for each merge, the first merge first
 * @param rights the piece's number that is merged with it
 */
record PieceMerges(int[] lefts, int[] rights) {
  /** The most characters of all merges for each of all pieces, and besides; LLaMA 2 has 2 each. */
  private static final long MOST_EACH = 16;

  private static final long MOST_BESIDES = 1 << 20;

  /**
   * The merges of {@code pieces}.
   *
   * @param source where they come from, for errors
   * @throws TokenizerException if there are so many that no trainer made them
   */
  static PieceMerges of(List<String> pieces, float[] scores, String source) {
    long characters = pieces.stream().mapToLong(String::length).sum();
    PieceIndex index = new PieceIndex(pieces);
    Integer[] best = new Integer[pieces.size()];
    Arrays.setAll(best, id -> id);
    Arrays.sort(best, (a, b) -> Float.compare(scores[b], scores[a]));
    Growing merges = new Growing();
    long most = MOST_EACH * characters + MOST_BESIDES;
    long left = most;
    for (int id : best) {
      int before = merges.size;
      index.cuts(id, merges::add);
      left -= (long) (merges.size - before) * pieces.get(id).length();
      if (left < 0) {
        throw new TokenizerException(
            ("%s: has pieces that are made of others in more ways than are read: merges of more"
                    + " than %d characters for %d of pieces")
                .formatted(source, most, characters));
      }
    }
    return new PieceMerges(
        Arrays.copyOf(merges.lefts, merges.size), Arrays.copyOf(merges.rights, merges.size));
  }

  private static final class Growing {
    private int[] lefts = new int[1024];
    private int[] rights = new int[1024];
    private int size;

    void add(int left, int right) {
      if (size == lefts.length) {
        lefts = Arrays.copyOf(lefts, 2 * size);
        rights = Arrays.copyOf(rights, 2 * size);
      }
      lefts[size] = left;
      rights[size++] = right;
    }
  }
}
