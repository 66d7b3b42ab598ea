package dev.heddle.bench.peers;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import com.github.tjake.jlama.util.PhysicalCoreExecutor;
import dev.heddle.bench.Arrivals;
import dev.heddle.bench.Systems;
import dev.heddle.bench.TextSettings;
import dev.heddle.bench.TextSystem;
import dev.heddle.bench.TextSystemProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;

/** Jlama, with its own defaults: float32 in memory, activations of quantised weights in 8 bits. */
public final class JlamaProvider implements TextSystemProvider {
  /** For the service loader. */
  public JlamaProvider() {}

  @Override
  public String name() {
    return "jlama";
  }

  @Override
  public TextSystem open(Path model, TextSettings settings) {
    if (!Files.exists(model.resolve("model.safetensors"))) {
      throw new IllegalArgumentException(
          "jlama needs a folder with a model.safetensors; this is " + model.getFileName());
    }
    if (settings.sequences() > 1) {
      throw new IllegalArgumentException("jlama continues one text at a time");
    }
    int threads = settings.machine().threads();
    PhysicalCoreExecutor.overrideThreadCount(threads);
    return new OneText(ModelSupport.loadModel(model.toFile(), DType.F32, DType.I8), threads);
  }

  private record OneText(AbstractModel model, int threads) implements TextSystem {
    @Override
    public String version() {
      return Systems.version(AbstractModel.class, "com.github.tjake/jlama-core");
    }

    @Override
    public String description() {
      return "Jlama %s, %d threads, ends at the model's last token".formatted(version(), threads);
    }

    @Override
    public int generate(int[][] prompts, int newTokens, Arrivals arrivals) {
      long[] ids = Arrays.stream(prompts[0]).asLongStream().toArray();
      String prompt = model.getTokenizer().decode(ids);
      int read = model.getTokenizer().encode(prompt).length;
      model.generate(
          UUID.randomUUID(),
          PromptContext.of(prompt),
          0,
          read + newTokens,
          (token, seconds) -> arrivals.token(0, token));
      return read;
    }

    @Override
    public void close() {
      model.close();
    }
  }
}
