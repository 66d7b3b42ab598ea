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
  private final Map<Node, RotaryWrite> rotaryWrites;
  private final Map<KernelSource, DeviceKernel> kernels = new LinkedHashMap<>();
  private final Map<Layout, Integer> layouts = new HashMap<>();
  private final List<DeviceMemory> weights = new ArrayList<>();
  private Node node;

  /** Constants, and how their elements are laid out anew; null for as they are. */
  private record Layout(List<Value> values, Object layout) {}

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
    this.rotaryWrites = RotaryWrite.find(graph, device.limits());
  }

  @Override
  public String name() {
    return backend;
  }

  @Override
  public Choice<Launch.Preparation> choose(Node node, Predicate<Value> known) {
    Choice<Launch.Preparation> choice = choices.choose(node, known);
    RotaryWrite together = rotaryWrites.get(node);
    return together != null && choice instanceof Choice.Run<Launch.Preparation> own
        ? together.choose(node, own)
        : choice;
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
    return placeAll(List.of(constant));
  }

  /**
   * The place of a constant laid out anew, once for each layout.
   *
   * @param layout equal for equal layouts
   * @param bytes bytes that the layout takes
   */
  long place(Value constant, Object layout, long bytes, Packer packer) {
    return placeAll(List.of(constant), layout, bytes, packer);
  }

  /** The place of constants of one type, as they are, one behind the other. */
  long placeAll(List<Value> constants) {
    return placeAll(constants, null, constant(constants.getFirst()).bytes(), null);
  }

  /** The place of constants laid out anew, in so many bytes each, one behind the other. */
  long placeAll(List<Value> constants, Object layout, long bytes, Packer packer) {
    Layout key = new Layout(constants, layout);
    Integer index = layouts.get(key);
    if (index == null) {
      index = weights.size();
      String others = constants.size() == 1 ? "" : " and %d more".formatted(constants.size() - 1);
      DeviceMemory memory =
          device.allocate(
              Math.multiplyExact(bytes, constants.size()),
              "the weight " + constants.getFirst() + others);
      weights.add(memory);
      for (int i = 0; i < constants.size(); i++) {
        upload(constant(constants.get(i)), memory, i * bytes, bytes, packer);
      }
      layouts.put(key, index);
    }
    return Places.weight(index);
  }

  private void upload(
      HostTensor tensor, DeviceMemory memory, long offset, long bytes, Packer packer) {
    try (KernelQueue queue = device.openQueue()) {
      if (packer == null) {
        queue.write(tensor.memory(), memory, offset);
      } else {
        try (HostTensor packed = Places.host(bytes)) {
          packer.pack(tensor, packed.memory());
          queue.write(packed.memory(), memory, offset);
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
