package dev.heddle.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.heddle.tensor.HostTensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A wrong result is not timed. */
class SubjectsTest {
  @TestFactory
  Stream<DynamicTest> theReferencesResultIsRightAndOneThatIsOffIsWrong() {
    return Subjects.small().stream()
        .map(subject -> DynamicTest.dynamicTest(subject.toString(), () -> rightAndWrong(subject)));
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
}
