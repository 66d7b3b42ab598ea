package dev.heddle.reference;

import dev.heddle.op.Cast;
import dev.heddle.tensor.HostTensor;

/** {@link Cast}. */
final class ReferenceCast {
  private ReferenceCast() {}

  static HostTensor run(Call call) {
    HostTensor x = call.in(0);
    HostTensor y = call.result(0);
    for (long i = 0; i < x.shape().elements(); i++) {
      if (x.dtype().isFloat() || x.dtype().isQuantized()) {
        y.setDouble(i, x.getDouble(i));
      } else {
        y.setLong(i, x.getLong(i));
      }
    }
    return y;
  }
}
