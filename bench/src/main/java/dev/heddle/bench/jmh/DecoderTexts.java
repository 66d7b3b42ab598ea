package dev.heddle.bench.jmh;

import dev.heddle.backend.Backend;
import dev.heddle.bench.DecoderSteps;
import dev.heddle.bench.Workload;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Texts of random tokens that a decoder reads and continues. */
@State(Scope.Benchmark)
public class DecoderTexts {
  /** A decoder, as {@code --model} takes it. */
  @Param("shakespeare-llama")
  public String model;

  /** Texts at a time. */
  @Param({"1", "8"})
  public int texts;

  /** Tokens of each. */
  @Param({"32", "256"})
  public int tokens;

  private Model opened;
  private Backend backend;
  private DecoderSteps steps;
  private int[][] ids;
  private int[] last;

  /**
   * Loads and checks: a few tokens' logits against the reference's, and that texts read together
   * have the logits of one that is read alone, and its last token apart.
   */
  @Setup
  public void open(Device device) {
    Refused.unless(() -> {
      opened = Models.open(model);
      backend = device.openBackend();
      steps = new DecoderSteps(opened, backend, texts, tokens + 1);
      return steps;
    });
    Workload.Source source = new Workload.Source(opened.tokenizer());
    ids = new int[texts][];
    Arrays.setAll(ids, i -> source.prompt(tokens, i));
    last = Arrays.stream(ids).mapToInt(text -> text[tokens - 1]).toArray();
    Refused.ifWrong(DecoderSteps.wrong(opened, backend, ids[0]));
    checkTogether();
  }

  private void checkTogether() {
    float[] together = read().clone();
    int row = together.length / texts;
    int[] text = ids[texts - 1];
    try (DecoderSteps alone = new DecoderSteps(opened, backend, 1, tokens)) {
      if (tokens > 1) {
        alone.read(new int[][] {Arrays.copyOf(text, tokens - 1)});
      }
      float[] logits = alone.step(new int[] {text[tokens - 1]});
      if (!Arrays.equals(logits, Arrays.copyOfRange(together, row * (texts - 1), row * texts))) {
        throw new Refused("wrong result: a text's logits depend on how it is read");
      }
    }
  }

  /** Reads all prompts. */
  float[] read() {
    steps.truncate(0);
    return steps.read(ids);
  }

  /** A token more of each text, and back again. */
  float[] step() {
    float[] logits = steps.step(last);
    steps.truncate(tokens);
    return logits;
  }

  /**
   * Sets what is timed.
   *
   * @param each tokens of each text that a call computes
   */
  void timed(Device device, int each) {
    double flops = texts * Products.flops(steps.plan(), each, each);
    double bytes = opened.network().bytes();
    double computed = (double) texts * each;
    Rates.timed(seconds ->
        List.of(
            new Rate(computed / seconds, Unit.TOKENS, null, 0),
            new Rate(flops / seconds, Unit.FLOPS, null, 0),
            new Rate(bytes / seconds, Unit.BYTES, null, 0),
            device.rate(flops, bytes, seconds)));
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    steps.close();
    backend.close();
    opened.close();
  }
}
