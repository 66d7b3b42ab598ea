package dev.heddle.cli;

import org.junit.jupiter.api.Test;

class TuneVerbTest {
  private static final String MODEL = TestData.model("bert");

  @Test
  void aBackendWithNothingToTuneIsRefusedWithOneThatHas() {
    Heddle.refuses(
        new String[] {"tune", "--backend=reference", "--model", MODEL},
        "reference:0",
        "has no kernels to tune",
        "--backend opencl");
  }

  @Test
  void noRowsAreRefused() {
    Heddle.refuses(
        new String[] {"tune", "--backend=reference", "--model", MODEL, "--rows=0"},
        "--rows 0",
        "1 or more");
  }
}
