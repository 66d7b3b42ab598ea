package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link RotaryEmbedding}: in float32 where all is, else in float64, rounded once. */
final class CpuRotaryEmbedding implements Step, WorkerPool.Task {
  /** Head vectors that a thread takes at a time. */
  private static final long VECTORS = 64;

  private final Site site;
  private final RotaryEmbedding op;
  private final RotaryKernel kernel;
  private long heads;
  private long headDim;
  private long sequence;
  private long vectors;
  private long tableRows;

  /**
   * @param kernel for float32, or null to go by float64
   */
  private CpuRotaryEmbedding(Site site, RotaryEmbedding op, RotaryKernel kernel) {
    this.site = site;
    this.op = op;
    this.kernel = kernel;
  }

  static Choice<CpuKernel.Preparation> choose(Node node, RotaryEmbedding op, Kernels kernels) {
    boolean floats =
        node.input(RotaryEmbedding.X).type().dtype() == DType.F32
            && node.input(RotaryEmbedding.COS).type().dtype() == DType.F32
            && node.input(RotaryEmbedding.SIN).type().dtype() == DType.F32;
    CpuKernel step = site -> new CpuRotaryEmbedding(site, op, floats ? kernels.rotary() : null);
    return (floats ? CpuKernel.choice(kernels.name(), "float32", step) : CpuKernel.doubles(step))
        .over(RotaryEmbedding.X);
  }

  @Override
  public long bind() {
    Operand x = site.in(RotaryEmbedding.X);
    Operand cos = site.in(RotaryEmbedding.COS);
    boolean headsFirst = op.heads() == 0;
    heads = headsFirst ? x.dim(1) : op.heads();
    if (!headsFirst && x.dim(-1) % heads != 0) {
      throw site.wrong("%s cannot be divided into %d heads".formatted(x, heads));
    }
    headDim = headsFirst ? x.dim(3) : x.dim(-1) / heads;
    sequence = x.dim(-2);
    vectors = headDim == 0 ? 0 : x.elements() / headDim;
    if (op.rotaryDim() > headDim && vectors > 0) {
      throw site.wrong(
          "rotaryDim %d is more than the %d elements of a head".formatted(op.rotaryDim(), headDim));
    }
    tableRows = cos.product(0, cos.rank() - 1);
    checkRows();
    return 0;
  }

  /** Tokens find their rows by positions that repeat, or by tables that do. */
  private void checkRows() {
    long tokens = heads == 0 ? 0 : vectors / heads;
    Operand positions = site.in(RotaryEmbedding.POSITIONS);
    long rows = positions == null ? tableRows : positions.elements();
    if (tokens > 0 && (rows == 0 || tokens % rows != 0)) {
      throw site.wrong(
          "%d tokens and %d %s; expected one for each, or for each of a sequence"
              .formatted(tokens, rows, positions == null ? "rows of the tables" : "positions"));
    }
  }

  @Override
  public void run() {
    Operand positions = site.in(RotaryEmbedding.POSITIONS);
    for (long i = 0; positions != null && i < positions.elements(); i++) {
      long position = position(positions, i);
      if (position < 0 || position >= tableRows) {
        throw site.wrong(
            "position %d is out of range; the tables have %d".formatted(position, tableRows));
      }
    }
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(vectors, VECTORS)));
  }

  private static long position(Operand positions, long i) {
    DType dtype = positions.dtype();
    return Scalars.getLong(dtype, positions.address() + i * dtype.bytes());
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long end = Math.min(vectors, (piece + 1) * VECTORS);
    for (long vector = piece * VECTORS; vector < end; vector++) {
      // [batch, heads, sequence] or [batch, sequence, heads], counted through.
      boolean headsFirst = op.heads() == 0;
      long token =
          headsFirst ? vector / (heads * sequence) * sequence + vector % sequence : vector / heads;
      turn(vector, row(token));
    }
  }

  private long row(long token) {
    Operand positions = site.in(RotaryEmbedding.POSITIONS);
    return positions == null
        ? token % tableRows
        : position(positions, token % positions.elements());
  }

  private void turn(long vector, long row) {
    Operand cos = site.in(RotaryEmbedding.COS);
    Operand sin = site.in(RotaryEmbedding.SIN);
    int bytes = site.in(RotaryEmbedding.X).dtype().bytes();
    long half = op.rotaryDim() / 2;
    long x = site.in(RotaryEmbedding.X).address() + vector * headDim * bytes;
    long y = site.out(0).address() + vector * headDim * bytes;
    if (kernel != null) {
      long at = row * half * Float.BYTES;
      kernel.turn(op.interleaved(), x, y, cos.address() + at, sin.address() + at, (int) half);
    } else {
      turn(x, y, cos, sin, row * half);
    }
    if (x != y) {
      long rest = op.rotaryDim() * (long) bytes;
      Memory.copy(x + rest, y + rest, (headDim - op.rotaryDim()) * bytes);
    }
  }

  private void turn(long x, long y, Operand cos, Operand sin, long first) {
    DType dtype = site.in(RotaryEmbedding.X).dtype();
    DType table = cos.dtype();
    int bytes = dtype.bytes();
    long half = op.rotaryDim() / 2;
    long step = op.interleaved() ? 2 : 1;
    long apart = op.interleaved() ? 1 : half;
    for (long n = 0; n < half; n++) {
      long i = n * step * bytes;
      long j = i + apart * bytes;
      long at = (first + n) * table.bytes();
      double c = Scalars.getDouble(table, cos.address() + at);
      double s = Scalars.getDouble(table, sin.address() + at);
      double a = Scalars.getDouble(dtype, x + i);
      double b = Scalars.getDouble(dtype, x + j);
      Scalars.putDouble(dtype, y + i, a * c - b * s);
      Scalars.putDouble(dtype, y + j, a * s + b * c);
    }
  }
}
