package dev.heddle.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.heddle.tensor.Elements;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * oneDNN's functions in Java, as its reference has them, for machines that do not have it: handles
 * are checked at each use, packed weights are the transposed ones, and sums go in the order of k.
 */
final class SimulatedOneDnn implements SymbolLookup {
  static final int SUCCESS = 0;
  static final int INVALID = 2;

  private final Arena arena;
  private final MemorySegment version;
  private final int isa;
  private final Set<String> missing;
  private final Map<Long, Object> handles = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1000);

  private record Layout(long rows, long columns, int type, boolean packed) {
    long bytes() {
      return rows * columns * (type == 2 ? 2 : 4);
    }
  }

  /** A product where it has weights, else a change of layout. */
  private record Descriptor(Layout from, Layout weights, long weightsHandle, Layout to) {}

  private record Primitive(Descriptor descriptor) {}

  private record Buffer(Layout layout, AtomicLong address) {}

  private enum Other {
    ENGINE,
    STREAM,
    ATTRIBUTES
  }

  /** A library of a version, a threading runtime, and for a processor; without some functions. */
  SimulatedOneDnn(Arena arena, int major, int runtime, int isa, Set<String> missing) {
    this.arena = arena;
    this.version = arena.allocate(32, 8);
    version.set(JAVA_INT, 0, major);
    version.set(JAVA_INT, 4, 9);
    version.set(JAVA_INT, 24, runtime);
    this.isa = isa;
    this.missing = missing;
  }

  /** One that can be used, for a processor. */
  static OneDnn open(Arena arena, int isa) {
    SimulatedOneDnn symbols = new SimulatedOneDnn(arena, 3, 1, isa, Set.of());
    return ((OneDnn.Search.Found) OneDnn.open("simulated", symbols)).library();
  }

  @Override
  @SuppressWarnings("restricted") // Calls of the library end in this object.
  public Optional<MemorySegment> find(String name) {
    for (Method method : SimulatedOneDnn.class.getDeclaredMethods()) {
      if (method.getName().equals(name) && !missing.contains(name)) {
        try {
          MethodHandle target = MethodHandles.lookup().unreflect(method).bindTo(this);
          MemoryLayout[] parameters =
              target.type().parameterList().stream()
                  .map(type -> type == int.class ? JAVA_INT : JAVA_LONG)
                  .toArray(MemoryLayout[]::new);
          FunctionDescriptor type =
              FunctionDescriptor.of(
                  target.type().returnType() == int.class ? JAVA_INT : JAVA_LONG, parameters);
          return Optional.of(Linker.nativeLinker().upcallStub(target, type, arena));
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    return Optional.empty();
  }

  private int make(long out, Object made) {
    long handle = next.getAndIncrement();
    handles.put(handle, made);
    Memory.putLong(out, handle);
    return SUCCESS;
  }

  private <T> T get(Class<T> type, long handle) {
    Object found = handles.get(handle);
    return type.isInstance(found) ? type.cast(found) : null;
  }

  private int destroy(Class<?> type, long handle) {
    return get(type, handle) != null && handles.remove(handle) != null ? SUCCESS : INVALID;
  }

  private boolean is(Other what, long handle) {
    return handles.get(handle) == what;
  }

  long dnnl_version() {
    return version.address();
  }

  int dnnl_get_effective_cpu_isa() {
    return isa;
  }

  int dnnl_engine_create(long out, int kind, long index) {
    return kind == 1 && index == 0 ? make(out, Other.ENGINE) : INVALID;
  }

  int dnnl_engine_destroy(long engine) {
    return destroy(Other.class, engine);
  }

  int dnnl_stream_create(long out, long engine, int flags) {
    return is(Other.ENGINE, engine) && flags == 1 ? make(out, Other.STREAM) : INVALID;
  }

  int dnnl_stream_destroy(long stream) {
    return destroy(Other.class, stream);
  }

  int dnnl_memory_desc_create_with_tag(long out, int rank, long extents, int type, int tag) {
    boolean known = rank == 2 && (type == 2 || type == 3) && (tag == 1 || tag == 3);
    return known
        ? make(
            out, new Layout(Memory.getLong(extents), Memory.getLong(extents + 8), type, tag == 1))
        : INVALID;
  }

  int dnnl_memory_desc_destroy(long layout) {
    return destroy(Layout.class, layout);
  }

  long dnnl_memory_desc_get_size(long layout) {
    Layout found = get(Layout.class, layout);
    return found == null ? 0 : found.bytes();
  }

  int dnnl_primitive_attr_create(long out) {
    return make(out, Other.ATTRIBUTES);
  }

  int dnnl_primitive_attr_set_scratchpad_mode(long attributes, int mode) {
    return is(Other.ATTRIBUTES, attributes) && mode == 1 ? SUCCESS : INVALID;
  }

  int dnnl_primitive_attr_destroy(long attributes) {
    return destroy(Other.class, attributes);
  }

  int dnnl_matmul_primitive_desc_create(
      long out, long engine, long a, long b, long bias, long to, long attributes) {
    Layout from = get(Layout.class, a);
    Layout weights = get(Layout.class, b);
    Layout result = get(Layout.class, to);
    boolean fits =
        is(Other.ENGINE, engine)
            && is(Other.ATTRIBUTES, attributes)
            && bias == 0
            && from.columns == weights.rows
            && result.rows == from.rows
            && result.columns == weights.columns;
    if (!fits) {
      return INVALID;
    }
    long own = next.getAndIncrement();
    handles.put(own, weights);
    return make(out, new Descriptor(from, weights, own, result));
  }

  int dnnl_reorder_primitive_desc_create(
      long out, long from, long fromEngine, long to, long toEngine, long attributes) {
    boolean fits =
        is(Other.ENGINE, fromEngine)
            && is(Other.ENGINE, toEngine)
            && is(Other.ATTRIBUTES, attributes);
    return fits
        ? make(out, new Descriptor(get(Layout.class, from), null, 0, get(Layout.class, to)))
        : INVALID;
  }

  long dnnl_primitive_desc_query_md(long descriptor, int what, int index) {
    return what == 131 ? get(Descriptor.class, descriptor).weightsHandle : 0;
  }

  int dnnl_primitive_desc_destroy(long descriptor) {
    Descriptor found = get(Descriptor.class, descriptor);
    if (found != null && found.weightsHandle != 0) {
      handles.remove(found.weightsHandle);
    }
    return destroy(Descriptor.class, descriptor);
  }

  int dnnl_primitive_create(long out, long descriptor) {
    return make(out, new Primitive(get(Descriptor.class, descriptor)));
  }

  int dnnl_primitive_destroy(long primitive) {
    return destroy(Primitive.class, primitive);
  }

  int dnnl_memory_create(long out, long layout, long engine, long address) {
    Layout found = get(Layout.class, layout);
    return found != null && is(Other.ENGINE, engine)
        ? make(out, new Buffer(found, new AtomicLong(address)))
        : INVALID;
  }

  int dnnl_memory_set_data_handle(long memory, long address) {
    Buffer buffer = get(Buffer.class, memory);
    if (buffer == null) {
      return INVALID;
    }
    buffer.address.set(address);
    return SUCCESS;
  }

  int dnnl_memory_destroy(long memory) {
    return destroy(Buffer.class, memory);
  }

  int dnnl_primitive_execute(long primitive, long stream, int count, long arguments) {
    Primitive found = get(Primitive.class, primitive);
    if (found == null || !is(Other.STREAM, stream)) {
      return INVALID;
    }
    Descriptor descriptor = found.descriptor;
    long from = argument(1, descriptor.from, count, arguments);
    long to = argument(17, descriptor.to, count, arguments);
    if (descriptor.weights == null) {
      return from == 0 || to == 0 ? INVALID : transpose(descriptor.from, from, to);
    }
    long weights = argument(33, descriptor.weights, count, arguments);
    return from == 0 || to == 0 || weights == 0 ? INVALID : multiply(descriptor, from, weights, to);
  }

  private long argument(int kind, Layout layout, int count, long arguments) {
    for (int i = 0; i < count; i++) {
      if (Memory.getInt(arguments + 16L * i) == kind) {
        Buffer buffer = get(Buffer.class, Memory.getLong(arguments + 16L * i + 8));
        return buffer == null || !buffer.layout.equals(layout) ? 0 : buffer.address.get();
      }
    }
    return 0;
  }

  private static int transpose(Layout layout, long from, long to) {
    for (long row = 0; row < layout.rows; row++) {
      for (long column = 0; column < layout.columns; column++) {
        short element = Memory.getShort(from + 2 * (row * layout.columns + column));
        Memory.putShort(to + 2 * (column * layout.rows + row), element);
      }
    }
    return SUCCESS;
  }

  private static int multiply(Descriptor descriptor, long a, long b, long y) {
    long k = descriptor.from.columns;
    for (long row = 0; row < descriptor.to.rows; row++) {
      for (long column = 0; column < descriptor.to.columns; column++) {
        float sum = 0;
        for (long p = 0; p < k; p++) {
          sum += element(a, row * k + p) * element(b, column * k + p);
        }
        Memory.putFloat(y + 4 * (row * descriptor.to.columns + column), sum);
      }
    }
    return SUCCESS;
  }

  private static float element(long from, long index) {
    return Elements.bfloat16ToFloat(Memory.getShort(from + 2 * index));
  }
}
