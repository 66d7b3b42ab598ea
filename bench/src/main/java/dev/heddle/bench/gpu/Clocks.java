package dev.heddle.bench.gpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The GPU's clocks while something is measured, as {@code nvidia-smi} tells them every second.
 *
 * @param samples how often it was asked
 * @param smMhz of the multiprocessors: least, median, most
 * @param memoryMhz of the memory: least, median, most
 * @param watts drawn: least, median, most
 * @param celsius least, median, most
 * @param limits what the GPU may reach: {@code 1980 MHz, 3201 MHz, 700.00 W}
 * @param unknown why nothing is known; null for nothing
 */
record Clocks(
    int samples,
    List<Double> smMhz,
    List<Double> memoryMhz,
    List<Double> watts,
    List<Double> celsius,
    String limits,
    String unknown) {
  private static final String TOOL = "nvidia-smi";

  private static Clocks unknown(String why) {
    return new Clocks(0, List.of(), List.of(), List.of(), List.of(), "", why);
  }

  private static Clocks of(List<double[]> samples, String limits) {
    return samples.isEmpty()
        ? unknown(TOOL + " says nothing of them")
        : new Clocks(
            samples.size(),
            spread(samples, sample -> sample[0]),
            spread(samples, sample -> sample[1]),
            spread(samples, sample -> sample[2]),
            spread(samples, sample -> sample[3]),
            limits,
            null);
  }

  private static List<Double> spread(List<double[]> samples, ToDoubleFunction<double[]> what) {
    double[] sorted = samples.stream().mapToDouble(what).sorted().toArray();
    return List.of(sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
  }

  /** Asks until it is closed. */
  static final class Watch implements AutoCloseable {
    private static final String SAMPLED = "clocks.sm,clocks.mem,power.draw,temperature.gpu";

    private final List<double[]> samples = new ArrayList<>();
    private Process process;
    private String limits = "";
    private String missing;

    /** Watches the GPU of this number. */
    Watch(int device) {
      try {
        Process about = query(device, "clocks.max.sm,clocks.max.mem,power.limit", "csv,noheader");
        try (BufferedReader reader = about.inputReader()) {
          limits = String.valueOf(reader.readLine());
        }
        if (!about.waitFor(10, TimeUnit.SECONDS) || about.exitValue() != 0) {
          missing = TOOL + " fails: " + limits;
          return;
        }
        process = query(device, SAMPLED, "csv,noheader,nounits", "-lms", "1000");
        BufferedReader reader = process.inputReader();
        Thread.ofVirtual().start(() -> read(reader));
      } catch (IOException e) {
        missing = TOOL + " is not there";
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        missing = "interrupted";
      }
    }

    private static Process query(int device, String what, String format, String... more)
        throws IOException {
      List<String> command = new ArrayList<>();
      command.addAll(List.of(TOOL, "-i", Integer.toString(device)));
      command.addAll(List.of("--query-gpu=" + what, "--format=" + format));
      command.addAll(List.of(more));
      return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private void read(BufferedReader reader) {
      try (reader) {
        reader.lines().forEach(this::add);
      } catch (IOException | UncheckedIOException e) {
        // The process was ended.
      }
    }

    private synchronized void add(String line) {
      try {
        samples.add(Arrays.stream(line.split(",")).mapToDouble(Double::parseDouble).toArray());
      } catch (NumberFormatException e) {
        // [N/A], as of a GPU that tells no power.
      }
    }

    synchronized Clocks clocks() {
      return missing == null ? of(samples, limits) : unknown(missing);
    }

    @Override
    public void close() {
      if (process != null) {
        process.destroyForcibly();
      }
    }
  }
}
