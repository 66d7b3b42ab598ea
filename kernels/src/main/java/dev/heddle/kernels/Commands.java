package dev.heddle.kernels;

import java.util.ArrayList;
import java.util.List;

/**
 * Commands to a queue, kept so that they can be given again: kernels with their arguments, copies
 * on the device, and copies from and to {@link HostMemory}, whose bytes are taken and given when a
 * command is carried out, not when it is kept. Giving them to a queue allocates nothing.
 */
public final class Commands {
  private final List<Command> commands = new ArrayList<>();

  /** One command. */
  private interface Command {
    void enqueue(KernelQueue queue);
  }

  private record Launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size)
      implements Command {
    @Override
    public void enqueue(KernelQueue queue) {
      queue.launch(kernel, arguments, groups, size);
    }
  }

  private record Copy(
      DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes)
      implements Command {
    @Override
    public void enqueue(KernelQueue queue) {
      queue.copy(from, fromOffset, to, toOffset, bytes);
    }
  }

  private record Multiply(Product product, Arguments operands) implements Command {
    @Override
    public void enqueue(KernelQueue queue) {
      queue.multiply(product, operands);
    }
  }

  private record Zero(DeviceMemory to, long offset, long bytes) implements Command {
    @Override
    public void enqueue(KernelQueue queue) {
      queue.zero(to, offset, bytes);
    }
  }

  private record Upload(HostMemory from, DeviceMemory to, long bytes) implements Command {
    @Override
    public void enqueue(KernelQueue queue) {
      queue.upload(from, to, bytes);
    }
  }

  private record Download(DeviceMemory from, HostMemory to, long bytes) implements Command {
    @Override
    public void enqueue(KernelQueue queue) {
      queue.download(from, to, bytes);
    }
  }

  Commands() {}

  // What is kept.

  void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {
    commands.add(new Launch(kernel, arguments.copy(), groups, size));
  }

  void copy(DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes) {
    commands.add(new Copy(from, fromOffset, to, toOffset, bytes));
  }

  void multiply(Product product, Arguments operands) {
    commands.add(new Multiply(product, operands.copy()));
  }

  void zero(DeviceMemory to, long offset, long bytes) {
    commands.add(new Zero(to, offset, bytes));
  }

  void upload(HostMemory from, DeviceMemory to, long bytes) {
    commands.add(new Upload(from, to, bytes));
  }

  void download(DeviceMemory from, HostMemory to, long bytes) {
    commands.add(new Download(from, to, bytes));
  }

  // What is done with it.

  /** Number of commands. */
  public int count() {
    return commands.size();
  }

  /** Gives {@code queue} all of them, in order. */
  public void enqueue(KernelQueue queue) {
    enqueue(queue, 0, commands.size());
  }

  /** Gives {@code queue} those from {@code first} until before {@code end}. */
  void enqueue(KernelQueue queue, int first, int end) {
    for (int i = first; i < end; i++) {
      commands.get(i).enqueue(queue);
    }
  }
}
