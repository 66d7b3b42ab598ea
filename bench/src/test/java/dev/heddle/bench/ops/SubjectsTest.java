package dev.heddle.bench.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.Settings;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A wrong result is not timed. */
class SubjectsTest {
  private static final MatMulSubject ROUNDED =
      MatMulSubject.linear(DType.F32, 3, 72, 64).with(DType.Q4_0, Activations.INT8);

  @TestFactory
  Stream<DynamicTest> theReferencesResultIsRightAndOneThatIsOffIsWrong() {
    return Subjects.small().stream()
        .map(subject -> DynamicTest.dynamicTest(subject.name(), () -> rightAndWrong(subject)));
  }

  private static void rightAndWrong(Subject subject) {
    try (RandomData data = new RandomData()) {
      List<HostTensor> operands = subject.operands(data);
      HostTensor result = subject.reference(operands);
      assertNull(subject.wrong(operands, result));
      long last = result.shape().elements() - 1;
      HostTensor shifted = HostTensor.heap(result.dtype(), result.shape());
      for (long i = 0; i <= last; i++) {
        shifted.setDouble(i, result.getDouble(i == last ? 0 : i + 1));
      }
      assertNotNull(subject.wrong(operands, shifted), "every element stands one place off");
      for (long i = 0; i <= last; i++) {
        shifted.setDouble(i, Double.NaN);
      }
      assertNotNull(subject.wrong(operands, shifted), "no element is a number");
    }
  }

  @Test
  void theCpuComputesAllOfThemRight() {
    try (RandomData data = new RandomData();
        OperationSystem cpu = new HeddleOperations(new Settings(2, "cpu", null, "f32"))) {
      Stream.concat(Subjects.small().stream(), Stream.of(ROUNDED))
          .forEach(subject -> {
            List<HostTensor> operands = subject.operands(data);
            try (Operation operation = cpu.prepare(subject, operands);
                HostTensor result = operation.result()) {
              assertNull(subject.wrong(operands, result), subject.name());
            }
            operands.stream().filter(Objects::nonNull).forEach(HostTensor::close);
          });
    }
  }

  @Test
  void eachHasANameOfItsOwnAndIsFoundByIt() {
    for (List<Subject> list : List.of(Subjects.cpu(), Subjects.gpu(), Subjects.small())) {
      for (Subject subject : list) {
        assertEquals(subject, Subjects.named(subject.name()));
      }
    }
  }

  @Test
  void dataAreTheSameInEverySystem() {
    try (RandomData one = new RandomData();
        RandomData other = new RandomData()) {
      one.normal(DType.F32, 10).close();
      one.restart();
      try (HostTensor a = one.normal(DType.Q8_0, 2, 64);
          HostTensor b = other.normal(DType.Q8_0, 2, 64)) {
        assertEquals(-1, a.memory().mismatch(b.memory()));
      }
    }
  }
}
