package dev.heddle.cuda;

import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Product;
import java.util.Arrays;
import jcuda.CudaException;

/**
 * Commands of a queue, written down by its caller as numbers and given to the stream by the thread
 * of the context, many at a time: handing one over costs more than the command itself. Used again
 * and again; once warm it allocates nothing.
 */
final class Batch extends ContextThread.Task {
  /** Commands after which a batch is handed over, so that the device begins while others follow. */
  private static final int FULL = 32;

  private static final long LAUNCH = 0;
  private static final long WRITE = 1;
  private static final long READ = 2;
  private static final long COPY = 3;
  private static final long ZERO = 4;
  private static final long GRAPH = 5;
  private static final long MULTIPLY = 6;

  private final CudaDevice device;
  private final Addresses.Stream stream;
  private final LaunchEvents events;
  private long[] words = new long[1024];
  private int count;
  private int commands;
  private CudaKernel[] kernels = new CudaKernel[FULL];
  private int kernelCount;
  private Product[] products = new Product[FULL];
  private int productCount;
  private CudaProducts.ForStream multiplier;
  private boolean waits;

  // What failed; null for nothing.
  private CudaException failure;
  private CudaKernel failed;

  /**
   * None yet.
   *
   * @param events told of launches; null for none
   */
  Batch(CudaDevice device, Addresses.Stream stream, LaunchEvents events) {
    this.device = device;
    this.stream = stream;
    this.events = events;
  }

  boolean isFull() {
    return commands >= FULL;
  }

  /** Forgets all. */
  void clear() {
    Arrays.fill(kernels, 0, kernelCount, null);
    kernelCount = 0;
    Arrays.fill(products, 0, productCount, null);
    productCount = 0;
    count = 0;
    commands = 0;
    waits = false;
    failure = null;
    failed = null;
  }

  /** The batch ends when the device has done all that the stream was given. */
  void waitForDevice() {
    waits = true;
  }

  void launch(CudaKernel kernel, Arguments arguments, Extent groups, Extent size) {
    if (kernelCount == kernels.length) {
      kernels = Arrays.copyOf(kernels, 2 * kernelCount);
    }
    kernels[kernelCount++] = kernel;
    begin(LAUNCH, 8 + arguments.count());
    put(groups.x());
    put(groups.y());
    put(groups.z());
    put(size.x());
    put(size.y());
    put(size.z());
    put(arguments.count());
    int maps = count;
    put(0);
    for (int i = 0; i < arguments.count(); i++) {
      long begin = arguments.memory(i) == null ? 0 : ((CudaMemory) arguments.memory(i)).address();
      put(
          switch (arguments.kind(i)) {
            case MEMORY -> begin;
            case MAP -> begin == 0 ? 0 : begin + arguments.bits(i);
            case INT, LONG, FLOAT, DOUBLE, MAPPED -> arguments.bits(i);
          });
      if (arguments.kind(i) == Arguments.Kind.MAP) {
        words[maps] |= 1L << i;
      }
    }
  }

  /** Copies from pinned memory of the host. */
  void write(long to, long from, long bytes) {
    begin(WRITE, 3);
    put(to);
    put(from);
    put(bytes);
  }

  /** Copies to pinned memory of the host. */
  void read(long to, long from, long bytes) {
    begin(READ, 3);
    put(to);
    put(from);
    put(bytes);
  }

  void copy(long to, long from, long bytes) {
    begin(COPY, 3);
    put(to);
    put(from);
    put(bytes);
  }

  void zero(long to, long bytes) {
    begin(ZERO, 2);
    put(to);
    put(bytes);
  }

  void launch(CudaRecording recording) {
    begin(GRAPH, 1);
    put(recording.address());
  }

  void multiply(
      CudaProducts.ForStream by,
      Product product,
      long a,
      long b,
      long bias,
      long residual,
      long y) {
    if (productCount == products.length) {
      products = Arrays.copyOf(products, 2 * productCount);
    }
    multiplier = by;
    products[productCount++] = product;
    begin(MULTIPLY, 5);
    put(a);
    put(b);
    put(bias);
    put(residual);
    put(y);
  }

  private void begin(long command, int more) {
    if (count + 1 + more > words.length) {
      words = Arrays.copyOf(words, Math.max(2 * words.length, count + 1 + more));
    }
    commands++;
    put(command);
  }

  private void put(long word) {
    words[count++] = word;
  }

  /** What failed; null if nothing did. */
  CudaException failure() {
    return failure;
  }

  /** What failed, for people. */
  String failedInWords() {
    return failed == null ? "a command" : failed.source().toString();
  }

  // On the thread of the context.

  @Override
  boolean begin() {
    try {
      if (device.isLost()) {
        return true;
      }
      give();
      return !waits || look();
    } catch (CudaException e) {
      fail(e);
      return true;
    }
  }

  @Override
  boolean look() {
    try {
      int status = Driver.query(stream.address());
      if (status == Status.NOT_READY) {
        return false;
      }
      Status.check(status);
      if (events != null) {
        events.measure();
      }
    } catch (CudaException e) {
      failed = null;
      fail(e);
    }
    return true;
  }

  private void fail(CudaException e) {
    failure = e;
    device.note(e, failedInWords());
  }

  /**
   * Gives the stream all commands.
   *
   * @throws CudaException at the first that the driver refuses
   */
  void give() {
    LaunchArguments arguments = device.arguments();
    int kernel = 0;
    int product = 0;
    int at = 0;
    while (at < count) {
      long command = words[at];
      failed = null;
      if (command == LAUNCH) {
        failed = kernels[kernel++];
        at = launch(arguments, at + 1);
      } else if (command == MULTIPLY) {
        multiplier.multiply(
            products[product++],
            words[at + 1],
            words[at + 2],
            words[at + 3],
            words[at + 4],
            words[at + 5]);
        at += 6;
      } else if (command == GRAPH) {
        Status.check(Driver.launchGraph(words[at + 1], stream.address()));
        at += 2;
      } else if (command == ZERO) {
        Status.check(Driver.zero(words[at + 1], words[at + 2], stream.address()));
        at += 3;
      } else {
        long to = words[at + 1];
        long from = words[at + 2];
        long bytes = words[at + 3];
        Status.check(
            command == WRITE
                ? Driver.write(to, from, bytes, stream.address())
                : command == READ
                    ? Driver.read(to, from, bytes, stream.address())
                    : Driver.copy(to, from, bytes, stream.address()));
        at += 4;
      }
    }
    failed = null;
  }

  /** Launches what is written down at {@code at}; where the next command is. */
  private int launch(LaunchArguments arguments, int at) {
    int number = (int) words[at + 6];
    arguments.set(words, at + 8, number, words[at + 7]);
    if (events != null) {
      events.begin(stream, failed.source(), words, at);
    }
    Status.check(
        Driver.launch(
            failed.function(),
            (int) words[at],
            (int) words[at + 1],
            (int) words[at + 2],
            (int) words[at + 3],
            (int) words[at + 4],
            (int) words[at + 5],
            failed.source().tileBytes(),
            stream.address(),
            arguments.address()));
    if (events != null) {
      events.end(stream);
    }
    return at + 8 + number;
  }
}
