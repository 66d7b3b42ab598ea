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
  /** Pieces of two units of UTF-16 or more are what merges make. */
  static PieceMerges of(List<String> pieces, float[] scores) {
    PieceIndex index = new PieceIndex(pieces);
    Integer[] best = new Integer[pieces.size()];
    Arrays.setAll(best, id -> id);
    Arrays.sort(best, (a, b) -> Float.compare(scores[b], scores[a]));
    Growing merges = new Growing();
    for (int id : best) {
      index.cuts(id, merges::add);
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
