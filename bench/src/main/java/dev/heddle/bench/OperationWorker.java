package dev.heddle.bench;

import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.UnsupportedGraphException;
import dev.heddle.bench.ops.CheckedOperation;
import dev.heddle.bench.ops.Operation;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.OperationSystemProvider;
import dev.heddle.bench.ops.RandomData;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;

/**
 * The child process of a benchmark of operations: one system, which is given one subject after the
 * other, checked, and timed. {@link OperationProcess} is its other end.
 */
public final class OperationWorker {
  /** A sample takes so long at least: several runs where one does not. */
  private static final double LEAST_SAMPLE = 50e-6;

  private static final int MOST_RUNS = 1000;

  private final RandomData data = new RandomData();
  private CheckedOperation checked;
  private int runs;

  /** Kept: a loop that stores them allocates nothing once there is room. */
  private double[] samples = new double[1 << 13];

  private OperationWorker() {}

  /** {@code OperationWorker SYSTEM "" THREADS BACKEND DEVICE DTYPE}, as {@link ChildJvm} has it. */
  public static void main(String[] args) throws IOException {
    Child.serve(
        () -> Systems.named(OperationSystemProvider.class, args[0]).open(ChildJvm.settings(args)),
        new OperationWorker()::answer);
  }

  private void answer(OperationSystem system, DataInputStream in, DataOutputStream out)
      throws IOException {
    switch (in.read()) {
      case OperationProcess.PREPARE -> {
        Subject subject = Subjects.named(in.readUTF());
        release();
        prepare(system, subject, out);
      }
      case OperationProcess.TIME -> time(in.readLong(), out);
      default -> release();
    }
  }

  /** Says how its result is wrong, or that it has no such operation, or what computes it. */
  private void prepare(OperationSystem system, Subject subject, DataOutputStream out)
      throws IOException {
    try {
      checked = new CheckedOperation(system, subject, data);
      String wrong = checked.wrong();
      out.write(wrong == null ? OperationProcess.READY : OperationProcess.WRONG);
      out.writeUTF(wrong == null ? Objects.toString(checked.operation().kernel(), "") : wrong);
    } catch (UnsupportedOperationException
        | UnsupportedGraphException
        | BackendUnavailableException e) {
      out.write(OperationProcess.UNABLE);
      out.writeUTF(Objects.toString(e.getMessage(), e.toString()));
    }
    runs = 1;
  }

  /**
   * Runs for {@code nanos}, once at least; answers the samples, seconds of an operation each, and
   * the bytes that one allocated.
   */
  private void time(long nanos, DataOutputStream out) throws IOException {
    Operation operation = checked.operation();
    int count = 0;
    long calls = 0;
    long allocated = Child.allocated();
    long begin = System.nanoTime();
    do {
      long start = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        operation.run();
      }
      double sample = (System.nanoTime() - start) * 1e-9;
      calls += runs;
      if (count == samples.length) {
        samples = Arrays.copyOf(samples, 2 * count);
      }
      samples[count++] = sample / runs / operation.times();
      if (sample < LEAST_SAMPLE && runs < MOST_RUNS) {
        runs *= 2;
      }
    } while (System.nanoTime() - begin < nanos);
    allocated = Child.allocated() - allocated;
    out.writeInt(count);
    for (int i = 0; i < count; i++) {
      out.writeDouble(samples[i]);
    }
    out.writeLong(allocated / (calls * operation.times()));
  }

  private void release() {
    if (checked != null) {
      checked.close();
      checked = null;
    }
  }
}
