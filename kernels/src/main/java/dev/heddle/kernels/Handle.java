package dev.heddle.kernels;

import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The one reference to an object of a device's API. A second release, or a call on what was
 * released, would end the process; so the object is lent for each use, and released once: at {@link
 * #close()}, or when the last use then ends. Safe for many threads.
 *
 * @param <T> what the API's binding hands out
 */
public final class Handle<T> {
  private static final int CLOSED = Integer.MIN_VALUE;

  private final T object;
  private final String what;
  private final Set<Handle<?>> live;
  private final Consumer<? super T> release;

  /** Uses in progress, and {@link #CLOSED}. */
  private final AtomicInteger state = new AtomicInteger();

  private Handle(T object, String what, Set<Handle<?>> live, Consumer<? super T> release) {
    this.object = object;
    this.what = what;
    this.live = live;
    this.release = release;
  }

  /**
   * Owns {@code object}.
   *
   * @param <T> what the API's binding hands out
   * @param what its name in errors
   * @param live where it stands until it is released
   * @param release called once, by whichever thread is the last
   */
  public static <T> Handle<T> own(
      T object, String what, Set<Handle<?>> live, Consumer<? super T> release) {
    Handle<T> handle = new Handle<>(object, what, live, release);
    live.add(handle);
    return handle;
  }

  /**
   * Lends the object until {@link #exit()}.
   *
   * @throws IllegalStateException after {@link #close()}
   */
  public T enter() {
    int seen;
    do {
      seen = state.get();
      if (seen < 0) {
        throw new IllegalStateException(what + " was closed");
      }
    } while (!state.compareAndSet(seen, seen + 1));
    return object;
  }

  /** The object, between {@link #enter()} and {@link #exit()}. */
  public T lent() {
    return object;
  }

  /** Ends what {@link #enter()} began. */
  public void exit() {
    if (state.decrementAndGet() == CLOSED) {
      release();
    }
  }

  /** Releases the object, now or when nothing uses it any more. Again: nothing. */
  public void close() {
    if (state.getAndUpdate(seen -> seen | CLOSED) == 0) {
      release();
    }
  }

  private void release() {
    live.remove(this);
    release.accept(object);
  }
}
