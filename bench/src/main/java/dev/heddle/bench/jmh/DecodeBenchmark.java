package dev.heddle.bench.jmh;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Writing: a step that gives each text the logits of one token more. */
public class DecodeBenchmark extends Suite {
  /** Texts that have been read; each call steps from there. */
  @State(Scope.Benchmark)
  public static class Begun {
    /** Reads the texts. */
    @Setup
    public void begin(DecoderTexts texts, Device device) {
      texts.read();
      texts.timed(device, 1);
    }
  }

  /** One step of all texts. */
  @Benchmark
  public float[] step(Begun begun, DecoderTexts texts) {
    return texts.step();
  }
}
