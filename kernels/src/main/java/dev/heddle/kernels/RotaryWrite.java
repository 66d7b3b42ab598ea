package dev.heddle.kernels;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What stands between a decoder's products and its attention in one launch instead of four: {@link
 * RotaryEmbedding} of queries and of keys, {@link CacheWrite} of keys and of values; {@code
 * rotary_write} of {@code rotary.cl}. On GPUs, where a step of few tokens is made of launches. The
 * rotated keys are nowhere but in the cache.
 *
 * @param query the queries' rotation
 * @param key the keys', whose result {@code keys} alone takes
 * @param keys the keys' write
 * @param values the values' write
 * @param last the last of the four, which launches for all
 */
record RotaryWrite(Node query, Node key, Node keys, Node values, Node last) {
  private static final List<Integer> ANGLES =
      List.of(RotaryEmbedding.COS, RotaryEmbedding.SIN, RotaryEmbedding.POSITIONS);

  /** Those of a graph, by each of their nodes. */
  static Map<Node, RotaryWrite> find(Graph graph, DeviceLimits limits) {
    Map<Node, RotaryWrite> found = new HashMap<>();
    if (!limits.cpu()) {
      Map<Value, List<Node>> uses = graph.uses();
      for (Node node : graph.nodes()) {
        RotaryWrite one = behind(graph, node);
        if (one != null && one.isAlone(graph, uses) && one.isUniform()) {
          one.nodes().forEach(each -> found.put(each, one));
        }
      }
    }
    return found;
  }

  /** The nodes that an attention over pages takes its operands from, where they stand together. */
  private static RotaryWrite behind(Graph graph, Node attention) {
    if (!(attention.op() instanceof Attention && attention.has(Attention.PAGES))) {
      return null;
    }
    Node query = graph.producer(attention.input(Attention.QUERY));
    Node keys = graph.producer(attention.input(Attention.KEY));
    Node values = graph.producer(attention.input(Attention.VALUE));
    Node key = isWrite(keys) ? graph.producer(keys.input(CacheWrite.ROWS)) : null;
    if (!isWrite(values) || !isRotation(query) || !isRotation(key)) {
      return null;
    }
    // Whatever stands between them might want the memory of what is only read at the end, and so
    // might the rotated queries, were they behind what reads the keys.
    IntSummaryStatistics places =
        Stream.of(query, key, keys, values).mapToInt(graph.nodes()::indexOf).summaryStatistics();
    return places.getMax() - places.getMin() == 3 && places.getMin() == graph.nodes().indexOf(query)
        ? new RotaryWrite(query, key, keys, values, graph.nodes().get(places.getMax()))
        : null;
  }

  private static boolean isWrite(Node node) {
    return node != null && node.op() instanceof CacheWrite;
  }

  private static boolean isRotation(Node node) {
    return node != null && node.op() instanceof RotaryEmbedding;
  }

  private List<Node> nodes() {
    return List.of(query, key, keys, values);
  }

  /** Nobody else takes the rotated keys, nor the caches as they were. */
  private boolean isAlone(Graph graph, Map<Value, List<Node>> uses) {
    return !graph.outputs().containsValue(key.output())
        && uses.get(key.output()).size() == 1
        && uses.get(keys.input(CacheWrite.CACHE)).size() == 1
        && uses.get(values.input(CacheWrite.CACHE)).size() == 1;
  }

  /** Both are rotated alike, as a whole, and what is written is of one type, at one place. */
  private boolean isUniform() {
    RotaryEmbedding of = (RotaryEmbedding) query.op();
    RotaryEmbedding other = (RotaryEmbedding) key.op();
    Value x = query.input(RotaryEmbedding.X);
    Value rows = values.input(CacheWrite.ROWS);
    DType type = x.type().dtype();
    DType cache = keys.input(CacheWrite.CACHE).type().dtype();
    Dim tokens = x.type().dim(0);
    List<Dim> slots = keys.input(CacheWrite.CACHE).type().dims().subList(0, 2);
    return other.equals(new RotaryEmbedding(other.heads(), of.rotaryDim(), of.interleaved()))
        && isWhole(query)
        && isWhole(key)
        && ANGLES.stream().allMatch(i -> sameInput(query, key, i))
        && sameInput(keys, values, CacheWrite.SLOTS)
        && key.input(RotaryEmbedding.X).type().dtype() == type
        && rows.type().dtype() == type
        && values.input(CacheWrite.CACHE).type().dtype() == cache
        && values.input(CacheWrite.CACHE).type().dims().subList(0, 2).equals(slots)
        && Stream.of(type, cache, query.input(RotaryEmbedding.COS).type().dtype())
            .allMatch(each -> !each.isQuantized() && each != DType.F64)
        && key.input(RotaryEmbedding.X).type().dim(0).equals(tokens)
        && rows.type().dim(0).equals(tokens);
  }

  private static boolean sameInput(Node a, Node b, int position) {
    return a.has(position) == b.has(position)
        && (!a.has(position) || a.input(position).equals(b.input(position)));
  }

  private static boolean isWhole(Node rotation) {
    RotaryEmbedding op = (RotaryEmbedding) rotation.op();
    Value x = rotation.input(RotaryEmbedding.X);
    return op.heads() > 0
        && x.type().rank() == 2
        && x.type().dim(1).is((long) op.heads() * op.rotaryDim());
  }

  /** One node's choice, instead of its own. */
  Choice<Launch.Preparation> choose(Node node, Choice.Run<Launch.Preparation> own) {
    return new Choice.Run<>(
        "rotary and cache",
        node == last ? "one launch for four nodes" : "in the launch of " + last.name(),
        own.inPlace(),
        own.into(),
        own.packed(),
        workshop -> prepare(node, workshop));
  }

  private Launch.Kernel prepare(Node node, Workshop workshop) {
    if (node != last) {
      return site -> new Member(own(site));
    }
    int pack =
        Packs.of(
            workshop.limits(),
            query.input(RotaryEmbedding.X).type().dtype(),
            keys.input(CacheWrite.CACHE).type().dtype());
    DeviceKernel kernel = workshop.compile(source(pack));
    return site -> new Together(this, site, new Sites(site, this), own(site), kernel, pack);
  }

  private static Launch own(LaunchSite site) {
    return site.node().op() instanceof RotaryEmbedding op
        ? new RotaryEmbeddingLaunch(site, op, null, 1)
        : new CacheWriteLaunch(site, null, 1);
  }

  private KernelSource source(int pack) {
    List<String> defines =
        new ArrayList<>(RotaryEmbeddingLaunch.defines(query, (RotaryEmbedding) query.op()));
    defines.add("C " + keys.input(CacheWrite.CACHE).type().dtype());
    defines.add(RunStatus.Fault.SLOT.define());
    return Packs.in(new KernelSource("rotary.cl", "rotary_write", defines), pack);
  }

  /** What only checks its node's extents. */
  private record Member(Launch own) implements Launch {
    @Override
    public long bind() {
      return own.bind();
    }

    @Override
    public void run() {}
  }

  /** The four nodes' places in a run. */
  private record Sites(LaunchSite query, LaunchSite key, LaunchSite keys, LaunchSite values) {
    Sites(LaunchSite last, RotaryWrite of) {
      this(last.of(of.query), last.of(of.key), last.of(of.keys), last.of(of.values));
    }
  }

  /** The last one, which computes all. */
  private record Together(
      RotaryWrite all, LaunchSite site, Sites of, Launch own, DeviceKernel kernel, int pack)
      implements Launch {
    @Override
    public long bind() {
      return own.bind();
    }

    @Override
    public void run() {
      RotaryEmbedding op = (RotaryEmbedding) all.query.op();
      int keyHeads = ((RotaryEmbedding) all.key.op()).heads();
      Operand x = of.query.in(RotaryEmbedding.X);
      Operand cos = of.query.in(RotaryEmbedding.COS);
      Operand positions = of.query.in(RotaryEmbedding.POSITIONS);
      Operand cache = of.values.in(CacheWrite.CACHE);
      long tokens = x.dim(0);
      int pairs = op.rotaryDim() / 2;
      int columns = (int) cache.dim(2);
      long rows = cos.product(0, cos.rank() - 1);
      site.tensor(of.query.out(0)).tensor(x);
      site.tensor(of.keys.in(CacheWrite.CACHE)).tensor(of.key.in(RotaryEmbedding.X));
      site.tensor(cache).tensor(of.values.in(CacheWrite.ROWS));
      site.tensor(cos).tensor(of.query.in(RotaryEmbedding.SIN)).tensor(positions);
      site.tensor(of.keys.in(CacheWrite.SLOTS)).put(tokens).put(op.heads()).put(keyHeads);
      site.put(pairs).put(columns).put(rows);
      site.put(positions == null ? rows : positions.elements());
      site.put(cache.dim(0) * cache.dim(1)).status(of.query).number(of.keys);
      long items = (long) (op.heads() + keyHeads) * Math.ceilDiv(pairs, pack);
      Grid.rows(site, kernel, tokens, items + Math.ceilDiv(columns, pack));
    }
  }
}
