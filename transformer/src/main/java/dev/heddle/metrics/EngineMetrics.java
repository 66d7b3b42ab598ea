package dev.heddle.metrics;

import dev.heddle.generate.Engine;
import dev.heddle.generate.EngineStats;
import dev.heddle.generate.Latencies;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * An engine's {@link EngineStats} as meters of Micrometer, which the application brings.
 *
 * {@snippet :
 * new EngineMetrics(engine, Tags.of("model", "shakespeare-llama")).bindTo(registry);
 * }
 *
 * <p>Gauges {@code heddle.engine.} {@code queued}, {@code running}, {@code paused} (requests),
 * {@code pages}, {@code pages.free}, {@code prefixes} and {@code tokens.per.second}; counters
 * {@code requests}, {@code refused}, {@code ended}, {@code failed}, {@code preempted}, {@code
 * steps} and {@code tokens} (tag {@code kind}: {@code prompt}, {@code cached}, {@code generated});
 * timers {@code first.token} and {@code between.tokens}, of which {@code .percentile} (tag {@code
 * phi}) and {@code .max} tell more. The registry keeps no engine alive.
 */
// An application that gives Micrometer to this reads its module itself.
@SuppressWarnings("exports")
public final class EngineMetrics implements MeterBinder {
  private static final String PREFIX = "heddle.engine.";

  private static final Map<String, ToDoubleFunction<EngineStats>> GAUGES =
      Map.of(
          "queued", EngineStats::queued,
          "running", EngineStats::running,
          "paused", EngineStats::paused,
          "pages", EngineStats::pages,
          "pages.free", EngineStats::freePages,
          "prefixes", EngineStats::keptPrefixes,
          "tokens.per.second", EngineStats::tokensPerSecond);

  private static final Map<String, ToDoubleFunction<EngineStats>> COUNTERS =
      Map.of(
          "requests", EngineStats::requests,
          "refused", EngineStats::refused,
          "ended", EngineStats::ended,
          "failed", EngineStats::failed,
          "preempted", EngineStats::preempted,
          "steps", EngineStats::steps);

  private static final Map<String, ToDoubleFunction<EngineStats>> TOKENS =
      Map.of(
          "prompt", EngineStats::promptTokens,
          "cached", EngineStats::cachedTokens,
          "generated", EngineStats::generatedTokens);

  private final Engine engine;
  private final Tags tags;

  /** Meters of {@code engine}, each with {@code tags}. */
  public EngineMetrics(Engine engine, Iterable<Tag> tags) {
    this.engine = engine;
    this.tags = Tags.of(tags);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    GAUGES.forEach((name, of) ->
        Gauge.builder(PREFIX + name, engine, e -> of.applyAsDouble(e.stats()))
            .tags(tags)
            .register(registry));
    COUNTERS.forEach((name, of) -> count(registry, name, tags, of));
    TOKENS.forEach((kind, of) -> count(registry, "tokens", tags.and("kind", kind), of));
    time(registry, "first.token", EngineStats::timeToFirstToken);
    time(registry, "between.tokens", EngineStats::timeBetweenTokens);
  }

  private void count(
      MeterRegistry registry, String name, Tags with, ToDoubleFunction<EngineStats> of) {
    FunctionCounter.builder(PREFIX + name, engine, e -> of.applyAsDouble(e.stats()))
        .tags(with)
        .register(registry);
  }

  private void time(MeterRegistry registry, String name, Function<EngineStats, Latencies> of) {
    FunctionTimer.builder(
            PREFIX + name,
            engine,
            e -> of.apply(e.stats()).count(),
            e -> of.apply(e.stats()).total().toNanos(),
            TimeUnit.NANOSECONDS)
        .tags(tags)
        .register(registry);
    gauge(registry, name + ".max", tags, e -> of.apply(e.stats()).max());
    String percentile = name + ".percentile";
    gauge(registry, percentile, tags.and("phi", "0.5"), e -> of.apply(e.stats()).p50());
    gauge(registry, percentile, tags.and("phi", "0.95"), e -> of.apply(e.stats()).p95());
    gauge(registry, percentile, tags.and("phi", "0.99"), e -> of.apply(e.stats()).p99());
  }

  private void gauge(
      MeterRegistry registry, String name, Tags with, Function<Engine, Duration> of) {
    TimeGauge.builder(PREFIX + name, engine, TimeUnit.NANOSECONDS, e -> of.apply(e).toNanos())
        .tags(with)
        .register(registry);
  }
}
