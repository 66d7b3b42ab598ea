package dev.heddle.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Ctrl-C while an answer is written interrupts the thread that writes it, and does not end the
 * program. By {@code sun.misc.Signal}, which the JDK has for this and names to nobody: it is asked
 * for by name, and where it is missing Ctrl-C does what it does elsewhere.
 */
final class Interrupts implements AutoCloseable {
  private final Runnable idle;
  private final Runnable restore;
  private Thread answering;

  /** Takes Ctrl-C over; {@code idle} is run if there is no answer to stop. */
  Interrupts(Runnable idle) {
    this.idle = idle;
    this.restore = handle();
  }

  private Runnable handle() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler received =
          (proxy, method, args) ->
              switch (method.getName()) {
                case "handle" -> {
                  signalled();
                  yield null;
                }
                case "equals" -> proxy == args[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "Ctrl-C";
              };
      Object own =
          Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, received);
      Object interrupt = signal.getConstructor(String.class).newInstance("INT");
      var set = signal.getMethod("handle", signal, handler);
      Object before = set.invoke(null, interrupt, own);
      return () -> {
        try {
          set.invoke(null, interrupt, before);
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException("the handler of Ctrl-C cannot be given back", e);
        }
      };
    } catch (ReflectiveOperationException e) {
      return () -> {};
    }
  }

  /** The calling thread writes an answer from here on. */
  synchronized void begin() {
    answering = Thread.currentThread();
  }

  /** It has ended, or was stopped: then the thread is interrupted no more. */
  synchronized void end() {
    answering = null;
    Thread.interrupted();
  }

  private synchronized void signalled() {
    if (answering == null) {
      idle.run();
    } else {
      answering.interrupt();
    }
  }

  @Override
  public void close() {
    restore.run();
  }
}
