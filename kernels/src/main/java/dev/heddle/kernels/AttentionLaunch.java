package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link Attention}: {@code attention_vectors.cl}, a tile of queries a work-item, on CPUs; {@link
 * AttentionTensor}'s on tensor cores; {@code attention.cl}, a tile a group, elsewhere and for
 * float64; with {@link AttentionSplit} for few queries of a cache. Lengths of sequences are on the
 * device, so the grid has as many tiles as any lengths need.
 */
final class AttentionLaunch implements Launch {
  // What attention_vectors.cl and attention.cl define.
  private static final int CHUNK = 128;
  private static final int TILE = 64;
  private static final int ITEMS = 128;
  private static final int BLOCK = 32;
  private static final int SLICE = 32;

  /** Slices of a value's elements that an item keeps sums of. */
  private static final int MOST_VALUE_SLICES = 4;

  /**
   * A variant of the kernel.
   *
   * @param tile queries of a group
   * @param heads of a group, that share a key/value head
   * @param values elements of a value that a group does
   * @param items of a group
   */
  record Variant(KernelSource source, int tile, int heads, int values, int items) {}

  private final LaunchSite site;
  private final Attention op;
  private final Variant variant;
  private final DeviceKernel kernel;
  private final AttentionSplit split;
  private final AttentionExtents extents;

  /** Of the starts of queries, and of those of keys if they have their own. */
  private final List<StartsCheck> checks = new ArrayList<>();

  private AttentionLaunch(
      LaunchSite site,
      Attention op,
      Variant variant,
      DeviceKernel kernel,
      AttentionSplit split,
      DeviceKernel check) {
    this.site = site;
    this.op = op;
    this.variant = variant;
    this.kernel = kernel;
    this.split = split;
    this.extents = new AttentionExtents(site, op);
    for (int position : new int[] {Attention.CU_SEQ_LENS, Attention.CU_SEQ_LENS_KEY}) {
      if (check != null && site.in(position) != null) {
        checks.add(new StartsCheck(site, position, check));
      }
    }
  }

  static Choice<Preparation> choose(Node node, Attention op, DeviceLimits limits) {
    boolean vectors = limits.cpu() && dtype(node) != DType.F64;
    boolean tensor = AttentionTensor.serves(node, defines(node), limits);
    if (!vectors && querySlices(node, limits) < 0) {
      return new Choice.Refuse<>(
          "%s has %d bytes of local memory for a group; attention of %s needs %d"
              .formatted("the device", limits.localBytes(), dtype(node), localBytes(node, 1)));
    }
    Variant variant =
        vectors
            ? vectors(node, limits)
            : tensor ? AttentionTensor.prompt(node, defines(node), limits) : groups(node, limits);
    return Choice.Run.of(
        vectors ? "flash, vectors" : tensor ? AttentionTensor.name(limits) : "flash, groups",
        "blocks of keys, scores never stored",
        workshop -> {
          DeviceKernel kernel = workshop.compile(variant.source());
          AttentionSplit split =
              vectors
                  ? null
                  : tensor
                      ? AttentionTensor.split(workshop, node, defines(node))
                      : AttentionSplit.prepare(workshop, node, defines(node));
          boolean ragged = op.layout() == Attention.Layout.RAGGED;
          DeviceKernel check = ragged ? StartsCheck.prepare(workshop) : null;
          return site -> new AttentionLaunch(site, op, variant, kernel, split, check);
        });
  }

  private static DType dtype(Node node) {
    return node.input(Attention.QUERY).type().dtype();
  }

  private static Variant vectors(Node node, DeviceLimits limits) {
    int lanes = Math.clamp(Integer.highestOneBit(limits.vectorFloats()), 4, 16);
    List<String> defines = defines(node);
    defines.add("VEC_LANES " + lanes);
    KernelSource source = new KernelSource("attention_vectors.cl", "attention", defines);
    return new Variant(source, 2 * lanes, 1, CHUNK, 1);
  }

  private static Variant groups(Node node, DeviceLimits limits) {
    Dim valueDim = headDim(node, Attention.VALUE);
    int values =
        valueDim.isFixed() ? (int) Math.min(MOST_VALUE_SLICES, slices(valueDim.fixed())) : 1;
    List<String> defines = defines(node);
    defines.add("QUERY_SLICES " + querySlices(node, limits));
    defines.add("VALUE_SLICES " + values);
    KernelSource source = new KernelSource("attention.cl", "attention", defines);
    return new Variant(source, TILE, 1, values * SLICE, ITEMS);
  }

  /** Elements of a head of an input; not fixed if nobody can know. */
  static Dim headDim(Node node, int position) {
    Attention op = (Attention) node.op();
    Dim columns = node.input(position).type().dim(-1);
    int heads = position == Attention.QUERY ? op.heads() : op.kvHeads();
    return op.layout() == Attention.Layout.HEADS ? columns : columns.dividedBy(Dim.of(heads));
  }

  private static long slices(long elements) {
    return Math.ceilDiv(elements, SLICE);
  }

  /** Slices of the queries that stay in local memory; negative if not even one fits. */
  private static int querySlices(Node node, DeviceLimits limits) {
    Dim headDim = headDim(node, Attention.QUERY);
    long all = headDim.isFixed() ? slices(headDim.fixed()) : 1;
    if (localBytes(node, all) <= limits.localBytes()) {
      return (int) Math.max(1, all);
    }
    return localBytes(node, 1) <= limits.localBytes() ? 1 : -1;
  }

  private static long localBytes(Node node, long querySlices) {
    long elements = querySlices * SLICE * (TILE + 1) + (SLICE + TILE) * (BLOCK + 1) + 7 * TILE;
    return elements * (dtype(node) == DType.F64 ? Double.BYTES : Float.BYTES);
  }

  private static List<String> defines(Node node) {
    DType x = dtype(node);
    DType mask = dtype(node, Attention.MASK, x);
    // What is absent is named as what is usual, so that there are fewer variants.
    DType usual = x == DType.F64 ? x : DType.F32;
    List<String> defines =
        new ArrayList<>(
            Types.defines(
                "X", x,
                "KV", dtype(node, Attention.KEY, x),
                "MASK", mask,
                "SLOPE", dtype(node, Attention.ALIBI, usual),
                "BIAS", dtype(node, Attention.RELATIVE, usual),
                "LENGTH", dtype(node, Attention.KEY_LENGTHS, DType.I32)));
    if (mask == DType.BOOL) {
      defines.add("LOGICAL_MASK");
    }
    defines.add(RunStatus.Fault.MAP_KEYS.define());
    defines.add(RunStatus.Fault.PAGE.define());
    defines.add(RunStatus.Fault.KEY_LENGTH.define());
    return defines;
  }

  private static DType dtype(Node node, int position, DType other) {
    Value value = node.input(position);
    return value == null ? other : value.type().dtype();
  }

  @Override
  public long bind() {
    checks.forEach(StartsCheck::bind);
    extents.bind();
    return splits() ? split.workspace(extents, op) : 0;
  }

  private boolean splits() {
    return split != null && split.serves(extents);
  }

  @Override
  public void run() {
    for (int i = 0; i < checks.size(); i++) {
      checks.get(i).run(i == 0 ? extents.queries() : extents.keys());
    }
    if (splits()) {
      split.run(site, extents, op, this::putOperands);
      return;
    }
    putOperands();
    long crowds = Math.ceilDiv(op.heads() / op.kvHeads(), variant.heads());
    long chunks = Math.ceilDiv(extents.valueDim(), variant.values());
    site.launch(
        kernel,
        new Extent(extents.slots(variant.tile()), op.kvHeads() * crowds, chunks),
        Extent.of(variant.items()));
  }

  /** {@code ARGUMENTS} of the kernels. */
  private void putOperands() {
    extents.putVectors(site.in(Attention.QUERY), op.heads());
    extents.putVectors(site.in(Attention.KEY), op.kvHeads());
    extents.putVectors(site.in(Attention.VALUE), op.kvHeads());
    extents.putVectors(site.out(Attention.Y), op.heads());
    extents.putMap(site.out(Attention.MAP));
    site.put(op.map().ordinal());
    extents.putMask();
    extents.putStarts();
    Operand relative = site.in(Attention.RELATIVE);
    site.tensor(site.in(Attention.KEY_LENGTHS))
        .tensor(site.in(Attention.ALIBI))
        .tensor(relative)
        .put(relative == null ? 0 : (int) (relative.dim(1) / 2));
    extents.putPages();
    site.put(extents.sequences())
        .put(extents.queries())
        .put(extents.keys())
        .put(op.heads() / op.kvHeads())
        .put(extents.headDim())
        .put(extents.valueDim());
    putReal(op.scale());
    putReal(op.softCap());
    site.put(op.causal().ordinal()).put(op.window()).status();
  }

  private void putReal(double x) {
    if (dtype(site.node()) == DType.F64) {
      site.put(x);
    } else {
      site.put((float) x);
    }
  }
}
