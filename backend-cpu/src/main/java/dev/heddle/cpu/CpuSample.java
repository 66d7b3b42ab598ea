package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.getFloat;
import static dev.heddle.cpu.Memory.getInt;
import static dev.heddle.cpu.Memory.getLong;
import static dev.heddle.cpu.Memory.putFloat;
import static dev.heddle.cpu.Memory.putInt;
import static dev.heddle.cpu.Memory.putLong;

import dev.heddle.op.Sample;
import dev.heddle.op.Unary;
import dev.heddle.plan.Choice;

/**
 * {@link Sample}: what may be drawn is gathered, and cut off where a histogram of the bits says so;
 * nothing is sorted.
 */
final class CpuSample implements Step, WorkerPool.Task {
  private static final float NEVER = Float.NEGATIVE_INFINITY;
  private static final float ONE_MASS = 1L << Sample.MASS_BITS;

  /** Largest k that is looked for with a heap, in one pass. */
  private static final int HEAP = 1024;

  private static final int DIGIT = 8;
  private static final int BUCKETS = 1 << DIGIT;

  // Scratch memory: a histogram, what element kernels want, and for each candidate mass, id and
  // what is exponentiated.
  private static final long ELEMENT_SCRATCH = (long) BUCKETS * Long.BYTES;
  private static final long CANDIDATES = ELEMENT_SCRATCH + ElementKernels.SCRATCH;
  private static final long CANDIDATE_BYTES = Long.BYTES + Integer.BYTES + Float.BYTES;

  private final Site site;
  private final ElementKernels elements;
  private int length;

  private CpuSample(Site site, ElementKernels elements) {
    this.site = site;
    this.elements = elements;
  }

  static Choice<CpuKernel.Preparation> choose(Kernels kernels) {
    return CpuKernel.choice(
        "candidates", "a row at a time", site -> new CpuSample(site, kernels.elements()));
  }

  @Override
  public long bind() {
    long extent = site.in(Sample.LOGITS).dim(1);
    if (extent > Sample.LONGEST_ROW) {
      throw site.wrong(
          "rows of %d logits; at most %d are supported".formatted(extent, Sample.LONGEST_ROW));
    }
    length = (int) extent;
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, Math.toIntExact(site.in(Sample.LOGITS).dim(0)));
  }

  @Override
  public void run(int row, Scratch scratch) {
    long logits = site.in(Sample.LOGITS).address() + (long) row * length * Float.BYTES;
    float top = largest(logits);
    int id = -1;
    if (Float.isFinite(top)) {
      float temperature = getFloat(at(Sample.TEMPERATURE, row));
      id = temperature > 0 ? draw(row, logits, top, temperature, scratch) : first(logits, top);
    }
    putInt(site.out(Sample.IDS).address() + (long) row * Integer.BYTES, id);
    if (site.out(Sample.LOG_PROBABILITIES) != null) {
      putFloat(
          site.out(Sample.LOG_PROBABILITIES).address() + (long) row * Float.BYTES,
          id < 0 ? Float.NaN : logProbability(logits, id, top, scratch));
    }
  }

  private long at(int input, int row) {
    return site.in(input).address() + (long) row * Float.BYTES;
  }

  private static float logit(long logits, long id) {
    return getFloat(logits + id * Float.BYTES);
  }

  /** NaN if one is. */
  private float largest(long logits) {
    float largest = NEVER;
    for (int id = 0; id < length; id++) {
      float logit = logit(logits, id);
      // So written that a NaN stays.
      if (!(logit <= largest)) {
        largest = logit;
        if (Float.isNaN(logit)) {
          break;
        }
      }
    }
    return largest;
  }

  private static int first(long logits, float wanted) {
    int id = 0;
    while (logit(logits, id) != wanted) {
      id++;
    }
    return id;
  }

  private float logProbability(long logits, int id, float top, Scratch scratch) {
    long memory = scratch(scratch);
    for (int i = 0; i < length; i++) {
      putFloat(off(memory, i), logit(logits, i) - top);
    }
    long sum = masses(memory, length);
    return logit(logits, id) - top - (float) Math.log(sum / (double) ONE_MASS);
  }

  // The parts of the scratch memory.

  private long scratch(Scratch scratch) {
    return scratch.address(CANDIDATES + length * CANDIDATE_BYTES);
  }

  private static long mass(long memory, long i) {
    return memory + CANDIDATES + i * Long.BYTES;
  }

  private long id(long memory, long i) {
    return mass(memory, length) + i * Integer.BYTES;
  }

  private long off(long memory, long i) {
    return id(memory, length) + i * Float.BYTES;
  }

  /** What each e^off counts; returns the sum. */
  private long masses(long memory, int count) {
    long off = off(memory, 0);
    elements.unary(Unary.Kind.EXP, off, off, count, memory + ELEMENT_SCRATCH);
    long sum = 0;
    for (int i = 0; i < count; i++) {
      long mass = (long) (getFloat(off(memory, i)) * ONE_MASS);
      putLong(mass(memory, i), mass);
      sum += mass;
    }
    return sum;
  }

  private int draw(int row, long logits, float top, float temperature, Scratch scratch) {
    long memory = scratch(scratch);
    int k = getInt(at(Sample.TOP_K, row));
    float least = k >= 1 && k < length ? kth(logits, k, memory) : NEVER;
    int count = 0;
    for (int id = 0; id < length; id++) {
      float logit = logit(logits, id);
      if (logit >= least && logit > NEVER) {
        putInt(id(memory, count), id);
        putFloat(off(memory, count++), (logit - top) / temperature);
      }
    }
    long left = masses(memory, count);
    float p = getFloat(at(Sample.TOP_P, row));
    if (p < 1) {
      count = cut(logits, memory, count, Math.max(1, part(left, p)));
      left = 0;
      for (int i = 0; i < count; i++) {
        left += getLong(mass(memory, i));
      }
    }
    long drawn = part(left, getFloat(at(Sample.UNIFORM, row)));
    long sum = 0;
    int i = -1;
    while (sum <= drawn) {
      sum += getLong(mass(memory, ++i));
    }
    return getInt(id(memory, i));
  }

  /** {@code floor(part * whole)}: the part as a fraction of 32 bits, a product of 96. */
  private static long part(long whole, float part) {
    long fraction = !(part > 0) ? 0 : part >= 1 ? 0xffff_ffffL : (long) (part * 0x1p32f);
    return (whole >>> 32) * fraction + ((whole & 0xffff_ffffL) * fraction >>> 32);
  }

  // Where to cut.

  private float kth(long logits, int k, long memory) {
    if (k > HEAP) {
      for (int id = 0; id < length; id++) {
        putInt(id(memory, id), id);
        putLong(mass(memory, id), 1);
      }
      return number(reached(logits, memory, length, k));
    }
    long heap = off(memory, 0);
    for (int i = 0; i < k; i++) {
      putFloat(heap + 4L * i, logit(logits, i));
    }
    for (int i = k / 2 - 1; i >= 0; i--) {
      sink(heap, i, k);
    }
    float least = getFloat(heap);
    for (int id = k; id < length; id++) {
      float logit = logit(logits, id);
      if (logit > least) {
        putFloat(heap, logit);
        sink(heap, 0, k);
        least = getFloat(heap);
      }
    }
    return least;
  }

  /** Brings the number at {@code place} down to where none below it is smaller. */
  private static void sink(long heap, int place, int size) {
    float number = getFloat(heap + 4L * place);
    for (int child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && getFloat(heap + 4L * child + 4) < getFloat(heap + 4L * child)) {
        child++;
      }
      if (getFloat(heap + 4L * child) >= number) {
        break;
      }
      putFloat(heap + 4L * place, getFloat(heap + 4L * child));
      place = child;
    }
    putFloat(heap + 4L * place, number);
  }

  /** Keeps of the candidates those that have less than {@code wanted} before them. */
  private int cut(long logits, long memory, int count, long wanted) {
    int limit = reached(logits, memory, count, wanted);
    long before = 0;
    for (int i = 0; i < count; i++) {
      before += order(logits, memory, i) > limit ? getLong(mass(memory, i)) : 0;
    }
    int kept = 0;
    for (int i = 0; i < count; i++) {
      int order = order(logits, memory, i);
      boolean stays = order > limit;
      if (order == limit) {
        stays = before < wanted;
        before += getLong(mass(memory, i));
      }
      if (stays) {
        putLong(mass(memory, kept), getLong(mass(memory, i)));
        putInt(id(memory, kept++), getInt(id(memory, i)));
      }
    }
    return kept;
  }

  /**
   * The greatest order at which the masses from there on up reach {@code wanted}; there must be as
   * much. The bits are looked at from the highest, a histogram of masses for each eight.
   */
  private int reached(long logits, long memory, int count, long wanted) {
    long before = 0;
    int found = 0;
    for (int shift = Integer.SIZE - DIGIT; shift >= 0; shift -= DIGIT) {
      Memory.zero(memory, (long) BUCKETS * Long.BYTES);
      for (int i = 0; i < count; i++) {
        int key = order(logits, memory, i) ^ Integer.MIN_VALUE;
        // Shifted twice: by 32 at first, which a single shift takes for 0.
        if (key >>> shift >>> DIGIT == found) {
          long bucket = memory + (long) (key >>> shift & BUCKETS - 1) * Long.BYTES;
          putLong(bucket, getLong(bucket) + getLong(mass(memory, i)));
        }
      }
      int bucket = BUCKETS - 1;
      for (; ; bucket--) {
        long mass = getLong(memory + (long) bucket * Long.BYTES);
        if (before + mass >= wanted) {
          break;
        }
        before += mass;
      }
      found = found << DIGIT | bucket;
    }
    return found ^ Integer.MIN_VALUE;
  }

  /** An int whose order is that of the logits; both zeros are the same. */
  private int order(long logits, long memory, int i) {
    int bits = Float.floatToRawIntBits(logit(logits, getInt(id(memory, i))) + 0f);
    return bits ^ (bits >> 31) >>> 1;
  }

  private static float number(int order) {
    return Float.intBitsToFloat(order ^ (order >> 31) >>> 1);
  }
}
