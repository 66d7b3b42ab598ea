package dev.heddle.op;

/**
 * Scaled dot-product attention (Vaswani et al., 2017, eq. 1) with what the model families add to
 * it. For query i and key j of one head of one sequence:
 *
 * <pre>
 * s = scale * q[i] . k[j]
 * s = softCap * tanh(s / softCap)                      where softCap is not 0
 * s = s + slope[head] * (j - p(i)) + relative[head, clamp(j - p(i), -r, r) + r] + mask[i, j]
 * s = -infinity                                        where j is hidden from i
 * w = softmax over j of s;  y[i] = sum over j of w[j] * v[j]
 * </pre>
 *
 * p(i) is the query's position among the keys: {@code i}, or {@code i + keys - queries} with {@link
 * Causal#BOTTOM_RIGHT}. A query that sees no key gives zeros, and zero weights, never NaN. Several
 * query heads share a key/value head where {@code heads > kvHeads}: head h uses {@code h / (heads /
 * kvHeads)}. Value heads may be of another size than key heads.
 *
 * <p>Inputs: {@link #QUERY}, {@link #KEY}, {@link #VALUE}, floats, laid out as {@link Layout} says.
 * Optional: {@link #MASK}, added to the scores if floats, hiding where false if BOOL, broadcast to
 * {@code [batch, heads, queries, keys]} (not for {@link Layout#RAGGED}); {@link #CU_SEQ_LENS} I32
 * {@code [sequences + 1]}, where each sequence begins, rising from 0 to the tokens, anything else
 * being an error of the run (for RAGGED, required); {@link #CU_SEQ_LENS_KEY}, the same for keys, if
 * they are others; {@link #KEY_LENGTHS} I32 or I64 {@code [batch]}: later keys are hidden; {@link
 * #ALIBI} {@code [heads]}, slopes (Press et al., 2021); {@link #RELATIVE} {@code [heads, 2r + 1]},
 * biases by clamped distance.
 *
 * <p>With {@link #PAGES} I32 {@code [sequences, most]} (for RAGGED), keys and values lie in pages
 * (Kwon et al., 2023): {@link #KEY} {@code [pages, pageTokens, kvHeads * headDim]}, {@link #VALUE}
 * alike, both of one type, floats of another than the query's or {@link CacheWrite#BLOCKS} (then
 * heads are whole blocks). A sequence's keys are as many as its {@link #KEY_LENGTHS} says, required
 * then; key j lies in page {@code PAGES[sequence, j / pageTokens]}. Pages whose keys are all hidden
 * by order or window are not looked at; a page that is, and is not there, is an error of the run.
 *
 * <p>Outputs: {@link #Y}, laid out as the query; optional {@link #MAP} {@code [batch, heads,
 * queries, keys]}, for RAGGED {@code [heads, tokens, max_keys]} with zeros behind a sequence's last
 * key; the run binds the symbol {@link #MAX_KEYS} to the keys of the longest sequence, or more.
 *
 * @param heads query heads
 * @param kvHeads key and value heads, a divisor of {@code heads}
 * @param layout how queries, keys, values and the output lie
 * @param scale factor of the scores, usually {@code 1 / sqrt(headDim)}
 * @param causal whether later keys are hidden, and how queries and keys are aligned
 * @param window keys are hidden from distance {@code window} on, on either side; 0 for no limit
 * @param softCap bound of the scores before masks and biases (Gemma Team, 2024), 0 for none
 * @param map what the map shows
 */
public record Attention(
    int heads,
    int kvHeads,
    Layout layout,
    double scale,
    Causal causal,
    int window,
    double softCap,
    Map map)
    implements Op {
  public static final int QUERY = 0;
  public static final int KEY = 1;
  public static final int VALUE = 2;
  public static final int MASK = 3;
  public static final int CU_SEQ_LENS = 4;
  public static final int CU_SEQ_LENS_KEY = 5;
  public static final int KEY_LENGTHS = 6;
  public static final int ALIBI = 7;
  public static final int RELATIVE = 8;
  public static final int PAGES = 9;
  public static final int Y = 0;
  public static final int MAP = 1;

  /** The symbol that bounds the keys of one sequence in the map of a ragged batch. */
  public static final String MAX_KEYS = "max_keys";

  /** How the operands lie. */
  public enum Layout {
    /** {@code [tokens, heads * headDim]}: sequences one after another, none padded. */
    RAGGED,
    /** {@code [batch, sequence, heads * headDim]}. */
    TOKENS,
    /** {@code [batch, heads, sequence, headDim]}. */
    HEADS
  }

  /** Which keys a query sees by order. */
  public enum Causal {
    /** All. */
    NONE,
    /** Key j is hidden from query i where {@code j > i}. */
    TOP_LEFT,
    /** The last query is aligned with the last key: hidden where {@code j > i + keys - queries}. */
    BOTTOM_RIGHT
  }

  /** What the second output shows. */
  public enum Map {
    /** There is none. */
    NONE,
    /** {@code scale * q . k}. */
    SCORES,
    /** The same after the soft cap. */
    CAPPED,
    /** The scores as the softmax takes them: masks and biases added, hidden ones -infinity. */
    MASKED,
    /** The weights. */
    WEIGHTS
  }

  /** Full attention of {@code heads} heads over {@code headDim} elements. */
  public static Attention of(int heads, int headDim, Layout layout) {
    return new Attention(heads, heads, layout, 1 / Math.sqrt(headDim), Causal.NONE, 0, 0, Map.NONE);
  }

  /** The same with another map. */
  public Attention with(Map other) {
    return new Attention(heads, kvHeads, layout, scale, causal, window, softCap, other);
  }

  /** The same with its operands in another layout. */
  public Attention with(Layout other) {
    return new Attention(heads, kvHeads, other, scale, causal, window, softCap, map);
  }

  /** The same with other causality. */
  public Attention with(Causal other) {
    return new Attention(heads, kvHeads, layout, scale, other, window, softCap, map);
  }
}
