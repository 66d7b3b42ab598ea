package dev.heddle.bench.jmh;

import dev.heddle.bench.result.Rate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleFunction;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/**
 * What stands beside the times: GFLOP/s, GB/s, tokens or texts a second, and the share of the
 * ceiling that bounds it. A profiler, for JMH's own counters are sums over iterations.
 */
public final class Rates implements InternalProfiler {
  private static final double GIGA = 1e9;

  /** Of this process, which runs one benchmark: JMH makes profilers itself and tells them less. */
  private static final AtomicReference<DoubleFunction<List<Rate>>> TIMED = new AtomicReference<>();

  /** For JMH. */
  public Rates() {}

  /**
   * Sets what is timed from now on.
   *
   * @param rates of a call that takes so many seconds
   */
  static void timed(DoubleFunction<List<Rate>> rates) {
    TIMED.set(rates);
  }

  @Override
  public String getDescription() {
    return "GFLOP/s, GB/s, tokens/s, texts/s and share of the measured ceiling";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {}

  @Override
  public Collection<ScalarResult> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    DoubleFunction<List<Rate>> timed = TIMED.get();
    if (timed == null) {
      return List.of();
    }
    double score = result.getPrimaryResult().getScore();
    double units = benchmark.getMode() == Mode.Throughput ? 1 / score : score;
    TimeUnit unit = benchmark.getTimeUnit();
    return results(timed.apply(units * unit.toNanos(1) / GIGA));
  }

  /** A line of JMH's table for each unit, and one for each known share of a ceiling. */
  static Collection<ScalarResult> results(List<Rate> rates) {
    List<ScalarResult> results = new ArrayList<>();
    for (Rate rate : rates) {
      if (rate.ceiling() != null) {
        results.add(result("of." + rate.ceiling(), 100 * rate.ofCeiling(), "%"));
        continue;
      }
      String name = rate.unit().name().toLowerCase(Locale.ROOT);
      results.add(
          switch (rate.unit()) {
            case FLOPS, BYTES -> result(name, rate.perSecond() / GIGA, "G" + rate.unit());
            case TOKENS, TEXTS -> result(name, rate.perSecond(), rate.unit().toString());
          });
    }
    return results;
  }

  private static ScalarResult result(String name, double value, String unit) {
    return new ScalarResult(name, value, unit, AggregationPolicy.AVG);
  }
}
