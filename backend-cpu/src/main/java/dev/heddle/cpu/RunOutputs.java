package dev.heddle.cpu;

import dev.heddle.backend.Outputs;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;

/** The memory that one run writes its outputs to, and hands to the caller if all went well. */
final class RunOutputs {
  private final CpuMemory memory;
  private final String[] names;
  private final Operand[] operands;
  private final Shape[] shapes;
  private final NativePool.Block[] blocks;

  /**
   * No memory yet.
   *
   * @param operands what tells each output's type and extents, in the order of {@code names}
   */
  RunOutputs(CpuMemory memory, String[] names, Operand[] operands) {
    this.memory = memory;
    this.names = names;
    this.operands = operands;
    this.shapes = new Shape[names.length];
    this.blocks = new NativePool.Block[names.length];
  }

  /** Learns new extents. */
  void bind() {
    for (int i = 0; i < shapes.length; i++) {
      shapes[i] = operands[i].extents();
    }
  }

  /** Takes memory for all. */
  void acquire() {
    try {
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = memory.acquire(operands[i].bytes(), "an output");
      }
    } catch (RuntimeException | Error e) {
      release();
      throw e;
    }
  }

  long address(int position) {
    return blocks[position].address();
  }

  /** Gives the memory back: the run has failed. */
  void release() {
    for (int i = 0; i < blocks.length; i++) {
      if (blocks[i] != null) {
        memory.release(blocks[i]);
        blocks[i] = null;
      }
    }
  }

  /** Leaves the memory to the caller. */
  Outputs hand() {
    Tensor[] tensors = new Tensor[blocks.length];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = memory.tensor(operands[i].dtype(), shapes[i], blocks[i]);
      blocks[i] = null;
    }
    return new Outputs(names, tensors);
  }
}
