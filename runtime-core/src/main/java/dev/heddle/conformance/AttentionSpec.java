package dev.heddle.conformance;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.Locale;

/** One attention case, put together from what it differs in; its name says just that. */
final class AttentionSpec {
  /** Masks by what they are good for. */
  enum Mask {
    NONE,
    /** BOOL {@code [batch, heads, queries, keys]}. */
    BOOL_ALL,
    /** BOOL {@code [batch, 1, 1, keys]}: padding. */
    BOOL_KEYS,
    /** BOOL {@code [queries, keys]} that hides some queries' keys altogether. */
    BOOL_ROWS,
    /** Floats {@code [heads, queries, keys]}. */
    FLOAT_HEADS,
    /** Floats {@code [batch, 1, queries, keys]}, some -infinity, some rows throughout. */
    FLOAT_HIDING
  }

  private DType dtype = DType.F32;
  private final Layout layout;
  private int heads = 2;
  private int kvHeads = 2;
  private int headDim = 16;
  private int valueDim = 16;
  private int batch = 2;
  private int queries = 7;
  private int keys = 7;
  private int[] lengths = {7, 5};
  private int[] keyLengths;
  private Causal causal = Causal.NONE;
  private int window;
  private double softCap;
  private double scale;
  private double spread = 1;
  private Mask mask = Mask.NONE;
  private DType limits;
  private boolean alibi;
  private int relative;
  private Map map = Map.NONE;
  private int spareKeys;
  private int pageTokens;
  private DType pageType;

  AttentionSpec(Layout layout) {
    this.layout = layout;
  }

  AttentionSpec dtype(DType value) {
    dtype = value;
    return this;
  }

  AttentionSpec heads(int query, int keyValue) {
    heads = query;
    kvHeads = keyValue;
    return this;
  }

  AttentionSpec dim(int key, int value) {
    headDim = key;
    valueDim = value;
    return this;
  }

  AttentionSpec size(int sequences, int queriesEach, int keysEach) {
    batch = sequences;
    queries = queriesEach;
    keys = keysEach;
    return this;
  }

  /** Sequences of a ragged batch. */
  AttentionSpec lengths(int... values) {
    lengths = values;
    return this;
  }

  /** Keys of each sequence of a ragged batch, where they are others than the queries. */
  AttentionSpec keyLengths(int... values) {
    keyLengths = values;
    return this;
  }

  AttentionSpec causal(Causal value) {
    causal = value;
    return this;
  }

  AttentionSpec window(int value) {
    window = value;
    return this;
  }

  AttentionSpec softCap(double value) {
    softCap = value;
    return this;
  }

  AttentionSpec scale(double value) {
    scale = value;
    return this;
  }

  /** Deviation of the queries; scores grow with it. */
  AttentionSpec spread(double value) {
    spread = value;
    return this;
  }

  AttentionSpec mask(Mask value) {
    mask = value;
    return this;
  }

  /** With a number of keys for each sequence, of this type. */
  AttentionSpec limits(DType type) {
    limits = type;
    return this;
  }

  AttentionSpec alibi() {
    alibi = true;
    return this;
  }

  AttentionSpec relative(int reach) {
    relative = reach;
    return this;
  }

  AttentionSpec map(Map value) {
    map = value;
    return this;
  }

  /** How much wider a ragged batch's map is than it must be. */
  AttentionSpec spareKeys(int value) {
    spareKeys = value;
    return this;
  }

  /** Keys and values in pages of so many tokens, stored as {@code type}. */
  AttentionSpec paged(int tokens, DType type) {
    pageTokens = tokens;
    pageType = type;
    return this;
  }

  Case build() {
    return new Case(
        "Attention", dtype, name(), (backend, data) -> trial(data).check(backend, tolerance()));
  }

  private String name() {
    StringBuilder name = new StringBuilder(lower(layout));
    name.append("/heads=%d,kv=%d,dim=%d".formatted(heads, kvHeads, headDim));
    name.append(valueDim == headDim ? "" : ",value=" + valueDim);
    if (layout == Layout.RAGGED) {
      name.append('/').append(text(lengths));
      name.append(keyLengths == null ? "" : " over " + text(keyLengths));
    } else {
      name.append("/b=%d,q=%d,k=%d".formatted(batch, queries, keys));
    }
    name.append(causal == Causal.NONE ? "" : "/causal " + lower(causal));
    name.append(window == 0 ? "" : "/window=" + window);
    name.append(softCap == 0 ? "" : "/cap=" + softCap);
    name.append(scale == 0 ? "" : "/scale=" + scale);
    name.append(spread == 1 ? "" : "/spread=" + spread);
    name.append(mask == Mask.NONE ? "" : "/mask " + lower(mask));
    name.append(limits == null ? "" : "/key lengths " + limits);
    name.append(alibi ? "/alibi" : "");
    name.append(relative == 0 ? "" : "/relative=" + relative);
    name.append(map == Map.NONE ? "" : "/map " + lower(map));
    name.append(spareKeys == 0 ? "" : "+" + spareKeys);
    name.append(pageTokens == 0 ? "" : "/pages of " + pageTokens + " " + pageType);
    return name.toString();
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String text(int[] values) {
    return Arrays.toString(values).replace(" ", "");
  }

  private Tolerance tolerance() {
    // Weights below 1 that are rounded to 16 bits before they meet the values, which are of the
    // order of 1, cost the naive computation two units.
    double narrow = dtype == DType.F16 || dtype == DType.BF16 ? 4 * Tolerance.unit(dtype) : 0;
    // Large scores lose digits in float32, and the exponential magnifies what is lost.
    return Tolerance.of(dtype, 1e-5, 1e-5).plus(Math.max(narrow, spread > 1 ? 1e-4 : 0));
  }

  private Trial trial(Data data) {
    double factor = scale == 0 ? 1 / Math.sqrt(headDim) : scale;
    Attention op = new Attention(heads, kvHeads, layout, factor, causal, window, softCap, map);
    int[] own = keyLengths == null ? lengths : keyLengths;
    Trial trial = new Trial(op, data).outputs(map == Map.NONE ? 1 : 2);
    trial.input(data.gaussian(dtype, 0, spread, shape(heads, headDim, queries, lengths)));
    int[] table = pageTokens == 0 ? null : table(data, own);
    trial.input(table == null ? rows(data, headDim, own) : pages(data, headDim, table));
    trial.input(table == null ? rows(data, valueDim, own) : pages(data, valueDim, table));
    int last = last();
    for (int position = Attention.MASK; position <= last; position++) {
      HostTensor optional =
          position == Attention.PAGES
              ? Data.ints(table, own.length, table.length / own.length)
              : optional(position, data);
      if (optional == null) {
        trial.absent();
      } else {
        trial.input(optional);
      }
    }
    if (layout == Layout.RAGGED) {
      trial.bind(Attention.MAX_KEYS, Arrays.stream(own).max().orElse(0) + spareKeys);
    }
    return trial;
  }

  private HostTensor rows(Data data, int dim, int[] own) {
    return data.normal(dtype, shape(kvHeads, dim, keys, own));
  }

  /** Pages of all sequences, and some that nobody has. */
  private HostTensor pages(Data data, int dim, int[] table) {
    return data.any(pageType, table.length + 3, pageTokens, (long) kvHeads * dim);
  }

  /** Every sequence's pages, in any order; those that no query sees are not there. */
  private int[] table(Data data, int[] own) {
    int most = Math.ceilDiv(Arrays.stream(own).max().orElse(0), pageTokens) + 1;
    int[] table = data.permutation(own.length * most + 3);
    table = Arrays.copyOf(table, own.length * most);
    for (int sequence = 0; sequence < own.length; sequence++) {
      int used = Math.ceilDiv(own[sequence], pageTokens);
      Arrays.fill(table, sequence * most + used, (sequence + 1) * most, -1);
      int hidden = own[sequence] - lengths[sequence] - window + 1;
      if (window > 0 && causal == Causal.BOTTOM_RIGHT && hidden >= pageTokens) {
        Arrays.fill(table, sequence * most, sequence * most + hidden / pageTokens, -1);
      }
    }
    return table;
  }

  private long[] shape(int ownHeads, int dim, int rows, int[] ownLengths) {
    return switch (layout) {
      case RAGGED -> new long[] {Arrays.stream(ownLengths).sum(), (long) ownHeads * dim};
      case TOKENS -> new long[] {batch, rows, (long) ownHeads * dim};
      case HEADS -> new long[] {batch, ownHeads, rows, dim};
    };
  }

  private int last() {
    return pageTokens > 0
        ? Attention.PAGES
        : relative > 0
            ? Attention.RELATIVE
            : alibi
                ? Attention.ALIBI
                : limits != null
                    ? Attention.KEY_LENGTHS
                    : keyLengths != null
                        ? Attention.CU_SEQ_LENS_KEY
                        : layout == Layout.RAGGED ? Attention.CU_SEQ_LENS : Attention.MASK;
  }

  private HostTensor optional(int position, Data data) {
    return switch (position) {
      case Attention.MASK -> mask(data);
      case Attention.CU_SEQ_LENS -> layout == Layout.RAGGED ? Data.starts(lengths) : null;
      case Attention.CU_SEQ_LENS_KEY ->
          keyLengths == null || pageTokens > 0 ? null : Data.starts(keyLengths);
      case Attention.KEY_LENGTHS ->
          pageTokens > 0
              ? Data.ints(keyLengths, keyLengths.length)
              : limits == null ? null : limits(data);
      case Attention.ALIBI ->
          alibi ? data.floats(dtype, () -> Math.pow(2, -data.below(8)), heads) : null;
      case Attention.RELATIVE ->
          relative == 0 ? null : data.normal(dtype, heads, 2L * relative + 1);
      default -> throw new IllegalArgumentException("position " + position);
    };
  }

  private HostTensor limits(Data data) {
    int sequences = layout == Layout.RAGGED ? lengths.length : batch;
    HostTensor values = data.integers(limits, 1, Math.max(1, keys), sequences);
    // The first sequence sees nothing at all.
    values.setLong(0, 0);
    return values;
  }

  private HostTensor mask(Data data) {
    return switch (mask) {
      case NONE -> null;
      case BOOL_ALL -> data.bools(0.7, batch, heads, queries, keys);
      case BOOL_KEYS -> data.bools(0.7, batch, 1, 1, keys);
      case FLOAT_HEADS -> data.normal(dtype, heads, queries, keys);
      case BOOL_ROWS -> {
        HostTensor values = data.bools(0.7, queries, keys);
        for (int i = 0; i < keys; i++) {
          values.setLong(i, 0);
        }
        yield values;
      }
      case FLOAT_HIDING -> {
        HostTensor values = data.normal(DType.F32, batch, 1, queries, keys);
        for (int i = 0; i < values.shape().elements(); i++) {
          if (i < keys || data.below(3) == 0) {
            values.setDouble(i, Double.NEGATIVE_INFINITY);
          }
        }
        yield values;
      }
    };
  }
}
