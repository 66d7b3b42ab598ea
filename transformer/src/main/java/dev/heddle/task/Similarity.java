package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** How alike texts are, by the cosine of their vectors. */
public final class Similarity {
  private Similarity() {}

  /**
   * The cosine of the angle between two vectors, -1 to 1; 0 if either is zero.
   *
   * @throws InvalidInputException if they are not of one length
   */
  public static double cosine(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new InvalidInputException(
          "vectors of %d and %d elements; expected as many".formatted(a.length, b.length));
    }
    double product = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < a.length; i++) {
      product += (double) a[i] * b[i];
      first += (double) a[i] * a[i];
      second += (double) b[i] * b[i];
    }
    return first == 0 || second == 0 ? 0 : product / Math.sqrt(first * second);
  }

  /** How alike two texts are. */
  public static double of(Embedder embedder, String a, String b) {
    float[][] vectors = embedder.embed(List.of(a, b));
    return cosine(vectors[0], vectors[1]);
  }

  /** The texts, most like {@code query} first. */
  public static List<Ranked> rank(Embedder embedder, String query, List<String> texts) {
    float[] wanted = embedder.embed(List.of(query))[0];
    float[][] vectors = embedder.embed(texts);
    List<Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < vectors.length; i++) {
      ranked.add(new Ranked(i, texts.get(i), cosine(wanted, vectors[i])));
    }
    ranked.sort(Comparator.comparingDouble(Ranked::score).reversed());
    return ranked;
  }
}
