package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OperationBenchmarkTest {
  private static final double SECONDS = 0.05;

  private static final Roofline ROOFLINE =
      new Roofline(
          List.of(
              new Ceiling(null, Roofline.FMA, 2, 100e9, Unit.FLOPS),
              new Ceiling(null, Roofline.COPY, 2, 20e9, Unit.BYTES),
              new Ceiling(null, Roofline.STREAM, 2, 10e9, Unit.BYTES),
              new Ceiling("gpu", Roofline.FMA, 2, 50e12, Unit.FLOPS),
              new Ceiling("gpu", Roofline.COPY, 2, 4e12, Unit.BYTES)));

  private static Subject small(String group) {
    return Subjects.small().stream()
        .filter(subject -> subject.group().equals(group))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aWrongKernelIsCaughtBeforeItIsTimedAndWhoeverIsNotThereSaysSo() {
    Settings cpu = new Settings(1, "cpu", null, "f32");
    List<Entrant> entrants =
        List.of(
            Entrant.heddle(cpu),
            Entrant.heddle(new Settings(1, WrongBackendProvider.NAME, null, "f32")),
            new Entrant("none", cpu));
    List<Line> lines = new ArrayList<>();
    try (OperationBenchmark benchmark = new OperationBenchmark(entrants, ROOFLINE, message -> {})) {
      lines.addAll(benchmark.run(small("matmul"), SECONDS));
      lines.addAll(benchmark.run(Subjects.named("matmul 3x64 by weights 64x72 q8_0"), SECONDS));
    }
    for (int i = 0; i < lines.size(); i += entrants.size()) {
      Line right = lines.get(i);
      assertEquals("cpu", right.by().backend());
      assertNull(right.reason());
      assertTrue(right.times().min() > 0 && right.times().min() <= right.times().median());
      assertTrue(right.times().allocated() >= 0);
      assertNotNull(right.kernel());
      Line wrong = lines.get(i + 1);
      assertTrue(wrong.wrong() && wrong.times() == null);
      assertTrue(wrong.reason().startsWith("wrong result: element 0 of "), wrong.reason());
      Line none = lines.get(i + 2);
      assertFalse(none.wrong());
      assertEquals("no system is called none", none.reason());
    }
    assertEquals(
        new Contender("heddle", Systems.version(), "cpu", "q8_0", null, 1),
        lines.get(entrants.size()).by());
  }

  @Test
  void theRateIsOfWhatBoundsTheOperation() {
    MatMulSubject square = MatMulSubject.of(DType.F32, 1, 1000, 1000, 1000);
    assertEquals(new Rate(50e9, Unit.FLOPS, Roofline.FMA, 0.5), ROOFLINE.rate(square, "cpu", 0.04));
    MatMulSubject vector = MatMulSubject.linear(DType.F32, 1, 1000, 1000);
    double bytes = 4 * (1000 * 1000 + 2 * 1000);
    assertEquals(
        new Rate(bytes / 1e-3, Unit.BYTES, Roofline.STREAM, bytes / 10e9 / 1e-3),
        ROOFLINE.rate(vector, null, 1e-3));
    RowsSubject rows = new RowsSubject(RowsSubject.Kind.SOFTMAX, DType.F32, 1000, 1000);
    assertEquals(new Rate(8e9, Unit.BYTES, Roofline.COPY, 0.4), ROOFLINE.rate(rows, "cpu", 1e-3));
    assertEquals(new Rate(8e12, Unit.BYTES, Roofline.COPY, 2), ROOFLINE.rate(rows, "gpu", 1e-6));
  }

  @Test
  void arithmeticWithoutACeilingHasNoShare() {
    MatMulSubject square = MatMulSubject.of(DType.BF16, 1, 1000, 1000, 1000);
    assertEquals(new Rate(2e12, Unit.FLOPS, null, 0), ROOFLINE.rate(square, "gpu", 1e-3));
    MatMulSubject integers =
        MatMulSubject.linear(DType.F32, 256, 1024, 1024).with(DType.Q8_0, Activations.INT8);
    assertNull(ROOFLINE.rate(integers, "cpu", 1e-3).ceiling());
  }

  @Test
  void ceilingsAreWhatTheLoopsReach() {
    List<Ceiling> all = Roofline.cpu(1).all();
    assertEquals(
        Stream.of(Roofline.FMA, Roofline.COPY, Roofline.STREAM).toList(),
        all.stream().map(Ceiling::name).toList());
    all.forEach(ceiling -> assertTrue(ceiling.perSecond() > 1e8, ceiling.toString()));
  }
}
