package dev.heddle.generate;

import java.util.List;

/**
 * The loop that decodes: one thread, which owns the cache. Between two steps requests join and
 * leave; a step takes in parts of prompts and goes one token on with all others.
 */
final class EngineLoop implements Runnable {
  private final Decoding decoding;
  private final EngineMeter meter;
  private final RequestQueue queue;
  private final Schedule schedule;
  private float[] logits = {};

  /** A loop over those who come into {@code queue}, which {@link #run} begins. */
  EngineLoop(Decoding decoding, EngineMeter meter, RequestQueue queue, Schedule schedule) {
    this.decoding = decoding;
    this.meter = meter;
    this.queue = queue;
    this.schedule = schedule;
  }

  /** Until the queue is closed: then all that there is is ended, {@link StopReason#CLOSED}. */
  @Override
  public void run() {
    Throwable failure = null;
    try {
      while (queue.goesOn()) {
        schedule.sweep();
        List<Job> planned = schedule.plan();
        if (!planned.isEmpty()) {
          run(planned, 0, planned.size());
          schedule.tell();
        } else {
          schedule.tell();
          queue.rest(schedule.nearestDeadline(System.nanoTime()));
        }
      }
    } catch (RuntimeException | Error e) {
      failure = e;
    } finally {
      queue.close(failure);
      schedule.endAll(failure);
    }
  }

  /** Runs a part of what is planned. What fails is run again by halves: one alone has failed. */
  private void run(List<Job> planned, int from, int to) {
    try {
      for (int i = from; i < to; i++) {
        planned.get(i).group.add();
      }
      decoding.runPadded();
    } catch (RuntimeException | Error e) {
      decoding.clear();
      Thread.interrupted();
      if (to - from == 1) {
        schedule.fail(planned.get(from), e);
      } else {
        int middle = (from + to) >>> 1;
        run(planned, from, middle);
        run(planned, middle, to);
      }
      return;
    }
    try {
      read(planned, from, to);
    } catch (RuntimeException | Error e) {
      for (int i = from; i < to; i++) {
        schedule.fail(planned.get(i), e);
      }
      return;
    }
    long now = System.nanoTime();
    int takenIn = 0;
    int chosen = 0;
    for (int i = from; i < to; i++) {
      takenIn += planned.get(i).group.takesIn();
      chosen += planned.get(i).group.chooses();
    }
    meter.step(takenIn, chosen, now);
    for (int i = from; i < to; i++) {
      settle(planned.get(i), now);
    }
  }

  private void read(List<Job> planned, int from, int to) {
    boolean reads = false;
    for (int i = from; i < to; i++) {
      reads |= planned.get(i).group.readsLogits();
    }
    int rows = decoding.readChoices();
    if (reads) {
      if (logits.length < decoding.logits(rows)) {
        logits = decoding.rows(rows);
      }
      decoding.readLogits(logits);
    }
  }

  private void settle(Job job, long now) {
    try {
      if (job.group.chooses() > 0) {
        job.chose(now, meter);
      }
      job.group.settle(logits);
    } catch (RuntimeException | Error e) {
      schedule.fail(job, e);
      return;
    }
    if (job.group.hasEnded()) {
      schedule.end(job, null);
    }
  }
}
