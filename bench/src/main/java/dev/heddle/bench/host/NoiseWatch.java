package dev.heddle.bench.host;

import dev.heddle.bench.result.Noise;
import dev.heddle.bench.result.Times;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * Watches what else the machine does, from its making on. Shares of time are Linux's: {@code
 * /proc/stat} tells of all processes, {@code /proc/self/stat} of this one and of its children that
 * have ended.
 */
public final class NoiseWatch {
  private static final int SAMPLES = 40;

  /** A fifth of a millisecond or so. */
  private static final int STEPS = 200_000;

  private final double loadBefore = load();
  private final long[] before = ticks();
  private final DoubleStream.Builder loops = DoubleStream.builder();

  /** Begins. */
  public NoiseWatch() {
    loop();
    sample();
  }

  /** Times a loop that only counts, for some milliseconds: between two measurements. */
  public void sample() {
    for (int i = 0; i < SAMPLES; i++) {
      loops.add(loop());
    }
  }

  private double loop() {
    long start = System.nanoTime();
    long x = start | 1;
    for (int i = 0; i < STEPS; i++) {
      x ^= x << 13;
      x ^= x >>> 7;
      x ^= x << 17;
    }
    // Never so: a shift register of ones and zeros does not come to nothing.
    return x == 0 ? 0 : (System.nanoTime() - start) * 1e-9;
  }

  /** What was seen so far; nothing may be sampled after that. */
  public Noise noise() {
    long[] now = ticks();
    double others = -1;
    double stolen = -1;
    if (now != null && before != null) {
      double all = Math.max(1, now[0] - before[0]);
      double busy = now[1] - before[1];
      double own = now[3] - before[3];
      others = Math.max(0, (busy - own) / all);
      stolen = (now[2] - before[2]) / all;
    }
    Times times = Times.of(loops.build().toArray(), Times.UNKNOWN);
    return new Noise(
        round(loadBefore),
        round(load()),
        round(others),
        round(stolen),
        round(times.median() / times.min() - 1));
  }

  private static double round(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  private static double load() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }

  /** All, busy, stolen, our own; null where the system does not say. */
  private static long[] ticks() {
    try {
      // user nice system idle iowait irq softirq steal
      long[] all = numbers(Files.readString(Path.of("/proc/stat")).lines().findFirst().orElse(""));
      String self = Files.readString(Path.of("/proc/self/stat"));
      // Behind the name: state, ten numbers, then user and system time, ours and the children's.
      long[] own = numbers(self.substring(self.lastIndexOf(')') + 3));
      long total = Arrays.stream(all, 0, 8).sum();
      long busy = all[0] + all[1] + all[2] + all[5] + all[6];
      return new long[] {total, busy, all[7], own[10] + own[11] + own[12] + own[13]};
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  /** The first fourteen: what follows in {@code self/stat} is partly too large for a long. */
  private static long[] numbers(String line) {
    return Arrays.stream(line.split("\\s+"))
        .filter(word -> word.matches("-?\\d+"))
        .limit(14)
        .mapToLong(Long::parseLong)
        .toArray();
  }
}
