package dev.heddle.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepsTest {
  @Test
  void fewNumbersOfRowsServeAllAndAddAQuarterAtMost() {
    assertEquals(20, IntStream.rangeClosed(1, 64).map(Steps::rows).distinct().count());
    for (int rows = 0; rows <= 5000; rows++) {
      int filled = Steps.rows(rows);
      assertTrue(filled >= rows && 4 * filled <= 5 * rows + 4, rows + " rows: " + filled);
      assertEquals(filled, Steps.rows(filled));
    }
  }
}
