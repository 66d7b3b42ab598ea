package dev.heddle.cuda;

import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.Commands;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.Product;
import dev.heddle.kernels.Recording;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import jcuda.CudaException;
import jcuda.driver.JCudaDriver;

/**
 * A stream. Commands are gathered in {@link Batch batches}, of which one is written while the other
 * is given to the stream; what a command's caller hands over is copied through pinned memory.
 */
final class CudaQueue implements KernelQueue {
  /** Where in pinned memory copies begin. */
  private static final long ALIGNMENT = 64;

  /** {@code CU_STREAM_NON_BLOCKING}: it does not wait for what others give the default stream. */
  private static final int NON_BLOCKING = 1;

  private final CudaDevice device;
  private final LaunchEvents events;
  private final Handle<Addresses.Stream> handle;
  private final Holds holds;
  private final Addresses.Stream stream;
  private Batch batch;
  private Batch other;

  /** Whether the batch is to be a recording's: then it is not handed over. */
  private boolean records;

  private CudaProducts.ForStream multiplier;
  private CudaMemory workspace;

  /** Why a command failed since the caller last waited; null for nothing failed. */
  private CudaException failure;

  private String failed;

  /** For what a step writes and reads; made when first needed. */
  private Pinned.Block staging;

  /** Bytes of it that commands still use. */
  private long staged;

  private CudaQueue(
      CudaDevice device, Addresses.Stream stream, LaunchEvents events, Set<Handle<?>> live) {
    this.device = device;
    this.events = events;
    this.holds = new Holds(device.marks());
    this.stream = stream;
    this.batch = new Batch(device, stream, events);
    this.other = new Batch(device, stream, events);
    this.handle = Handle.own(stream, "this queue of " + device.info(), live, this::release);
  }

  /**
   * Opens one.
   *
   * @param events told of launches; null for none
   * @param live where it stands until it is closed
   */
  static CudaQueue of(CudaDevice device, LaunchEvents events, Set<Handle<?>> live) {
    Addresses.Stream stream = new Addresses.Stream();
    try {
      device.onThread(() -> Status.check(JCudaDriver.cuStreamCreate(stream, NON_BLOCKING)));
    } catch (CudaException e) {
      throw device.failed("the opening of a queue", e);
    }
    return new CudaQueue(device, stream, events, live);
  }

  /** Waits first: what the commands use may be freed after this. */
  private void release(Addresses.Stream stream) {
    try {
      hand(true);
    } catch (RuntimeException e) {
      // Whoever wanted to know how they ended has waited for it.
    }
    holds.release();
    if (events != null) {
      events.close();
    }
    if (staging != null) {
      device.pinned().giveBack(staging);
    }
    if (multiplier != null) {
      device.release(multiplier::close);
    }
    if (workspace != null) {
      workspace.lease().handle().close();
    }
    device.release(() -> JCudaDriver.cuStreamDestroy(stream));
  }

  private void enter() {
    device.enter();
    try {
      handle.enter();
    } catch (IllegalStateException e) {
      device.exit();
      throw e;
    }
  }

  private void exit() {
    handle.exit();
    device.exit();
  }

  @Override
  public void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {
    if (!(kernel instanceof CudaKernel own) || own.device() != device) {
      throw new IllegalArgumentException(
          kernel.source() + " was not compiled for " + device.info());
    }
    enter();
    try {
      own.check(arguments, groups, size);
      hold(own.lease());
      for (int i = 0; i < arguments.count(); i++) {
        if (arguments.memory(i) != null) {
          hold(own(arguments.memory(i)).lease());
        }
      }
      batch.launch(own, arguments, groups, size);
      handIfFull();
    } finally {
      exit();
    }
  }

  @Override
  public void write(MemorySegment from, DeviceMemory to, long offset) {
    CudaMemory memory = own(to);
    long bytes = from.byteSize();
    memory.check(offset, bytes);
    if (bytes == 0) {
      return;
    }
    enter();
    try {
      hold(memory.lease());
      if (bytes <= Pinned.SMALL) {
        long at = stage(bytes);
        staging.memory().asSlice(at, bytes).copyFrom(from);
        batch.write(memory.address() + offset, staging.address() + at, bytes);
        handIfFull();
      } else {
        throughBlock(
            bytes,
            (block, at, part) -> {
              block.memory().asSlice(0, part).copyFrom(from.asSlice(at, part));
              batch.write(memory.address() + offset + at, block.address(), part);
              finishAll();
            });
      }
    } finally {
      exit();
    }
  }

  @Override
  public void read(DeviceMemory from, long offset, MemorySegment to) {
    CudaMemory memory = own(from);
    long bytes = to.byteSize();
    memory.check(offset, bytes);
    enter();
    try {
      if (bytes == 0) {
        finishAll();
      } else if (bytes <= Pinned.SMALL) {
        hold(memory.lease());
        long at = stage(bytes);
        batch.read(staging.address() + at, memory.address() + offset, bytes);
        finishAll();
        to.copyFrom(staging.memory().asSlice(at, bytes));
      } else {
        throughBlock(
            bytes,
            (block, at, part) -> {
              hold(memory.lease());
              batch.read(block.address(), memory.address() + offset + at, part);
              finishAll();
              to.asSlice(at, part).copyFrom(block.memory().asSlice(0, part));
            });
      }
    } finally {
      exit();
    }
  }

  /** A part of a copy, through a block of pinned memory. */
  private interface Part {
    void copy(Pinned.Block block, long at, long bytes);
  }

  private void throughBlock(long bytes, Part part) {
    checkGives();
    Pinned.Block block = device.pinned().take(Pinned.LARGE);
    try {
      for (long at = 0; at < bytes; at += block.bytes()) {
        part.copy(block, at, Math.min(block.bytes(), bytes - at));
      }
    } finally {
      device.pinned().giveBack(block);
    }
  }

  /** Room in pinned memory until the device has done all commands; where it begins. */
  private long stage(long bytes) {
    checkGives();
    if (staging == null) {
      staging = device.pinned().take(Pinned.SMALL);
    }
    if (staged + bytes > staging.bytes()) {
      finishAll();
    }
    long at = staged;
    staged = Math.ceilDiv(at + bytes, ALIGNMENT) * ALIGNMENT;
    return at;
  }

  @Override
  public void copy(DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes) {
    CudaMemory source = own(from);
    CudaMemory target = own(to);
    source.check(fromOffset, bytes);
    target.check(toOffset, bytes);
    if (bytes == 0) {
      return;
    }
    enter();
    try {
      hold(source.lease());
      hold(target.lease());
      batch.copy(target.address() + toOffset, source.address() + fromOffset, bytes);
      handIfFull();
    } finally {
      exit();
    }
  }

  @Override
  public void multiply(Product product, Arguments operands) {
    enter();
    try {
      for (int i = 0; i < operands.count(); i++) {
        if (operands.memory(i) != null) {
          hold(own(operands.memory(i)).lease());
        }
      }
      batch.multiply(
          multiplier(),
          product,
          operand(operands, Product.Operand.A),
          operand(operands, Product.Operand.B),
          operand(operands, Product.Operand.BIAS),
          operand(operands, Product.Operand.RESIDUAL),
          operand(operands, Product.Operand.Y));
      handIfFull();
    } finally {
      exit();
    }
  }

  /** Where an operand begins; 0 for none. */
  private long operand(Arguments operands, Product.Operand which) {
    int at = 2 * which.ordinal();
    DeviceMemory memory = operands.memory(at);
    return memory == null ? 0 : own(memory).address() + operands.bits(at + 1);
  }

  /** What multiplies for this stream; made when first needed. */
  private CudaProducts.ForStream multiplier() {
    if (multiplier == null) {
      workspace = (CudaMemory) device.allocate(Blas.WORKSPACE, "cuBLAS's workspace");
      multiplier = device.openProducts(stream, workspace.address());
    }
    return multiplier;
  }

  @Override
  public void zero(DeviceMemory to, long offset, long bytes) {
    CudaMemory memory = own(to);
    memory.check(offset, bytes);
    if ((offset | bytes) % Integer.BYTES != 0) {
      throw new IllegalArgumentException(
          "zeros: %d bytes at %d; expected multiples of 4".formatted(bytes, offset));
    }
    if (bytes == 0) {
      return;
    }
    enter();
    try {
      hold(memory.lease());
      batch.zero(memory.address() + offset, bytes);
      handIfFull();
    } finally {
      exit();
    }
  }

  @Override
  public void finish() {
    enter();
    try {
      finishAll();
    } finally {
      exit();
    }
  }

  private CudaMemory own(DeviceMemory memory) {
    if (memory instanceof CudaMemory own && own.device() == device) {
      return own;
    }
    throw new IllegalArgumentException("this is not memory of " + device.info());
  }

  // Pinned memory, and recordings.

  @Override
  public void upload(HostMemory from, DeviceMemory to, long bytes) {
    CudaMemory memory = own(to);
    if (!(from instanceof CudaHostMemory pinned) || pinned.device() != device) {
      write(from.bytes().asSlice(0, bytes), to, 0);
      return;
    }
    memory.check(0, bytes);
    pinned.check(bytes);
    enter();
    try {
      hold(memory.lease());
      hold(pinned.lease());
      batch.write(memory.address(), pinned.address(), bytes);
      handIfFull();
    } finally {
      exit();
    }
  }

  @Override
  public void download(DeviceMemory from, HostMemory to, long bytes) {
    CudaMemory memory = own(from);
    if (!(to instanceof CudaHostMemory pinned) || pinned.device() != device) {
      read(from, 0, to.bytes().asSlice(0, bytes));
      return;
    }
    memory.check(0, bytes);
    pinned.check(bytes);
    enter();
    try {
      hold(memory.lease());
      hold(pinned.lease());
      batch.read(pinned.address(), memory.address(), bytes);
      handIfFull();
    } finally {
      exit();
    }
  }

  @Override
  public Recording record(Commands commands) {
    if (events != null) {
      return null;
    }
    enter();
    try {
      Batch before = batch;
      Batch recorded = new Batch(device, stream, null);
      batch = recorded;
      records = true;
      try {
        commands.enqueue(this);
      } finally {
        records = false;
        batch = before;
      }
      return device.record(stream, recorded::give);
    } finally {
      exit();
    }
  }

  @Override
  public void launch(Recording recording) {
    if (!(recording instanceof CudaRecording own) || own.device() != device) {
      throw new IllegalArgumentException("this was not recorded by " + device.info());
    }
    enter();
    try {
      hold(own.lease());
      batch.launch(own);
      handIfFull();
    } finally {
      exit();
    }
  }

  // Batches.

  private void checkGives() {
    if (records) {
      throw new IllegalArgumentException("a recording copies from and to pinned memory only");
    }
  }

  /** What a recording uses lives by its caller's word. */
  private void hold(Lease lease) {
    if (!records) {
      holds.add(lease);
    }
  }

  private void handIfFull() {
    if (batch.isFull() && !records) {
      hand(false);
    }
  }

  /** Hands all commands over, and waits until the device has done them. */
  private void finishAll() {
    try {
      hand(true);
    } finally {
      holds.release();
      staged = 0;
      if (events != null) {
        events.report();
      }
    }
  }

  /**
   * Gives the batch to the thread, and takes the other one for what follows. After a failure
   * nothing more is given until the caller waits, who is told of it then.
   */
  private void hand(boolean wait) {
    collect(other);
    if (failure != null) {
      batch.clear();
      if (!wait) {
        return;
      }
    }
    if (wait) {
      batch.waitForDevice();
    }
    device.submit(batch);
    Batch given = batch;
    batch = other;
    other = given;
    if (wait) {
      collect(given);
      throwFailure();
    }
  }

  /** Waits for a batch to end, and keeps why it failed. */
  private void collect(Batch given) {
    device.await(given);
    if (failure == null && given.failure() != null) {
      failure = given.failure();
      failed = given.failedInWords();
    }
    given.clear();
  }

  private void throwFailure() {
    CudaException why = failure;
    failure = null;
    if (why != null) {
      throw device.failed(failed, why);
    }
    device.failIfLost();
  }

  @Override
  public void close() {
    device.close(handle);
  }
}
