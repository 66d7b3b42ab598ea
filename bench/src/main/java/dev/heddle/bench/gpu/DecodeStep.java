package dev.heddle.bench.gpu;

import com.sun.management.OperatingSystemMXBean;
import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.bench.DecoderSteps;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.RunCounts;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.HostTensor;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A decode step of a small model, batch 1: what it costs but for the GPU's work, which is little.
 * Each token's logits come back to the host.
 *
 * @param model a shipped model's name
 * @param tokens that were timed
 * @param micros time of a token
 * @param cpuMicros time that the process's threads computed for a token, all together
 * @param recordings CUDA graphs launched for a token
 * @param commands kernels, copies and fills that were launched one by one for a token
 * @param failure why there are no figures: it failed, or its logits are wrong; null for nothing
 */
record DecodeStep(
    String model,
    int tokens,
    double micros,
    double cpuMicros,
    double recordings,
    double commands,
    String failure) {
  private static final String MODEL = "shakespeare-llama";
  private static final double NMSE = 1e-6;

  /**
   * Checks and measures.
   *
   * @param small whether few tokens do
   */
  static DecodeStep measure(KernelBackend backend, boolean small) {
    int checked = small ? 3 : 16;
    int tokens = small ? 2 : 400;
    int rounds = small ? 1 : 21;
    try (Model model = Models.open(MODEL)) {
      float[][] expected;
      try (Backend cpu = new Backends().open("cpu", BackendOptions.DEFAULT).value();
          Steps steps = new Steps(model, cpu, checked)) {
        expected = steps.run(checked);
      }
      try (Steps steps = new Steps(model, backend, checked + tokens)) {
        String wrong = differs(steps.run(checked), expected);
        return wrong == null ? steps.median(backend, checked, tokens, rounds) : failed(wrong);
      }
    } catch (RuntimeException e) {
      return failed(e.toString());
    }
  }

  static DecodeStep failed(String why) {
    return new DecodeStep(MODEL, 0, 0, 0, 0, 0, why);
  }

  private static String differs(float[][] actual, float[][] expected) {
    for (int i = 0; i < expected.length; i++) {
      int count = expected[i].length;
      double error =
          FixturesPart.nmse(HostTensor.of(actual[i], count), HostTensor.of(expected[i], count));
      if (!(error <= NMSE)) {
        return "token %d: the logits have a normalised mean square error of %.3g to the cpu's"
            .formatted(i, error);
      }
    }
    return null;
  }

  /** One sequence, a token at a time, whichever they are: the work is the same. */
  private static final class Steps implements AutoCloseable {
    private final DecoderSteps decoder;
    private int length;

    Steps(Model model, Backend backend, int tokens) {
      decoder = new DecoderSteps(model, backend, 1, tokens);
    }

    private float[] step() {
      return decoder.step(new int[] {3 + length++ * 7 % 29});
    }

    /** The logits of the first tokens. */
    float[][] run(int count) {
      float[][] all = new float[count][];
      for (int i = 0; i < count; i++) {
        all[i] = step().clone();
      }
      return all;
    }

    /** Tokens from {@code first} on, in several rounds: the first ones are those of a cold JVM. */
    DecodeStep median(KernelBackend backend, int first, int tokens, int rounds) {
      List<DecodeStep> all = new ArrayList<>();
      for (int i = 0; i < rounds; i++) {
        decoder.truncate(first);
        length = first;
        all.add(time(backend, tokens));
      }
      all.sort(Comparator.comparingDouble(DecodeStep::micros));
      return all.get(rounds / 2);
    }

    private DecodeStep time(KernelBackend backend, int tokens) {
      OperatingSystemMXBean process =
          (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      RunCounts before = backend.runCounts();
      long cpu = process.getProcessCpuTime();
      long begin = System.nanoTime();
      for (int i = 0; i < tokens; i++) {
        step();
      }
      double micros = (System.nanoTime() - begin) * 1e-3 / tokens;
      double cpuMicros = (process.getProcessCpuTime() - cpu) * 1e-3 / tokens;
      RunCounts given = backend.runCounts().since(before);
      return new DecodeStep(
          MODEL,
          tokens,
          micros,
          cpuMicros,
          (double) given.recordings() / tokens,
          (double) given.commands() / tokens,
          null);
    }

    @Override
    public void close() {
      decoder.close();
    }
  }
}
