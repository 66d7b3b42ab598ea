package dev.heddle.cli;

/** Colours from white, for 0, by blue to nearly black, for the greatest: dark enough to print. */
final class ColourScale {
  private static final int[][] STOPS = {
    {255, 255, 255}, {198, 219, 241}, {107, 163, 217}, {33, 99, 172}, {8, 32, 84}
  };

  private ColourScale() {}

  /** The colour of {@code share}, 0 to 1, as {@code 0xRRGGBB}. */
  static int rgb(double share) {
    double at = Math.clamp(share, 0.0, 1.0) * (STOPS.length - 1);
    int stop = Math.min((int) at, STOPS.length - 2);
    int rgb = 0;
    for (int i = 0; i < 3; i++) {
      double value = STOPS[stop][i] + (at - stop) * (STOPS[stop + 1][i] - STOPS[stop][i]);
      rgb = rgb << 8 | (int) Math.round(value);
    }
    return rgb;
  }
}
