package dev.heddle.reference;

import dev.heddle.op.ExpertMatMul;
import dev.heddle.tensor.HostTensor;

/** {@link ExpertMatMul}. */
final class ReferenceExpertMatMul {
  private ReferenceExpertMatMul() {}

  static HostTensor run(Call call) {
    double[] x = call.doubles(ExpertMatMul.X);
    HostTensor chosen = call.in(ExpertMatMul.EXPERTS);
    int experts = call.inputs().size() - ExpertMatMul.WEIGHTS;
    int k = Math.toIntExact(call.shape(ExpertMatMul.X).dim(-1));
    int n = Math.toIntExact(call.shape(ExpertMatMul.WEIGHTS).dim(0));
    double[][] weights = new double[experts][];
    int pairs = Math.toIntExact(chosen.shape().elements());
    int share = x.length == 0 || k == 0 ? 1 : Math.max(1, pairs / (x.length / k));
    double[] y = new double[pairs * n];
    for (int pair = 0; pair < pairs; pair++) {
      int expert = (int) call.index(chosen.getLong(pair), experts);
      if (weights[expert] == null) {
        weights[expert] = call.doubles(ExpertMatMul.WEIGHTS + expert);
      }
      for (int column = 0; column < n; column++) {
        double sum = 0;
        for (int i = 0; i < k; i++) {
          sum += x[pair / share * k + i] * weights[expert][column * k + i];
        }
        y[pair * n + column] = sum;
      }
    }
    return call.result(0, y);
  }
}
