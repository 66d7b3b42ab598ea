package dev.heddle.bench.jmh;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Reading prompts: until the logits that follow each are there. */
public class PrefillBenchmark extends Suite {
  /** Prompts, which every call reads anew. */
  @State(Scope.Benchmark)
  public static class Prompts {
    /** Makes all of a text count. */
    @Setup
    public void begin(DecoderTexts texts, Device device) {
      texts.timed(device, texts.tokens);
    }
  }

  /** All prompts. */
  @Benchmark
  public float[] read(Prompts prompts, DecoderTexts texts) {
    return texts.read();
  }
}
