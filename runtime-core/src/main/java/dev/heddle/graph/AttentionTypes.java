package dev.heddle.graph;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.CacheWrite;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/** The types of an {@link Attention}'s outputs, and the check of its many inputs. */
record AttentionTypes(Attention op, Operands node) {

  List<TensorType> all() {
    TensorType query = node.in(Attention.QUERY);
    TensorType key = node.in(Attention.KEY);
    TensorType value = node.in(Attention.VALUE);
    int rank =
        switch (op.layout()) {
          case RAGGED -> 2;
          case TOKENS -> 3;
          case HEADS -> 4;
        };
    if (node.has(Attention.PAGES)) {
      checkPages(query, key, value);
    } else {
      for (TensorType type : List.of(query, key, value)) {
        node.require(
            type.rank() == rank && type.dtype() == query.dtype() && type.dtype().isFloat(),
            "query, key and value of one float type and rank " + rank);
      }
    }
    node.require(op.heads() > 0 && op.kvHeads() > 0, "heads");
    node.require(op.heads() % op.kvHeads() == 0, "heads a multiple of kvHeads");
    node.require(
        headDim(query, op.heads()).equals(headDim(key, op.kvHeads())), "heads of one size");
    Dim keys = op.layout() == Layout.TOKENS ? key.dim(1) : key.dim(-2);
    checkExtents(query, key, value, keys);
    checkStarts();
    checkMasks(query, keys);
    TensorType y = output(query, value);
    if (op.map() == Attention.Map.NONE) {
      return List.of(y);
    }
    Dim heads = Dim.of(op.heads());
    List<Dim> map =
        switch (op.layout()) {
          case RAGGED -> List.of(heads, query.dim(0), Dim.symbol(Attention.MAX_KEYS));
          case TOKENS -> List.of(query.dim(0), heads, query.dim(1), keys);
          case HEADS -> List.of(query.dim(0), heads, query.dim(2), keys);
        };
    return List.of(y, query.with(map));
  }

  private void checkPages(TensorType query, TensorType key, TensorType value) {
    node.require(op.layout() == Layout.RAGGED, "pages for a ragged batch only");
    node.require(query.rank() == 2 && query.dtype().isFloat(), "queries of floats, rank 2");
    boolean pages =
        key.rank() == 3
            && value.rank() == 3
            && (key.dtype().isFloat() || key.dtype() == CacheWrite.BLOCKS)
            && key.dim(1).isFixed();
    node.require(
        pages
            && key.dtype() == value.dtype()
            && key.dim(0).equals(value.dim(0))
            && key.dim(1).equals(value.dim(1)),
        "keys and values of one float type, or q8_0, [pages, pageTokens, columns], pageTokens a"
            + " number");
    requireWholeBlocks("keys", key);
    requireWholeBlocks("values", value);
    TensorType table = node.in(Attention.PAGES);
    node.require(table.dtype() == DType.I32 && table.rank() == 2, "pages i32 [sequences, most]");
    node.require(node.in(Attention.KEY_LENGTHS).dtype() == DType.I32, "key lengths of i32");
    node.require(!node.has(Attention.CU_SEQ_LENS_KEY), "no starts of keys beside pages");
  }

  /** A head's elements may not share a block with another head's. */
  private void requireWholeBlocks(String what, TensorType type) {
    int block = type.dtype().blockElements();
    Dim elements = headDim(type, op.kvHeads());
    node.require(
        block == 1 || elements.isFixed() && elements.fixed() % block == 0,
        "%s whose heads have a multiple of %d elements where the cache is %s, not %s; store it as f16"
            .formatted(what, block, type.dtype(), elements));
  }

  private TensorType output(TensorType query, TensorType value) {
    List<Dim> dims = new ArrayList<>(query.dims());
    Dim valueDim = headDim(value, op.kvHeads());
    dims.set(
        dims.size() - 1,
        op.layout() == Layout.HEADS ? valueDim : valueDim.times(Dim.of(op.heads())));
    return query.with(dims);
  }

  private Dim headDim(TensorType type, int heads) {
    if (op.layout() == Layout.HEADS) {
      node.require(type.dim(1).is(heads) || !type.dim(1).isFixed(), heads + " heads");
      return type.dim(-1);
    }
    Dim columns = type.dim(-1);
    node.require(
        !columns.isFixed() || columns.fixed() % heads == 0, "columns for " + heads + " heads");
    return columns.dividedBy(Dim.of(heads));
  }

  private void checkStarts() {
    boolean ragged = op.layout() == Layout.RAGGED;
    node.require(ragged == node.has(Attention.CU_SEQ_LENS), ragged ? "cuSeqLens" : "no cuSeqLens");
    for (int position : new int[] {Attention.CU_SEQ_LENS, Attention.CU_SEQ_LENS_KEY}) {
      if (node.has(position)) {
        TensorType starts = node.in(position);
        node.require(starts.dtype() == DType.I32 && starts.rank() == 1, "cuSeqLens, i32 of rank 1");
      }
    }
  }

  /** One batch, one number of keys. */
  private void checkExtents(TensorType query, TensorType key, TensorType value, Dim keys) {
    Dim values = op.layout() == Layout.TOKENS ? value.dim(1) : value.dim(-2);
    node.require(node.has(Attention.PAGES) || alike(keys, values), "as many keys as values");
    if (op.layout() != Layout.RAGGED) {
      boolean one = alike(query.dim(0), key.dim(0)) && alike(query.dim(0), value.dim(0));
      node.require(one, "queries, keys and values of one batch");
    }
  }

  private void checkMasks(TensorType query, Dim keys) {
    if (node.has(Attention.MASK)) {
      TensorType mask = node.in(Attention.MASK);
      node.require(
          op.layout() != Layout.RAGGED && (mask.dtype() == DType.BOOL || mask.dtype().isFloat()),
          "a mask of floats or bool");
      Dim queries = query.dim(op.layout() == Layout.TOKENS ? 1 : 2);
      List<Dim> scores = List.of(query.dim(0), Dim.of(op.heads()), queries, keys);
      boolean fits = mask.rank() <= scores.size();
      for (int i = 1; fits && i <= mask.rank(); i++) {
        fits = mask.dim(-i).is(1) || alike(mask.dim(-i), scores.get(scores.size() - i));
      }
      node.require(fits, "a mask that broadcasts to " + scores);
    }
    if (node.has(Attention.KEY_LENGTHS)) {
      TensorType lengths = node.in(Attention.KEY_LENGTHS);
      boolean whole = lengths.dtype() == DType.I32 || lengths.dtype() == DType.I64;
      node.require(whole && lengths.rank() == 1, "key lengths, i32 or i64 of rank 1");
    }
    if (node.has(Attention.ALIBI)) {
      TensorType slopes = node.in(Attention.ALIBI);
      node.require(slopes.rank() == 1 && slopes.dim(0).is(op.heads()), "a slope for each head");
    }
    if (node.has(Attention.RELATIVE)) {
      TensorType relative = node.in(Attention.RELATIVE);
      boolean fits = relative.rank() == 2 && relative.dim(0).is(op.heads());
      node.require(
          fits && relative.dim(1).isFixed() && relative.dim(1).fixed() % 2 == 1,
          "relative biases [heads, 2r + 1]");
    }
  }

  /** False where both are numbers that differ; what symbols stand for only a run can tell. */
  private static boolean alike(Dim a, Dim b) {
    return a.equals(b) || !a.isFixed() || !b.isFixed();
  }
}
