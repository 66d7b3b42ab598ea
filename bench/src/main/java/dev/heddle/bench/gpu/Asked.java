package dev.heddle.bench.gpu;

/**
 * What is asked of a speed.
 *
 * @param ofPeer of PyTorch's speed in the same run, 1 being the same; 0 where nothing is asked
 * @param ofCeiling of the ceiling measured in the same run; 0 where nothing is asked
 */
record Asked(double ofPeer, double ofCeiling) {
  static final Asked NOTHING = new Asked(0, 0);

  static Asked ofPeer(double share) {
    return new Asked(share, 0);
  }

  static Asked ofCeiling(double share) {
    return new Asked(0, share);
  }
}
