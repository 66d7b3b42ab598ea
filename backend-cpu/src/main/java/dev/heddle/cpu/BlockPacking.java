package dev.heddle.cpu;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Brings a block-quantised matrix into its {@link BlockLayout}, once, for weights. */
final class BlockPacking {
  /** The lowest bit of each of eight codes. */
  private static final long ONES = 0x0101010101010101L;

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final BlockLayout layout;
  private final Blocks blocks;
  private final boolean maps;
  private final byte[] codeOf = new byte[256];

  /** A chunk's, and what is read behind them with the last. */
  private final byte[] codes = new byte[BlockLayout.CHUNK + Long.BYTES];

  private BlockPacking(BlockLayout layout) {
    this.layout = layout;
    this.blocks = new Blocks(layout.type());
    byte[] table = Blocks.table(layout.type());
    this.maps = table != null;
    // ggml's tables of 4 bits hold 0 twice; which of its codes stands for it makes no difference.
    for (int i = maps ? table.length : 0; i > 0; i--) {
      codeOf[table[i - 1] & 0xff] = (byte) (i - 1);
    }
  }

  /** Bytes of all panels of {@code n} rows. */
  static long bytes(BlockLayout layout, int n) {
    return Math.multiplyExact(layout.panelBytes(), (long) Math.ceilDiv(n, layout.width()));
  }

  /** Packs {@code n} rows of blocks, which begin at {@code from}, a panel a piece. */
  static void pack(BlockLayout layout, long from, int n, long to, WorkerPool workers) {
    long rowBytes = layout.type().bytes(layout.k());
    int width = layout.width();
    workers.run(
        (panel, scratch) -> {
          int first = panel * width;
          int rows = Math.min(n - first, width);
          long place = to + panel * layout.panelBytes();
          new BlockPacking(layout).pack(from + first * rowBytes, rowBytes, rows, place);
        },
        Math.ceilDiv(n, width));
  }

  private void pack(long from, long rowBytes, int rows, long panel) {
    Memory.zero(panel, layout.panelBytes());
    DType type = layout.type();
    for (int row = 0; row < rows; row++) {
      long lane = panel + row * (long) Integer.BYTES;
      for (int block = 0; block < layout.k() / type.blockElements(); block++) {
        long own = from + row * rowBytes + (long) block * type.blockBytes();
        if (!copy(own, lane, block)) {
          blocks.read(Memory.ALL, own);
          put(lane, block);
        }
      }
    }
  }

  /** Copies a block whose words can be told from its bytes; false if it is of another type. */
  private boolean copy(long from, long lane, int block) {
    long codes = lane + layout.codes(block);
    switch (layout.type()) {
      case Q8_0 -> {
        for (int word = 0; word < 8; word++) {
          int four = Memory.getInt(from + 2 + word * (long) Integer.BYTES);
          Memory.putInt(codes + word * layout.rowBytes(), four);
        }
      }
      case Q4_0 -> nibbles(from + 2, codes, 0x88888888);
      case IQ4_NL -> nibbles(from + 2, codes, 0);
      case Q4_1 -> nibbles(from + 4, codes, 0);
      default -> {
        return false;
      }
    }
    int base = layout.offsets() ? Memory.getInt(from) : Memory.getShort(from) & 0xffff;
    or(lane + layout.base(block), base, layout.baseShift(block));
    return true;
  }

  /** 16 bytes: the codes of the lower halves, then those of the upper, with bits inverted. */
  private void nibbles(long from, long to, int inverted) {
    for (int half = 0; half < 2; half++) {
      long eight = Memory.getLong(from + half * (long) Long.BYTES);
      int low = (int) Long.compress(eight, ONES * 15);
      int high = (int) Long.compress(eight, ONES * 15 << 4);
      Memory.putInt(to + half * layout.rowBytes(), low ^ inverted);
      Memory.putInt(to + (2 + half) * layout.rowBytes(), high ^ inverted);
    }
  }

  /** The block read last, number {@code block} of the row whose words begin at {@code lane}. */
  private void put(long lane, int block) {
    int chunks = layout.type().blockElements() / BlockLayout.CHUNK;
    int first = block * chunks;
    or(lane + layout.base(first), bits(blocks.base()), layout.baseShift(first));
    if (layout.offsets()) {
      or(lane + layout.base(first), bits(blocks.offsetBase()), 16);
    }
    for (int chunk = 0; chunk < chunks; chunk++) {
      for (int group = 0; group < layout.groups() && layout.large(); group++) {
        int number = chunk * layout.groups() + group;
        int shift = layout.factorShift(first + chunk, group);
        or(lane + layout.factor(first + chunk, group), blocks.factor(number) & 0xff, shift);
        if (layout.offsets()) {
          long at = lane + layout.offsetFactor(first + chunk, group);
          or(at, blocks.offsetFactor(number), shift);
        }
      }
      codes(lane + layout.codes(first + chunk), chunk * BlockLayout.CHUNK);
    }
  }

  private int bits(float base) {
    return layout.powers()
        ? Float.floatToRawIntBits(base) >>> 16
        : Float.floatToFloat16(base) & 0xffff;
  }

  private void codes(long at, int first) {
    for (int i = 0; i < BlockLayout.CHUNK; i++) {
      byte code = (byte) blocks.code(first + i);
      codes[i] = maps ? codeOf[code & 0xff] : code;
    }
    words(at, 0, layout.lowBits());
    words(at + layout.lowBits() * layout.rowBytes(), layout.lowBits(), layout.highBits());
  }

  /** {@code bits} bits of each code of a chunk, from bit {@code from} on: as many words. */
  private void words(long at, int from, int bits) {
    long mask = ONES * ((1 << bits) - 1);
    int next = 0;
    for (int word = 0; word < bits; word++) {
      long packed = 0;
      for (int shift = 0; shift < Integer.SIZE; shift += 8 * bits) {
        // Eight codes at a time; of 8 bits, four are left for the next word.
        long eight = (long) EIGHT.get(codes, next) >>> from & mask;
        packed |= Long.compress(eight, mask) << shift;
        next += Math.min(8, Integer.SIZE / bits);
      }
      Memory.putInt(at + word * layout.rowBytes(), (int) packed);
    }
  }

  private static void or(long address, int bits, int shift) {
    Memory.putInt(address, Memory.getInt(address) | bits << shift);
  }
}
