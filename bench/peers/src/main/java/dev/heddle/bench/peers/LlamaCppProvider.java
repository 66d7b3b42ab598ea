package dev.heddle.bench.peers;

import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import dev.heddle.bench.TextSettings;
import dev.heddle.bench.TextSystem;
import dev.heddle.bench.TextSystemProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** llama.cpp on the CPU, through its Java binding, as it was built for Maven Central. */
public final class LlamaCppProvider implements TextSystemProvider {
  /** Tokens of a prompt that it reads in one step: its own default. */
  private static final int STEP = 512;

  /** For the service loader. */
  public LlamaCppProvider() {}

  @Override
  public String name() {
    return "llama.cpp";
  }

  @Override
  public TextSystem open(Path model, TextSettings settings) {
    Path file = Files.isDirectory(model) ? only(model) : model;
    if (!file.toString().endsWith(".gguf")) {
      throw new IllegalArgumentException("llama.cpp needs a GGUF file; this is " + file);
    }
    int threads = settings.machine().threads();
    // Each text has an equal part of the context; some are longer as this tokenizer reads them.
    int context = settings.sequences() * (settings.tokens() + settings.tokens() / 4 + 64);
    ModelParameters parameters =
        new ModelParameters()
            .setModel(file.toString())
            .setThreads(threads)
            .setThreadsBatch(threads)
            .setCtxSize(context)
            .setBatchSize(STEP)
            .setUbatchSize(STEP)
            .setParallel(settings.sequences())
            .enableContBatching();
    parameters.disableLog();
    return new LlamaCppSystem(new LlamaModel(parameters), threads);
  }

  private static Path only(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".gguf")).findFirst().orElse(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
