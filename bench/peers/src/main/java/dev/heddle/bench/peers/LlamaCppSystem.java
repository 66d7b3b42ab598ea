package dev.heddle.bench.peers;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import dev.heddle.bench.Arrivals;
import dev.heddle.bench.Systems;
import dev.heddle.bench.TextSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One model of llama.cpp; its binding takes texts, so ids are brought to text by its tokenizer. */
final class LlamaCppSystem implements TextSystem {
  private final LlamaModel model;
  private final int threads;

  LlamaCppSystem(LlamaModel model, int threads) {
    this.model = model;
    this.threads = threads;
  }

  @Override
  public String version() {
    return Systems.version(LlamaModel.class, "de.kherud/llama");
  }

  @Override
  public String description() {
    return "llama.cpp by de.kherud:llama, CPU, %d threads, int8 activations, f16 cache"
        .formatted(threads);
  }

  @Override
  public int generate(int[][] prompts, int newTokens, Arrivals arrivals) {
    int read = 0;
    try (ExecutorService callers = Executors.newFixedThreadPool(prompts.length)) {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < prompts.length; i++) {
        int text = i;
        String prompt = model.decode(prompts[i]);
        read += model.encode(prompt).length;
        InferenceParameters parameters =
            new InferenceParameters(prompt)
                .setTemperature(0)
                .setIgnoreEos(true)
                .setNPredict(newTokens)
                .setCachePrompt(false);
        calls.add(
            callers.submit(() -> {
              int left = newTokens;
              for (LlamaOutput output : model.generate(parameters)) {
                // The last says that it is over: no token comes with it.
                if (left-- > 0) {
                  arrivals.token(text, output.text);
                }
              }
            }));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause().toString(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    return read;
  }

  @Override
  public void close() {
    model.close();
  }
}
