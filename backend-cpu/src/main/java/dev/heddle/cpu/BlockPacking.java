package dev.heddle.cpu;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;

/** Brings a block-quantised matrix into its {@link BlockLayout}, once, for weights. */
final class BlockPacking {
  private final BlockLayout layout;
  private final Blocks blocks;
  private final byte[] codeOf = new byte[256];
  private final int[] codes = new int[BlockLayout.CHUNK];

  private BlockPacking(BlockLayout layout) {
    this.layout = layout;
    this.blocks = new Blocks(layout.type());
    byte[] table = Blocks.table(layout.type());
    for (int i = 0; i < codeOf.length; i++) {
      codeOf[i] = (byte) i;
    }
    // ggml's tables of 4 bits hold 0 twice; which of its codes stands for it makes no difference.
    for (int i = table == null ? 0 : table.length; i > 0; i--) {
      codeOf[table[i - 1] & 0xff] = (byte) (i - 1);
    }
  }

  /** Bytes of all panels of {@code n} rows. */
  static long bytes(BlockLayout layout, int n) {
    return Math.multiplyExact(layout.panelBytes(), (long) Math.ceilDiv(n, layout.width()));
  }

  /** Packs {@code n} rows of blocks, which begin at {@code from}. */
  static void pack(BlockLayout layout, long from, int n, long to) {
    Memory.zero(to, bytes(layout, n));
    BlockPacking packing = new BlockPacking(layout);
    DType type = layout.type();
    long rowBytes = type.bytes(layout.k());
    for (int row = 0; row < n; row++) {
      long panel = to + row / layout.width() * layout.panelBytes();
      long lane = panel + row % layout.width() * (long) Integer.BYTES;
      for (int block = 0; block < layout.k() / type.blockElements(); block++) {
        packing.blocks.read(Memory.ALL, from + row * rowBytes + (long) block * type.blockBytes());
        packing.put(lane, block);
      }
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
      codes[i] = codeOf[blocks.code(first + i) & 0xff];
    }
    words(at, 0, layout.lowBits());
    words(at + layout.lowBits() * layout.rowBytes(), layout.lowBits(), layout.highBits());
  }

  /** {@code bits} bits of each code of a chunk, from bit {@code from} on: as many words. */
  private void words(long at, int from, int bits) {
    int mask = (1 << bits) - 1;
    int next = 0;
    for (int word = 0; word < bits; word++) {
      int packed = 0;
      for (int shift = 0; shift < Integer.SIZE; shift += bits) {
        packed |= (codes[next++] >> from & mask) << shift;
      }
      Memory.putInt(at + word * layout.rowBytes(), packed);
    }
  }

  private static void or(long address, int bits, int shift) {
    Memory.putInt(address, Memory.getInt(address) | bits << shift);
  }
}
