package dev.heddle.model;

import dev.heddle.backend.Inputs;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;

/**
 * The inputs {@value DecoderGraph#ROPE_COS} and {@value DecoderGraph#ROPE_SIN} of a {@link Rope}
 * whose angles depend on the sequences' lengths: {@code [tokens, dim / 2]}. Batches of as many
 * tokens as the last one had allocate nothing.
 */
public final class RopeAngles {
  private final Rope rope;
  private final float[] frequencies;
  private HostTensor cos;
  private HostTensor sin;

  public RopeAngles(Rope rope) {
    this.rope = rope;
    this.frequencies = new float[rope.dim() / 2];
  }

  /**
   * Gives {@code inputs} the angles of the first {@code count} tokens: token i is at {@code
   * positions[i]} of a sequence of {@code lengths[i]} tokens.
   */
  public void put(Inputs inputs, int[] positions, int[] lengths, int count) {
    if (cos == null || cos.shape().dim(0) != count) {
      cos = HostTensor.heap(DType.F32, Shape.of(count, frequencies.length));
      sin = HostTensor.heap(DType.F32, Shape.of(count, frequencies.length));
    }
    int known = -1;
    for (int token = 0; token < count; token++) {
      if (lengths[token] != known) {
        known = lengths[token];
        rope.frequencies(known, frequencies);
      }
      row(token, positions[token]);
    }
    inputs.put(DecoderGraph.ROPE_COS, cos).put(DecoderGraph.ROPE_SIN, sin);
  }

  private void row(int token, int position) {
    for (int i = 0; i < frequencies.length; i++) {
      float angle = position * frequencies[i];
      long at = (long) token * frequencies.length + i;
      cos.setDouble(at, Math.cos(angle) * rope.magnitude());
      sin.setDouble(at, Math.sin(angle) * rope.magnitude());
    }
  }
}
