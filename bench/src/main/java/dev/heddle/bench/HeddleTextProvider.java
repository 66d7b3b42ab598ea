package dev.heddle.bench;

import dev.heddle.bench.result.Contender;
import dev.heddle.generate.Engine;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.GenerationRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Heddle's engine, on the backend in force: each text is a caller of its own. */
public final class HeddleTextProvider implements TextSystemProvider {
  /** For the service loader. */
  public HeddleTextProvider() {}

  @Override
  public String name() {
    return Contender.HEDDLE;
  }

  /** An engine that keeps nothing of earlier texts; {@code model} as {@code --model} has it. */
  public static Engine engine(String model, TextSettings settings) {
    Settings machine = settings.machine();
    machine.checkThreads();
    return Engine.builder(model)
        .backend(machine.backend())
        .backendOptions(machine.backendOptions().withActivations(settings.activations()))
        .sequences(settings.sequences())
        .cacheTokens(settings.sequences() * settings.tokens())
        .sharePrefixes(false)
        .build();
  }

  @Override
  public TextSystem open(Path model, TextSettings settings) {
    return new Texts(engine(model.toString(), settings), settings);
  }

  /** The most likely token each time, {@code newTokens} of them whatever they are. */
  public static GenerationOptions options(Engine engine, int newTokens) {
    return engine.options().toBuilder()
        .doSample(false)
        .eosTokenIds(List.of())
        .maxNewTokens(newTokens)
        .build();
  }

  private record Texts(Engine engine, TextSettings settings) implements TextSystem {
    @Override
    public String version() {
      return Systems.version();
    }

    @Override
    public String description() {
      return "Heddle, %s, %d threads, %s activations"
          .formatted(
              engine.backendReason(),
              settings.machine().threads(),
              settings.activations().name().toLowerCase(Locale.ROOT));
    }

    @Override
    public int generate(int[][] prompts, int newTokens, Arrivals arrivals) {
      GenerationOptions options = options(engine, newTokens);
      try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < prompts.length; i++) {
          int text = i;
          GenerationRequest request = GenerationRequest.of(prompts[i], options);
          calls.add(
              callers.submit(() ->
                  engine.generate(
                      request,
                      (sequence, id, shown) -> {
                        arrivals.token(text, id, shown);
                        return true;
                      })));
        }
        for (Future<?> call : calls) {
          call.get();
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
      return Arrays.stream(prompts).mapToInt(ids -> ids.length).sum();
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
