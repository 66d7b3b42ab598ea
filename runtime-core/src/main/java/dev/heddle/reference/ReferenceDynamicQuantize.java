package dev.heddle.reference;

import dev.heddle.op.DynamicQuantize;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** {@link DynamicQuantize}, in float32 as the operation says: in float64 codes would differ. */
final class ReferenceDynamicQuantize {
  private ReferenceDynamicQuantize() {}

  static List<HostTensor> run(Call call, DynamicQuantize op) {
    float[] x = call.in(DynamicQuantize.X).toFloats();
    List<HostTensor> results = new ArrayList<>();
    for (int i = 0; i < call.results().size(); i++) {
      results.add(call.result(i));
    }
    int[] starts = starts(call, op);
    for (int group = 0; group + 1 < starts.length; group++) {
      int first = starts[group];
      int last = starts[group + 1];
      float low = 0;
      float high = 0;
      for (int i = first; i < last; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
      }
      float range = (high - low) / DynamicQuantize.LEVELS;
      float scale = range == 0 ? 1 : range;
      float zero = (float) Math.rint(Math.min(0 - low / scale, DynamicQuantize.LEVELS));
      for (int i = first; i < last; i++) {
        float level = (float) Math.rint(x[i] / scale) + zero;
        float code = Math.clamp(level, 0f, DynamicQuantize.LEVELS) - zero;
        results.getFirst().setDouble(i, op.dequantized() ? code * scale : code);
      }
      if (call.wants(DynamicQuantize.SCALE)) {
        results.get(DynamicQuantize.SCALE).setDouble(group, scale);
      }
      if (call.wants(DynamicQuantize.ZERO_POINT)) {
        results.get(DynamicQuantize.ZERO_POINT).setDouble(group, zero);
      }
    }
    return results;
  }

  /** Where each group begins, in elements, and the end of the last. */
  private static int[] starts(Call call, DynamicQuantize op) {
    Shape shape = call.shape(DynamicQuantize.X);
    int size = 1;
    for (int axis = op.axis(); axis < shape.rank(); axis++) {
      size *= Math.toIntExact(shape.dim(axis));
    }
    if (call.has(DynamicQuantize.CU_SEQ_LENS)) {
      int item = Math.toIntExact(size / Math.max(1, shape.dim(0)));
      int[] tokens = CuSeqLens.of(call, DynamicQuantize.CU_SEQ_LENS, shape.dim(0));
      return Arrays.stream(tokens).map(token -> token * item).toArray();
    }
    int groups = 1;
    for (int axis = 0; axis < op.axis(); axis++) {
      groups *= Math.toIntExact(shape.dim(axis));
    }
    int[] starts = new int[groups + 1];
    for (int i = 0; i <= groups; i++) {
      starts[i] = i * size;
    }
    return starts;
  }
}
