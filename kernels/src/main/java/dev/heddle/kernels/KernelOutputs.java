package dev.heddle.kernels;

import dev.heddle.backend.Outputs;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.util.Arrays;

/**
 * The memory that one run writes its outputs to, and hands to the caller if all went well. Block 0
 * begins with the run's status; behind it lie the small outputs, so that one command brings all of
 * these to the host. Large outputs have a block each, but for output 0, which is the last of block
 * 0 then.
 */
final class KernelOutputs {
  /** Bytes that come to the host with the status of a run whose caller runs again and again. */
  private static final long SMALL = 4 << 20;

  private final KernelMemory memory;
  private final String[] names;
  private final Operand[] operands;

  // By output.
  private final Shape[] shapes;
  private final int[] block;
  private final long[] offset;

  // By block.
  private final int[] first;
  private final long[] bytes;
  private final Block[] blocks;
  private final DeviceMemory[] memories;

  /** What a block has that was offered and is too small; 0 for others. */
  private final long[] tooSmall;

  private int count;

  /** Bytes of the status and of the small outputs behind it. */
  private long head;

  /** Outputs of an earlier run that may be written again; null if there are none. */
  private Outputs offered;

  /** Whether this run writes to the memory of {@link #offered}, of which each is retained. */
  private boolean again;

  /**
   * No memory yet.
   *
   * @param operands what tells each output's type and extents, in the order of {@code names}
   */
  KernelOutputs(KernelMemory memory, String[] names, Operand[] operands) {
    this.memory = memory;
    this.names = names;
    this.operands = operands;
    this.shapes = new Shape[names.length];
    this.block = new int[names.length];
    this.offset = new long[names.length];
    int most = Math.max(1, names.length);
    this.first = new int[most];
    this.bytes = new long[most];
    this.blocks = new Block[most];
    this.memories = new DeviceMemory[most];
    this.tooSmall = new long[most];
  }

  /** Learns new extents. */
  void bind() {
    count = 1;
    head = RunStatus.BYTES;
    boolean firstIsLarge = false;
    for (int i = 0; i < names.length; i++) {
      shapes[i] = operands[i].extents();
      long at = memory.align(head);
      if (at + operands[i].bytes() <= SMALL) {
        put(i, 0, at);
        head = at + operands[i].bytes();
      } else if (i == 0) {
        firstIsLarge = true;
      } else {
        put(i, count, 0);
        first[count] = i;
        bytes[count++] = operands[i].bytes();
      }
    }
    bytes[0] = head;
    if (firstIsLarge) {
      put(0, 0, memory.align(head));
      bytes[0] = offset[0] + operands[0].bytes();
    }
  }

  private void put(int output, int inBlock, long at) {
    block[output] = inBlock;
    offset[output] = at;
  }

  /** The place of output {@code position}. */
  long place(int position) {
    return Places.output(block[position]) + offset[position];
  }

  /** By block: its memory. */
  DeviceMemory[] memories() {
    return memories;
  }

  /** Bytes of the status and of the small outputs behind it. */
  long head() {
    return head;
  }

  /** Where {@link #head} bytes come to on the host; null where nobody asked for it. */
  HostMemory mirror() {
    return blocks[0].mirror();
  }

  /** Takes an earlier run's outputs, or null. */
  void offer(Outputs last) {
    offered = last;
  }

  /** Closes what was offered and not taken. */
  void decline() {
    if (offered != null) {
      offered.close();
      offered = null;
    }
  }

  /**
   * Takes memory for all: that of what was offered where it fits.
   *
   * @param mirrored whether small outputs are wanted on the host
   */
  void acquire(boolean mirrored) {
    Arrays.fill(tooSmall, 0);
    if (offered == null || !acquireOffered()) {
      decline();
      allocate();
    }
    if (mirrored) {
      try {
        blocks[0].growMirror(memory.device(), head);
      } catch (RuntimeException | Error e) {
        release();
        throw e;
      }
    }
    blocks[0].mirrored(0);
  }

  private boolean acquireOffered() {
    if (names.length == 0 || offered.size() != names.length || !retain()) {
      return false;
    }
    again = true;
    for (int b = 0; b < count; b++) {
      Block candidate = tensor(first[b]).block();
      boolean fits = candidate.memory().bytes() >= bytes[b];
      for (int other = 0; other < b; other++) {
        fits &= blocks[other] != candidate;
      }
      if (!fits) {
        tooSmall[b] = Math.min(candidate.memory().bytes(), bytes[b]);
        release();
        return false;
      }
      blocks[b] = candidate;
      memories[b] = candidate.memory();
    }
    return true;
  }

  private DeviceTensor tensor(int output) {
    return (DeviceTensor) offered.get(output);
  }

  /** Keeps all that was offered; false where that cannot be. */
  private boolean retain() {
    int retained = 0;
    boolean all = false;
    try {
      while (retained < names.length
          && offered.get(retained) instanceof DeviceTensor own
          && own.backend() == memory
          && own.retainAlone()) {
        retained++;
      }
      all = retained == names.length;
      return all;
    } finally {
      for (int i = 0; !all && i < retained; i++) {
        tensor(i).release();
      }
    }
  }

  private void allocate() {
    try {
      for (int b = 0; b < count; b++) {
        memories[b] = memory.allocate(bytes[b], tooSmall[b], "an output");
        blocks[b] = new Block(memories[b]);
      }
    } catch (RuntimeException | Error e) {
      release();
      throw e;
    }
  }

  /** Lets the memory go: the run has failed, or the caller has it. */
  void release() {
    if (again) {
      again = false;
      for (int i = 0; i < names.length; i++) {
        tensor(i).release();
      }
    } else {
      for (Block own : blocks) {
        if (own != null) {
          own.release();
        }
      }
    }
    Arrays.fill(blocks, null);
    Arrays.fill(memories, null);
  }

  /**
   * Leaves the memory to the caller.
   *
   * @param mirrored bytes of block 0 that have come to the host
   */
  Outputs hand(long mirrored) {
    blocks[0].mirrored(mirrored);
    Outputs handed = areOffered() ? offered : new Outputs(names, tensors());
    release();
    if (handed == offered) {
      offered = null;
    }
    return handed;
  }

  /** Whether the outputs are the very tensors that were offered. */
  private boolean areOffered() {
    boolean same = again;
    for (int i = 0; same && i < names.length; i++) {
      DeviceTensor tensor = tensor(i);
      same =
          tensor.block() == blocks[block[i]]
              && tensor.offset() == offset[i]
              && tensor.dtype() == operands[i].dtype()
              && tensor.shape().equals(shapes[i]);
    }
    return same;
  }

  private Tensor[] tensors() {
    Tensor[] tensors = new Tensor[names.length];
    for (int i = 0; i < tensors.length; i++) {
      Block own = blocks[block[i]];
      own.retain();
      tensors[i] = new DeviceTensor(memory, operands[i].dtype(), shapes[i], own, offset[i]);
    }
    return tensors;
  }
}
