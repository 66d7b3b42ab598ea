package dev.heddle.cpu;

import dev.heddle.backend.Outputs;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;

/** The memory that one run writes its outputs to, and hands to the caller if all went well. */
final class RunOutputs {
  private final CpuMemory memory;
  private final String[] names;
  private final Operand[] operands;
  private final Shape[] shapes;
  private final NativePool.Block[] blocks;

  /** Outputs of an earlier run that may be written again; null if there are none. */
  private Outputs offered;

  /** Whether this run writes to {@link #offered}, of which each is retained. */
  private boolean again;

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

  /** Takes memory for all: that of what was offered where it fits. */
  void acquire() {
    again = offered != null && offered.size() == blocks.length;
    for (int i = 0; again && i < blocks.length; i++) {
      again = fits(i, offered.get(i));
    }
    if (again) {
      retain();
      return;
    }
    decline();
    try {
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = memory.acquire(operands[i].bytes(), "an output");
      }
    } catch (RuntimeException | Error e) {
      release();
      throw e;
    }
  }

  private boolean fits(int position, Tensor tensor) {
    return tensor instanceof HostTensor host
        && host.dtype() == operands[position].dtype()
        && host.shape().equals(shapes[position])
        && host.memory().scope().equals(memory.scope());
  }

  private void retain() {
    for (int i = 0; i < blocks.length; i++) {
      ((HostTensor) offered.get(i)).retain();
    }
  }

  long address(int position) {
    return again
        ? ((HostTensor) offered.get(position)).memory().address()
        : blocks[position].address();
  }

  /** Gives the memory back: the run has failed. */
  void release() {
    if (again) {
      releaseOffered();
      return;
    }
    for (int i = 0; i < blocks.length; i++) {
      if (blocks[i] != null) {
        memory.release(blocks[i]);
        blocks[i] = null;
      }
    }
  }

  private void releaseOffered() {
    again = false;
    for (int i = 0; i < blocks.length; i++) {
      ((HostTensor) offered.get(i)).release();
    }
  }

  /** Leaves the memory to the caller. */
  Outputs hand() {
    if (again) {
      releaseOffered();
      Outputs handed = offered;
      offered = null;
      return handed;
    }
    Tensor[] tensors = new Tensor[blocks.length];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = memory.tensor(operands[i].dtype(), shapes[i], blocks[i]);
      blocks[i] = null;
    }
    return new Outputs(names, tensors);
  }
}
