package dev.heddle.bench;

import dev.heddle.bench.ops.Subject;
import java.nio.file.Path;

/** The parent's end of one {@link OperationWorker}. */
final class OperationProcess implements AutoCloseable {
  static final int PREPARE = 1;
  static final int TIME = 2;
  static final int RELEASE = 3;

  static final int READY = 1;
  static final int WRONG = 2;
  static final int UNABLE = 3;

  private final ChildJvm child;

  /**
   * What became of a subject.
   *
   * @param state {@link #READY}, {@link #WRONG} or {@link #UNABLE}
   * @param text what computes it, empty where that is not known; or why it is not timed
   */
  record Prepared(int state, String text) {}

  /** Starts the process; throws as {@link ChildJvm} does. */
  OperationProcess(Entrant entrant) {
    child = new ChildJvm(OperationWorker.class, entrant, Path.of(""));
  }

  ChildJvm child() {
    return child;
  }

  /** Makes a subject ready and checks what the system computes. */
  Prepared prepare(Subject subject) {
    return child.ask(
        out -> {
          out.write(PREPARE);
          out.writeUTF(subject.name());
        },
        in -> new Prepared(in.read(), in.readUTF()));
  }

  /** Runs it for {@code seconds}, once at least, and adds the times to {@code timings}. */
  Timings time(double seconds, Timings timings) {
    return child.ask(
        out -> {
          out.write(TIME);
          out.writeLong((long) (seconds * 1e9));
        },
        in -> {
          for (int count = in.readInt(); count > 0; count--) {
            timings.add(in.readDouble());
          }
          timings.allocated(in.readLong());
          return timings;
        });
  }

  /** Lets go of the subject and its operands. */
  void release() {
    child.ask(out -> out.write(RELEASE), in -> null);
  }

  @Override
  public void close() {
    child.close();
  }
}
