package dev.heddle.bench.jmh;

import dev.heddle.bench.ops.CheckedOperation;
import dev.heddle.bench.ops.Subject;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** An operation that parameters tell, compiled and checked on a device. */
abstract class Timed {
  private CheckedOperation checked;

  /** What the parameters ask for. */
  abstract Subject subject();

  /** Refuses what the device cannot compute, or computes otherwise than the reference. */
  @Setup
  public void prepare(Device device) {
    checked = device.prepare(Refused.unless(this::subject));
  }

  /** Computes the result, and leaves it where it is. */
  final void run() {
    checked.operation().run();
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    checked.close();
  }
}
