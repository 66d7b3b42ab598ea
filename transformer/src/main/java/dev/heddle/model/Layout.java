package dev.heddle.model;

import dev.heddle.weights.Gguf;
import dev.heddle.weights.WeightFileException;

/**
 * In what a file's tensors differ from those that transformers writes.
 *
 * @param neighbours whether LLaMA's rotation turns neighbours, elements 2i and 2i + 1 of a head, as
 *     Meta's own code does: transformers has queries' and keys' rows in another order, elements
 *     half a head apart
 * @param ggml whether they are as llama.cpp's converter leaves them: Gemma's norms have their 1
 *     added; queries, keys and values of a joint matrix stand one after another, not head by head
 * @param ropeDivisors what the frequencies of the rotation are divided by, pair by pair; null for
 *     nothing
 */
record Layout(boolean neighbours, boolean ggml, float[] ropeDivisors) {
  /** As transformers writes checkpoints. */
  static final Layout TRANSFORMERS = new Layout(false, false, null);

  /** As llama2.c writes them. */
  static final Layout LLAMA2C = new Layout(true, false, null);

  private static final String ROPE_DIVISORS = "rope_freqs.weight";

  /** As llama.cpp's converter writes them. */
  static Layout of(Gguf gguf, String architecture) {
    float[] divisors = null;
    if (gguf.has(ROPE_DIVISORS)) {
      divisors = gguf.tensor(ROPE_DIVISORS).toFloats();
      for (float divisor : divisors) {
        if (!(divisor > 0 && divisor < Float.POSITIVE_INFINITY)) {
          throw WeightFileException.of(
              gguf.info(ROPE_DIVISORS).file(),
              "tensor \"" + ROPE_DIVISORS + "\"",
              "holds %s; expected numbers above 0".formatted(divisor));
        }
      }
    }
    return new Layout(architecture.equals("llama"), true, divisors);
  }

  /** What is added to the weights of Gemma's norms. */
  double normOffset() {
    return ggml ? 0 : 1;
  }
}
