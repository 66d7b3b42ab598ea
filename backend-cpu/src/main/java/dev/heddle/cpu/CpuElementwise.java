package dev.heddle.cpu;

import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/**
 * Element by element with broadcasting: walks the rows of the first output and up to three inputs
 * and leaves each row to a {@link Function}.
 */
final class CpuElementwise implements Step, WorkerPool.Task, Loops.Row {
  /** Elements that a thread takes at a time. */
  private static final long GRAIN = 16_384;

  /** What is done to one row. */
  interface Function {
    /**
     * Computes {@code count} results at {@code y} from operands at a, b and c.
     *
     * @param loops knows each operand's stride along a row; the result is operand 0
     */
    void row(Loops loops, long count, long y, long a, long b, long c, Scratch scratch);
  }

  private final Site site;
  private final Function function;
  private final Loops loops;

  private CpuElementwise(Site site, Function function) {
    this.site = site;
    this.function = function;
    this.loops = new Loops(site.out(0).rank());
  }

  static CpuKernel of(Function function) {
    return site -> new CpuElementwise(site, function);
  }

  /** True where operands 0 and {@code operand} lie one element after another in a row. */
  static boolean contiguous(Loops loops, int operand, DType dtype) {
    return loops.rowStride(0) == dtype.bytes() && loops.rowStride(operand) == dtype.bytes();
  }

  @Override
  public long bind() {
    loops.broadcast(site, site.out(0), site.in(0), site.in(1), site.in(2));
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, loops.pieces(GRAIN));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    loops.walk(
        piece,
        GRAIN,
        address(site.out(0)),
        address(site.in(0)),
        address(site.in(1)),
        address(site.in(2)),
        this,
        scratch);
  }

  private static long address(Operand operand) {
    return operand == null ? 0 : operand.address();
  }

  @Override
  public void run(long count, long y, long a, long b, long c, Scratch scratch) {
    function.row(loops, count, y, a, b, c, scratch);
  }
}
