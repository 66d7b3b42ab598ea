package dev.heddle.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.generate.Engine;
import dev.heddle.generate.EngineStats;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.GenerationRequest;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EngineMetricsTest {
  @Test
  void aRegistryIsToldWhatTheEngineCounts() {
    MeterRegistry registry = new SimpleMeterRegistry();
    String model = Path.of("src/test/data/hf/gpt2").toString();
    try (Engine engine = Engine.builder(model).backend("cpu").build()) {
      new EngineMetrics(engine, Tags.of("model", "gpt2")).bindTo(registry);
      GenerationOptions options =
          GenerationOptions.builder().maxNewTokens(5).eosTokenIds(List.of()).build();
      engine.generate(GenerationRequest.of(new int[] {5, 6, 7}, options));
      EngineStats stats = engine.stats();
      Tags tags = Tags.of("model", "gpt2");
      assertEquals(1, registry.get("heddle.engine.ended").tags(tags).functionCounter().count());
      assertEquals(
          5,
          registry
              .get("heddle.engine.tokens")
              .tags(tags.and("kind", "generated"))
              .functionCounter()
              .count());
      assertEquals(stats.pages(), registry.get("heddle.engine.pages").tags(tags).gauge().value());
      var between = registry.get("heddle.engine.between.tokens").tags(tags).functionTimer();
      assertEquals(4, between.count());
      assertEquals(
          stats.timeBetweenTokens().total().toNanos(), between.totalTime(TimeUnit.NANOSECONDS));
      assertTrue(
          registry
                  .get("heddle.engine.first.token.percentile")
                  .tags(tags.and("phi", "0.99"))
                  .timeGauge()
                  .value(TimeUnit.NANOSECONDS)
              > 0);
    }
  }
}
