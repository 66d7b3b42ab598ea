package dev.heddle.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class HostTensorTest {

  @Test
  void shapesRefuseWhatIsNone() {
    assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1));
    var e = assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 32, 1L << 32));
    assertTrue(e.getMessage().contains("4294967296"), e.getMessage());
    assertArrayEquals(new long[] {15, 5, 1}, Shape.of(2, 3, 5).strides());
    assertEquals(0, Shape.of(1L << 40, 0, 7).elements());
    assertEquals(1, Shape.of().elements());
    assertEquals(5, Shape.of(2, 3, 5).dim(-1));
  }

  @Test
  void memoryMustBeAsLargeAsItsElements() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> HostTensor.wrap(DType.I64, Shape.of(3), MemorySegment.ofArray(new byte[23])));
    assertTrue(e.getMessage().contains("24 bytes"), e.getMessage());
    assertTrue(e.getMessage().contains("23"), e.getMessage());
  }

  @Test
  void aClosedTensorIsNotRead() {
    HostTensor tensor = HostTensor.allocate(DType.F32, Shape.of(2));
    assertEquals(0, tensor.memory().address() % HostTensor.ALIGNMENT);
    tensor.close();
    tensor.close();
    assertThrows(IllegalStateException.class, () -> tensor.getDouble(0));
  }

  @Test
  @SuppressWarnings("restricted")
  void aVectorThatBeginsInNativeMemoryOfATensorMayBeReadWhole() {
    long bytes = 1000 * Float.BYTES;
    try (Arena used = Arena.ofConfined()) {
      for (int i = 0; i < 100; i++) {
        used.allocate(bytes, HostTensor.ALIGNMENT).fill((byte) -1);
      }
    }
    // Of memory that was used before, what an allocation holds is zero, and nothing else.
    for (int i = 0; i < 100; i++) {
      try (HostTensor tensor = HostTensor.allocate(DType.F32, Shape.of(1000))) {
        MemorySegment behind = tensor.memory().reinterpret(bytes + 64).asSlice(bytes);
        assertArrayEquals(new byte[64], behind.toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  @Test
  void aViewSharesItsElements() {
    HostTensor tensor = HostTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    HostTensor view = tensor.reshape(3, 2);
    tensor.setDouble(5, 9);
    assertEquals(9, view.getDouble(5));
    assertThrows(IllegalArgumentException.class, () -> tensor.reshape(4));
  }

  @Test
  void conversionsDoNotLoseIntegersInSilence() {
    HostTensor tensor = HostTensor.of(new long[] {1L << 40}, 1);
    assertThrows(ArithmeticException.class, tensor::toInts);
    assertArrayEquals(new float[] {0x1p40f}, tensor.toFloats());
  }
}
