package dev.heddle.bench;

import com.sun.management.ThreadMXBean;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.function.Supplier;

/** What runs in a {@link ChildJvm}: one system, which answers until the parent is done. */
final class Child {
  private Child() {}

  /** Answers one question: reads all of it, does what it asks, writes. */
  interface Answering<S> {
    void answer(S system, DataInputStream question, DataOutputStream answer) throws IOException;
  }

  /**
   * Opens a system and answers questions until the parent closes the pipe, or the system fails: the
   * last answer is then why.
   */
  static <S extends LoadedSystem> void serve(Supplier<S> opener, Answering<S> answering)
      throws IOException {
    PrintStream pipe = System.out;
    // What a library prints must not mix with the answers.
    System.setOut(System.err);
    try (DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(pipe))) {
      try (S system = opener.get()) {
        out.writeBoolean(true);
        out.writeUTF(String.valueOf(system.version()));
        out.writeUTF(system.description());
        out.flush();
        while (hasMore(in)) {
          // What was written before a failure is no answer.
          ByteArrayOutputStream answer = new ByteArrayOutputStream();
          answering.answer(system, in, new DataOutputStream(answer));
          out.writeBoolean(true);
          answer.writeTo(out);
          out.flush();
        }
      } catch (RuntimeException | LinkageError e) {
        out.writeBoolean(false);
        out.writeUTF(e.getMessage() == null ? e.toString() : e.getMessage());
      }
    }
  }

  /** The parent's end of file is how it says that it is done. */
  private static boolean hasMore(DataInputStream in) throws IOException {
    in.mark(1);
    boolean more = in.read() >= 0;
    in.reset();
    return more;
  }

  /** Writes token ids of texts. */
  static void writeIds(DataOutputStream out, int[][] ids) throws IOException {
    out.writeInt(ids.length);
    for (int[] text : ids) {
      out.writeInt(text.length);
      for (int id : text) {
        out.writeInt(id);
      }
    }
  }

  /** Reads what {@link #writeIds} wrote. */
  static int[][] readIds(DataInputStream in) throws IOException {
    int[][] ids = new int[in.readInt()][];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = new int[in.readInt()];
      for (int j = 0; j < ids[i].length; j++) {
        ids[i][j] = in.readInt();
      }
    }
    return ids;
  }

  /** Bytes of the heap that all threads of this JVM have allocated so far. */
  static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
  }
}
