package dev.heddle.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Who is in the cache, and what each step does for whom: all that go on go on, what is left of the
 * step's tokens takes in prompts, and who waits is let in while there is room. Of the engine's
 * thread alone.
 */
final class Schedule {
  private final Decoding decoding;
  private final Prefixes prefixes;
  private final EngineMeter meter;
  private final Function<Job, SequenceGroup> beginning;
  private final int sequences;
  private final int stepTokens;
  private final RequestQueue queue;

  /** In the cache, those that go first before others. */
  private final List<Job> running = new ArrayList<>();

  /** In the cache until others need the room: their readers have enough to read. */
  private final List<Job> paused = new ArrayList<>();

  /** The same of those that had to leave it. */
  private final List<Job> parked = new ArrayList<>();

  private final List<Job> planned = new ArrayList<>();
  private final List<Job> leaving = new ArrayList<>();

  /**
   * A schedule of those who wait in {@code queue}.
   *
   * @param prefixes null if beginnings are not shared
   * @param beginning makes the sequences of a request, of which nothing is in the cache
   * @param sequences of a step
   * @param stepTokens of prompts that a step takes in
   */
  Schedule(
      Decoding decoding,
      Prefixes prefixes,
      EngineMeter meter,
      Function<Job, SequenceGroup> beginning,
      int sequences,
      int stepTokens,
      RequestQueue queue) {
    this.decoding = decoding;
    this.prefixes = prefixes;
    this.meter = meter;
    this.beginning = beginning;
    this.sequences = sequences;
    this.stepTokens = stepTokens;
    this.queue = queue;
  }

  /** Ends what was cancelled, or is late; what was paused and is read again goes on. */
  void sweep() {
    long now = System.nanoTime();
    leave(running, now);
    leave(paused, now);
    leave(parked, now);
    queue.due(now, leaving);
    for (int i = parked.size() - 1; i >= 0; i--) {
      if (!parked.get(i).isPaused()) {
        queue.again(parked.remove(i));
      }
    }
    for (int i = 0; i < leaving.size(); i++) {
      Job job = leaving.get(i);
      end(job, job.due(now));
    }
    leaving.clear();
    for (int i = running.size() - 1; i >= 0; i--) {
      if (running.get(i).isPaused()) {
        paused.add(running.remove(i));
      }
    }
    for (int i = paused.size() - 1; i >= 0; i--) {
      if (!paused.get(i).isPaused()) {
        place(paused.remove(i));
      }
    }
  }

  private void leave(List<Job> jobs, long now) {
    for (int i = jobs.size() - 1; i >= 0; i--) {
      if (jobs.get(i).due(now) != null) {
        leaving.add(jobs.remove(i));
      }
    }
  }

  /** Puts a job where it belongs among those that run. */
  private int place(Job job) {
    int at = running.size();
    while (at > 0 && job.compareTo(running.get(at - 1)) < 0) {
      at--;
    }
    running.add(at, job);
    return at;
  }

  /** Decides what the next step does, and for whom; nothing if nobody can go on. */
  List<Job> plan() {
    planned.clear();
    for (int i = 0; i < running.size(); i++) {
      if (!running.get(i).group.isBehind() && plan(i, 0) < 0) {
        i--;
      }
    }
    int left = stepTokens;
    for (int i = 0; i < running.size() && left > 0; i++) {
      if (!planned.contains(running.get(i))) {
        int tokens = plan(i, left);
        left -= Math.max(0, tokens);
        i -= tokens < 0 ? 1 : 0;
      }
    }
    admit(left);
    return planned;
  }

  /**
   * Plans what a job adds to the step, and takes pages for it, if it must from others.
   *
   * @param most tokens that it may take in
   * @return how many it does; -1 if it runs no more
   */
  private int plan(int index, int most) {
    Job job = running.get(index);
    try {
      int tokens = job.group.plan(most);
      while (!job.group.reserve()) {
        if (!makeRoom(index)) {
          preempt(index);
          return -1;
        }
      }
      planned.add(job);
      return tokens;
    } catch (RuntimeException | Error e) {
      fail(job, e);
      return -1;
    }
  }

  /** Frees pages for a job that runs: of nobody, of those who rest, of those behind it. */
  private boolean makeRoom(int index) {
    if (letGo()) {
      return true;
    }
    if (running.size() - 1 > index) {
      preempt(running.size() - 1);
      return true;
    }
    if (index == 0) {
      running.getFirst().group.demand();
    }
    return false;
  }

  /** Frees what nobody uses at the moment. */
  private boolean letGo() {
    if (prefixes != null && prefixes.letGo()) {
      return true;
    }
    if (paused.isEmpty()) {
      return false;
    }
    Job job = paused.removeLast();
    job.group.leave();
    parked.add(job);
    meter.preempted();
    return true;
  }

  /** It gives its pages up, and waits until it can be computed again. */
  private void preempt(int index) {
    Job job = running.remove(index);
    planned.remove(job);
    job.group.leave();
    meter.preempted();
    queue.again(job);
  }

  /** Lets in who waits, in their order, while there is room. */
  private void admit(int most) {
    int left = most;
    while (left > 0) {
      Job job = queue.first();
      if (job == null || job.due(System.nanoTime()) != null) {
        return; // What is due is ended before the next step.
      }
      try {
        if (!enters(job)) {
          return;
        }
      } catch (RuntimeException | Error e) {
        fail(job, e);
        continue;
      }
      left -= job.group.sourceTokens();
      int tokens = plan(place(job), Math.max(1, left));
      if (tokens < 0) {
        return;
      }
      left -= tokens;
    }
  }

  private boolean enters(Job job) {
    if (job.group == null) {
      job.group = beginning.apply(job);
    }
    int page = decoding.cache().pageTokens();
    while (!isAlone() && !(hasPlace(job) && job.group.mayEnter(page))) {
      if (!giveWay(job)) {
        return false;
      }
    }
    int cached = job.group.enter();
    while (!isAlone() && !job.group.fits(page)) {
      if (!giveWay(job)) {
        job.group.leave();
        return false;
      }
    }
    queue.remove(job);
    if (job.entered(cached)) {
      meter.cached(cached);
    }
    return true;
  }

  private boolean isAlone() {
    return running.isEmpty() && paused.isEmpty() && (prefixes == null || prefixes.kept() == 0);
  }

  private boolean hasPlace(Job job) {
    int places = job.group.size();
    for (int i = 0; i < running.size(); i++) {
      places += running.get(i).group.size();
    }
    for (int i = 0; i < paused.size(); i++) {
      places += paused.get(i).group.size();
    }
    return places <= sequences;
  }

  /** Frees room for one that waits: of nobody, of those who rest, of those of lower priority. */
  private boolean giveWay(Job job) {
    if (letGo()) {
      return true;
    }
    int last = running.size() - 1;
    if (last >= 0 && running.get(last).request.priority() < job.request.priority()) {
      preempt(last);
      return true;
    }
    return false;
  }

  /**
   * Ends a job, for {@code reason} if not by itself; before its caller learns of it its pages are
   * free.
   */
  void end(Job job, StopReason reason) {
    running.remove(job);
    if (job.group != null) {
      if (reason == null) {
        job.group.end();
      } else {
        job.group.leave();
      }
    }
    forget(job, false);
    job.end(reason);
  }

  /** The same of a failure. */
  void fail(Job job, Throwable reason) {
    running.remove(job);
    if (job.group != null) {
      job.group.leave();
    }
    forget(job, true);
    job.fail(reason);
  }

  private void forget(Job job, boolean failure) {
    queue.ended(job);
    meter.ended(failure);
    tell();
  }

  /** Nanoseconds until the nearest deadline of those who do not wait; or the largest number. */
  long nearestDeadline(long now) {
    long least = Long.MAX_VALUE;
    for (List<Job> jobs : List.of(running, paused, parked)) {
      for (Job job : jobs) {
        least = Math.min(least, job.left(now));
      }
    }
    return least;
  }

  /** Ends all, for {@code failure} or, without one, because the engine was closed. */
  void endAll(Throwable failure) {
    queue.all(leaving);
    for (List<Job> jobs : List.of(running, paused, parked)) {
      leaving.addAll(jobs);
      jobs.clear();
    }
    for (Job job : leaving) {
      if (failure == null) {
        end(job, StopReason.CLOSED);
      } else {
        fail(job, failure);
      }
    }
    leaving.clear();
    if (prefixes != null) {
      prefixes.close();
    }
    tell();
  }

  /** Shows what is in the cache now. */
  void tell() {
    meter.now(
        running.size() + paused.size(),
        paused.size(),
        decoding.cache().freePages(),
        prefixes == null ? 0 : prefixes.kept());
  }
}
