package dev.heddle.reference;

import dev.heddle.op.Sample;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;

/** {@link Sample}: by sorting, in float64. */
final class ReferenceSample {
  private ReferenceSample() {}

  static List<HostTensor> run(Call call) {
    double[] logits = call.doubles(Sample.LOGITS);
    HostTensor ids = call.result(Sample.IDS);
    int rows = Math.toIntExact(call.shape(Sample.LOGITS).dim(0));
    int vocabulary = Math.toIntExact(call.shape(Sample.LOGITS).dim(1));
    HostTensor chances = call.wants(Sample.LOG_PROBABILITIES) ? call.result(1) : null;
    for (int r = 0; r < rows; r++) {
      double[] row = new double[vocabulary];
      System.arraycopy(logits, r * vocabulary, row, 0, vocabulary);
      int id =
          choose(
              row,
              call.in(Sample.TEMPERATURE).getDouble(r),
              call.in(Sample.TOP_K).getLong(r),
              call.in(Sample.TOP_P).getDouble(r),
              call.in(Sample.UNIFORM).getDouble(r));
      ids.setLong(r, id);
      if (chances != null) {
        chances.setDouble(r, id < 0 ? Double.NaN : logProbability(row, id));
      }
    }
    return chances == null ? List.of(ids) : List.of(ids, chances);
  }

  private static int choose(double[] row, double temperature, long topK, double topP, double u) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double logit : row) {
      if (Double.isNaN(logit)) {
        return -1;
      }
      largest = Math.max(largest, logit);
    }
    if (!Double.isFinite(largest)) {
      return -1;
    }
    int[] order = largestFirst(row);
    if (!(temperature > 0)) {
      return order[0];
    }
    double least = topK >= 1 && topK < row.length ? row[order[(int) topK - 1]] : -1 / 0.0;
    double[] mass = new double[row.length];
    double left = 0;
    for (int id : order) {
      mass[id] = row[id] < least ? 0 : Math.exp((row[id] - largest) / temperature);
      left += mass[id];
    }
    if (topP < 1) {
      double before = 0;
      double kept = 0;
      for (int id : order) {
        boolean stays = id == order[0] || before < topP * left;
        before += mass[id];
        mass[id] = stays ? mass[id] : 0;
        kept += mass[id];
      }
      left = kept;
    }
    double sum = 0;
    int last = order[0];
    for (int id = 0; id < row.length && !(sum > u * left); id++) {
      if (mass[id] > 0) {
        sum += mass[id];
        last = id;
      }
    }
    return last;
  }

  /** The ids by logit, of equal ones the lower first; both zeros are alike. */
  private static int[] largestFirst(double[] row) {
    long[] keys = new long[row.length];
    for (int id = 0; id < row.length; id++) {
      int bits = Float.floatToIntBits((float) row[id] + 0f);
      int ascending = bits ^ (bits >> 31) >>> 1;
      keys[id] = (long) ~ascending << Integer.SIZE | id;
    }
    Arrays.sort(keys);
    return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
  }

  private static double logProbability(double[] row, int id) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double logit : row) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (double logit : row) {
      sum += Math.exp(logit - largest);
    }
    return row[id] - largest - Math.log(sum);
  }
}
