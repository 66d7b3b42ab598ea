package dev.heddle.kernels;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Compilation;
import dev.heddle.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Where a program is compiled: its kernels, and its constants on the device. */
final class Workshop
    implements Compilation.Target<Launch.Preparation, Launch.Kernel>, AutoCloseable {
  private final KernelDevice device;
  private final String backend;
  private final KernelChoices choices;
  private final Graph graph;
  private final Map<KernelSource, DeviceKernel> kernels = new LinkedHashMap<>();
  private final Map<Layout, Integer> layouts = new HashMap<>();
  private final List<DeviceMemory> weights = new ArrayList<>();
  private Node node;

  /** A constant, and how its elements are laid out anew; null for as they are. */
  private record Layout(Value value, Object layout) {}

  /** Lays a constant out anew, in host memory. */
  interface Packer {
    /** Fills {@code to}, which is zero, from the constant. */
    void pack(HostTensor from, MemorySegment to);
  }

  Workshop(KernelDevice device, String backend, KernelChoices choices, Graph graph) {
    this.device = device;
    this.backend = backend;
    this.choices = choices;
    this.graph = graph;
  }

  @Override
  public String name() {
    return backend;
  }

  @Override
  public Choice<Launch.Preparation> choose(Node node, Predicate<Value> known) {
    return choices.choose(node, known);
  }

  @Override
  public Choice<Launch.Preparation> copy(Node node) {
    return choices.choose(node, value -> false);
  }

  @Override
  public Launch.Kernel prepare(Node node, Launch.Preparation choice) {
    this.node = node;
    return choice.prepare(this);
  }

  /** The node whose kernel is being prepared. */
  Node node() {
    return node;
  }

  /** What kernels may ask of the device. */
  DeviceLimits limits() {
    return device.limits();
  }

  /** A kernel, compiled once for the program; it finds {@code CPU_DEVICE} defined on a CPU. */
  DeviceKernel compile(KernelSource variant) {
    KernelSource source = limits().cpu() ? variant.with("CPU_DEVICE") : variant;
    DeviceKernel kernel = kernels.get(source);
    if (kernel == null) {
      kernel = device.compile(source);
      kernels.put(source, kernel);
    }
    return kernel;
  }

  /** A constant on the host; null for a value that a run computes or is given. */
  HostTensor constant(Value value) {
    return graph.constant(value);
  }

  @Override
  public long place(Value constant) {
    HostTensor tensor = constant(constant);
    return place(constant, null, tensor.bytes(), (from, to) -> to.copyFrom(from.memory()));
  }

  /**
   * The place of a constant laid out anew, once for each layout.
   *
   * @param layout equal for equal layouts
   * @param bytes bytes that the layout takes
   */
  long place(Value constant, Object layout, long bytes, Packer packer) {
    Layout key = new Layout(constant, layout);
    Integer index = layouts.get(key);
    if (index == null) {
      index = weights.size();
      DeviceMemory memory = device.allocate(bytes, "the weight " + constant);
      weights.add(memory);
      upload(constant(constant), memory, layout == null ? null : packer);
      layouts.put(key, index);
    }
    return Places.weight(index);
  }

  private void upload(HostTensor tensor, DeviceMemory memory, Packer packer) {
    try (KernelQueue queue = device.openQueue()) {
      if (packer == null) {
        queue.write(tensor.memory(), memory, 0);
      } else {
        try (HostTensor packed = Places.host(memory.bytes())) {
          packer.pack(tensor, packed.memory());
          queue.write(packed.memory(), memory, 0);
          queue.finish();
        }
      }
      queue.finish();
    }
  }

  /** The constants, in the order of {@link Places#weight}. */
  List<DeviceMemory> weights() {
    return weights;
  }

  @Override
  public long weightBytes() {
    return weights.stream().mapToLong(DeviceMemory::bytes).sum();
  }

  @Override
  public void close() {
    weights.forEach(DeviceMemory::close);
    kernels.values().forEach(DeviceKernel::close);
  }
}
