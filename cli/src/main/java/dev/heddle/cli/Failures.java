package dev.heddle.cli;

import dev.heddle.backend.HeddleException;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.graph.GraphException;
import dev.heddle.hub.HubException;
import java.io.PrintWriter;
import java.lang.System.Logger.Level;

/** What the user is told of a failure, and the exit code. */
final class Failures {
  private Failures() {}

  /**
   * {@link ExitCode#BAD_INPUT} where the user gave something that cannot be, as Heddle's own
   * exceptions say: a file, a model, a text, a backend that is not there.
   */
  static int exitCode(Exception failure) {
    return switch (failure) {
      case OutOfDeviceMemoryException e -> ExitCode.FAILED;
      case RunInterruptedException e -> ExitCode.FAILED;
      case HubException e when e.reason().passing() -> ExitCode.FAILED;
      default -> isExpected(failure) ? ExitCode.BAD_INPUT : ExitCode.FAILED;
    };
  }

  /** The message alone if it was written for the user; else what it is, and how to see more. */
  static void report(Exception failure, boolean debug, PrintWriter err) {
    boolean expected = isExpected(failure);
    if (debug) {
      System.getLogger("dev.heddle.cli").log(Level.ERROR, "The verb failed", failure);
    }
    String message = failure.getMessage();
    if (expected && message != null) {
      err.println("heddle: " + message);
      return;
    }
    String kind = failure.getClass().getSimpleName();
    err.println("heddle: " + kind + (message == null ? "" : ": " + message));
    if (!debug) {
      err.println("heddle: this should not happen; with --debug it shows the stack trace");
    }
  }

  private static boolean isExpected(Exception failure) {
    return failure instanceof BadInputException
        || failure instanceof HeddleException
        || failure instanceof GraphException;
  }
}
